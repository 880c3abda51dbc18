import com.fasterxml.jackson.databind.BeanDescription;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.introspect.BeanPropertyDefinition;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.pinot.common.function.FunctionRegistry;
import org.apache.pinot.segment.local.aggregator.ValueAggregatorFactory;
import org.apache.pinot.segment.spi.AggregationFunctionType;
import org.apache.pinot.segment.spi.index.IndexService;
import org.apache.pinot.segment.spi.index.IndexType;
import org.apache.pinot.spi.config.table.TableConfig;
import org.apache.pinot.spi.config.user.UserConfig;
import org.apache.pinot.spi.data.LogicalTableConfig;
import org.apache.pinot.spi.data.Schema;

/**
 * Prints what a version of Pinot understands, as JSON, read off Pinot's own classes: every key of a table, schema, logical table and
 * user configuration with its type and the value the server adds when it is left out, index names, star-tree functions and scalar
 * functions with their numbers of arguments. {@code pinot-<version>.json} beside this file is its output; a test compares the two.
 *
 * <p>Run: {@code java -cp <class path with pinot-core> Vocabulary.java <version>}
 */
public final class Vocabulary {
  private static final int MOST_ARGUMENTS = 12;
  private static final Pattern MISSING = Pattern.compile("Missing required creator property '([^']+)'");
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final Map<String, Map<String, Object>> TYPES = new TreeMap<>();

  private Vocabulary() {
  }

  public static void main(String[] arguments) throws Exception {
    for (Class<?> root : List.of(TableConfig.class, Schema.class, LogicalTableConfig.class, UserConfig.class)) {
      describe(MAPPER.constructType(root));
    }
    Map<String, Object> vocabulary = new TreeMap<>();
    vocabulary.put("pinot", arguments[0]);
    vocabulary.put("indexes", indexes());
    vocabulary.put("types", TYPES);
    vocabulary.put("starTreeFunctions", starTreeFunctions());
    vocabulary.put("aggregationFunctions",
        new TreeSet<>(Arrays.stream(AggregationFunctionType.values()).map(Enum::name).toList()));
    vocabulary.put("scalarFunctions", scalarFunctions());
    StringBuilder text = new StringBuilder("{\n");
    for (Iterator<Map.Entry<String, Object>> entries = vocabulary.entrySet().iterator(); entries.hasNext(); ) {
      Map.Entry<String, Object> entry = entries.next();
      text.append(MAPPER.writeValueAsString(entry.getKey())).append(": ");
      if (entry.getValue() instanceof Map<?, ?> map) {
        text.append("{\n");
        for (Iterator<? extends Map.Entry<?, ?>> lines = map.entrySet().iterator(); lines.hasNext(); ) {
          Map.Entry<?, ?> line = lines.next();
          text.append(MAPPER.writeValueAsString(line.getKey())).append(": ").append(MAPPER.writeValueAsString(line.getValue()))
              .append(lines.hasNext() ? ",\n" : "\n");
        }
        text.append("}");
      } else {
        text.append(MAPPER.writeValueAsString(entry.getValue()));
      }
      text.append(entries.hasNext() ? ",\n" : "\n");
    }
    System.out.println(text.append("}"));
    System.exit(0);
  }

  /** Returns how a type is written in the vocabulary: a scalar's name, {@code [element]}, {@code {value}}, or a described type. */
  private static String describe(JavaType type) {
    if (type.isCollectionLikeType() || type.isArrayType()) {
      return "[" + describe(type.getContentType()) + "]";
    }
    if (type.isMapLikeType()) {
      return "{" + describe(type.getContentType()) + "}";
    }
    Class<?> raw = type.getRawClass();
    if (raw.isEnum()) {
      return "enum:" + String.join("|", Arrays.stream(raw.getEnumConstants()).map(value -> ((Enum<?>) value).name()).toList());
    }
    if (JsonNode.class.isAssignableFrom(raw) || raw == Object.class) {
      return "json";
    }
    if (raw.isPrimitive() || raw.getName().startsWith("java.")) {
      return raw.getSimpleName().toLowerCase();
    }
    String name = raw.getSimpleName();
    if (TYPES.containsKey(name)) {
      return name;
    }
    Map<String, Object> properties = new TreeMap<>();
    TYPES.put(name, properties);
    BeanDescription description = MAPPER.getDeserializationConfig().introspect(type);
    Optional<ObjectNode> defaults = defaults(raw);
    for (BeanPropertyDefinition property : description.findProperties()) {
      JavaType propertyType;
      if (property.getConstructorParameter() != null) {
        propertyType = property.getConstructorParameter().getType();
      } else if (property.getSetter() != null) {
        propertyType = property.getSetter().getParameterType(0);
      } else if (property.getField() != null) {
        propertyType = property.getField().getType();
      } else {
        continue;
      }
      List<Object> entry = new ArrayList<>();
      entry.add(describe(propertyType));
      if (defaults.isPresent() && defaults.get().hasNonNull(property.getName())) {
        entry.add(defaults.get().get(property.getName()));
      } else if (defaults.isEmpty() && property.getConstructorParameter() != null && propertyType.isPrimitive()) {
        // A constructor that refuses what was tried gets Java's own default for a primitive that is left out.
        entry.add(propertyType.hasRawClass(boolean.class) ? (Object) false : (Object) 0);
      }
      properties.put(property.getName(), entry);
    }
    if (properties.isEmpty()) {
      // Read from something else than an object with keys, as H3's resolutions are from a list.
      TYPES.remove(name);
      return "json";
    }
    return name;
  }

  /** Returns the JSON of an object of which only the required keys were given, without those keys; nothing when that is refused. */
  private static Optional<ObjectNode> defaults(Class<?> type) {
    ObjectNode given = MAPPER.createObjectNode();
    for (int attempt = 0; attempt < MOST_ARGUMENTS; attempt++) {
      try {
        JsonNode shown = MAPPER.valueToTree(MAPPER.readValue(given.toString(), type));
        ObjectNode defaults = shown.isObject() ? (ObjectNode) shown : MAPPER.createObjectNode();
        given.fieldNames().forEachRemaining(defaults::remove);
        return Optional.of(defaults);
      } catch (Exception e) {
        Matcher missing = MISSING.matcher(String.valueOf(e.getMessage()));
        if (!missing.find()) {
          return Optional.empty();
        }
        given.set(missing.group(1), sample(type, missing.group(1)));
      }
    }
    return Optional.empty();
  }

  private static JsonNode sample(Class<?> type, String property) {
    BeanDescription description = MAPPER.getDeserializationConfig().introspect(MAPPER.constructType(type));
    for (BeanPropertyDefinition definition : description.findProperties()) {
      if (definition.getName().equals(property) && definition.getConstructorParameter() != null) {
        JavaType propertyType = definition.getConstructorParameter().getType();
        if (propertyType.isCollectionLikeType()) {
          return MAPPER.createArrayNode();
        }
        if (propertyType.isMapLikeType() || propertyType.getRawClass().getName().startsWith("org.apache.pinot") && !propertyType.isEnumType()) {
          return MAPPER.createObjectNode();
        }
        if (propertyType.isEnumType()) {
          return MAPPER.getNodeFactory().textNode(propertyType.getRawClass().getEnumConstants()[0].toString());
        }
        if (propertyType.isPrimitive()) {
          return MAPPER.getNodeFactory().numberNode(1);
        }
      }
    }
    return MAPPER.getNodeFactory().textNode(property.equals("tableType") ? "OFFLINE" : "x");
  }

  private static Map<String, Object> indexes() {
    Map<String, Object> indexes = new TreeMap<>();
    for (IndexType<?, ?, ?> type : IndexService.getInstance().getAllIndexes()) {
      if (!type.getPrettyName().equals("null")) {
        indexes.put(type.getPrettyName(), describe(MAPPER.constructType(type.getIndexConfigClass())));
      }
    }
    return indexes;
  }

  private static List<String> starTreeFunctions() {
    TreeSet<String> functions = new TreeSet<>();
    for (AggregationFunctionType type : AggregationFunctionType.values()) {
      try {
        ValueAggregatorFactory.getAggregatedValueType(type);
        functions.add(type.name());
      } catch (RuntimeException notSupported) {
        // No value aggregator: a pair with this function is skipped without a word, which is what the check is for.
      }
    }
    return new ArrayList<>(functions);
  }

  /** Returns canonical name -> accepted numbers of arguments, -1 standing for any. */
  private static Map<String, Object> scalarFunctions() {
    FunctionRegistry.init();
    Map<String, Object> functions = new TreeMap<>();
    for (String name : new TreeSet<>(FunctionRegistry.getFunctions().keySet())) {
      List<Integer> counts = new ArrayList<>();
      boolean all = true;
      for (int count = 0; count <= MOST_ARGUMENTS; count++) {
        if (FunctionRegistry.lookupFunctionInfo(name, count) != null) {
          counts.add(count);
        } else {
          all = all && count == 0;
        }
      }
      functions.put(name, all || counts.contains(MOST_ARGUMENTS) ? List.of(-1) : counts);
    }
    return functions;
  }
}
