package com.paymentic.pinot.engine.control;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** The REST calls that a Pinot 1.5.1 controller or broker has, so that those left out here are told from mistakes. */
record PinotCalls(List<PinotCalls.Call> calls) {
  record Call(String method, String path) { }

  /** @param role {@code controller} or {@code broker} */
  static PinotCalls of(String role) {
    String resource = "pinot-" + role + "-calls.txt";
    try (InputStream in = PinotCalls.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IllegalStateException("the engine's jar lacks " + resource);
      }
      return new PinotCalls(new String(in.readAllBytes(), StandardCharsets.UTF_8).lines()
          .filter(line -> !line.isBlank() && !line.startsWith("#")).map(PinotCalls::call).toList());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Call call(String line) {
    int space = line.indexOf(' ');
    return new Call(line.substring(0, space), line.substring(space + 1));
  }
}
