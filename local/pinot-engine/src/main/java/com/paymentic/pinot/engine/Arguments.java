package com.paymentic.pinot.engine;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A command line of {@code --name value} pairs and {@code --flag}s. */
final class Arguments {
  private final Map<String, List<String>> _values;
  private final Set<String> _flags;
  private final String _usage;

  private Arguments(Map<String, List<String>> values, Set<String> flags, String usage) {
    _values = values;
    _flags = flags;
    _usage = usage;
  }

  /**
   * @param known names that take a value; a flag is written with a trailing {@code !}
   * @throws IllegalArgumentException for a name that is not known, or one without its value
   */
  static Arguments parse(List<String> arguments, String usage, String... known) {
    Set<String> names = Set.of(known);
    Map<String, List<String>> values = new LinkedHashMap<>();
    Set<String> flags = new HashSet<>();
    for (int i = 0; i < arguments.size(); i++) {
      String name = arguments.get(i);
      if (names.contains(name + "!")) {
        flags.add(name);
      } else if (!names.contains(name)) {
        throw new IllegalArgumentException("unknown argument \"" + name + "\"; usage: " + usage);
      } else if (i + 1 == arguments.size()) {
        throw new IllegalArgumentException(name + " is given without a value; usage: " + usage);
      } else {
        values.computeIfAbsent(name, n -> new ArrayList<>()).add(arguments.get(++i));
      }
    }
    return new Arguments(values, flags, usage);
  }

  List<String> all(String name) {
    return _values.getOrDefault(name, List.of());
  }

  Optional<String> last(String name) {
    List<String> given = all(name);
    return given.isEmpty() ? Optional.empty() : Optional.of(given.get(given.size() - 1));
  }

  boolean flag(String name) {
    return _flags.contains(name);
  }

  String required(String name) {
    return last(name).orElseThrow(() -> new IllegalArgumentException(name + " is missing; usage: " + _usage));
  }
}
