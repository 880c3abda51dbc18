package com.paymentic.pinot.engine.control;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.paymentic.pinot.engine.EngineException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.commons.lang3.tuple.Pair;
import org.apache.pinot.spi.config.table.TableConfig;
import org.apache.pinot.spi.config.table.TableType;
import org.apache.pinot.spi.config.user.AccessType;
import org.apache.pinot.spi.data.Schema;
import org.apache.pinot.spi.utils.JsonUtils;
import org.apache.pinot.spi.utils.TimeUtils;
import org.apache.pinot.spi.utils.builder.TableNameBuilder;

/** /tables: a table's configuration from creation to deletion. */
final class TablesResource {
  private static final String SKIP = "validationTypesToSkip";

  private final ClusterState _state;
  private final AccessControl _access;
  private final TableRules _rules;
  private final TableLifecycle _lifecycle;
  private final KafkaTopics _topics;

  TablesResource(ClusterState state, AccessControl access, TableRules rules, TableLifecycle lifecycle,
      KafkaTopics topics) {
    _state = state;
    _access = access;
    _rules = rules;
    _lifecycle = lifecycle;
    _topics = topics;
  }

  void register(Routes routes) {
    routes.add(AccessType.READ, "GET", "/tables", this::list)
        .addChecking("POST", "/tables", this::add)
        .addChecking("POST", "/tables/validate", this::validate)
        .add(AccessType.READ, "GET", "/tables/{tableName}", this::get)
        .add(AccessType.UPDATE, "PUT", "/tables/{tableName}", this::update)
        .add(AccessType.DELETE, "DELETE", "/tables/{tableName}", this::delete)
        .addUnsupported("POST", "/tables/{tableName}/copy", "copying a table of another cluster")
        .addUnsupported("PUT", "/tables/recommender", "the recommender of table configurations");
  }

  private Reply list(Request request) {
    Optional<TableType> type = request.tableType();
    boolean ascending = request.flag("sortAsc", true);
    Stream<TableEntry> tables = _state.tables().stream().filter(table -> type.isEmpty() || table.type() == type.get());
    // Without a type the names are raw: a hybrid table is listed once.
    Stream<String> names = type.isPresent() ? tables.map(TableEntry::name)
        : tables.map(table -> TableNames.raw(table.name())).distinct();
    List<String> sorted = new ArrayList<>(names.toList());
    sorted.sort(ascending ? Comparator.naturalOrder() : Comparator.reverseOrder());
    return Reply.json(Map.of("tables", sorted));
  }

  private Reply get(Request request) {
    String name = request.path("tableName");
    ObjectNode body = JsonUtils.newObjectNode();
    for (TableType type : List.of(TableType.OFFLINE, TableType.REALTIME)) {
      if (request.query("type").isEmpty() || type.name().equalsIgnoreCase(request.query("type").get())) {
        _state.table(name, type).ifPresent(table -> body.set(type.name(), table.config().toJsonNode()));
      }
    }
    if (body.isEmpty()) {
      String shown = name + request.query("type").map(type -> "_" + type.toUpperCase(Locale.ROOT)).orElse("");
      throw new EngineException(404, "Table " + shown + " does not exist");
    }
    return Reply.json(body);
  }

  private static Pair<TableConfig, Map<String, Object>> parse(String text)
      throws IOException {
    return JsonUtils.stringToObjectAndUnrecognizedProperties(text, TableConfig.class);
  }

  private Reply validate(Request request) {
    Pair<TableConfig, Map<String, Object>> parsed;
    try {
      parsed = parse(request.text());
    } catch (IOException | RuntimeException e) {
      // Pinot repeats the whole text here; it may hold the stream's credentials.
      throw new EngineException(400, "Invalid table config json string. Reason: " + e.getMessage(), e);
    }
    TableConfig table = parsed.getLeft();
    String name = table.getTableName();
    _access.checkTable(request, AccessType.READ, name);
    try {
      Schema schema = schemaOf(name);
      TableRules.checkAgainstSchema(table, schema, request.query(SKIP).orElse(null));
      TableRules.checkTasks(table, request.query(SKIP).orElse(null));
    } catch (RuntimeException e) {
      throw refused(e, "Invalid table config: " + name + ". ");
    }
    ObjectNode body = JsonUtils.newObjectNode();
    body.set(table.getTableType().name(), table.toJsonNode());
    body.set("unrecognizedProperties", JsonUtils.objectToJsonNode(parsed.getRight()));
    return Reply.json(body);
  }

  private Schema schemaOf(String tableNameWithType) {
    return _state.schema(TableNames.raw(tableNameWithType)).orElseThrow(
        () -> new IllegalStateException("Failed to find schema for table: " + tableNameWithType));
  }

  /** A violation becomes 400 with Pinot's words; what the engine itself refuses keeps its status. */
  static EngineException refused(RuntimeException violation, String prefix) {
    if (violation instanceof EngineException own) {
      return own;
    }
    return new EngineException(400, prefix + violation.getMessage(), violation);
  }

  private Reply add(Request request) {
    Pair<TableConfig, Map<String, Object>> parsed;
    try {
      parsed = parse(request.text());
    } catch (IOException | RuntimeException e) {
      throw new EngineException(400, e.getMessage(), e);
    }
    TableConfig table = parsed.getLeft();
    String skip = request.query(SKIP).orElse(null);
    _access.checkTable(request, AccessType.CREATE, table.getTableName());
    // Before the lock, because Kafka may take its time; and again within, because the cluster may have changed.
    checkNew(table, skip);
    int partitions = _topics.partitions(TableLifecycle.forData(table));
    _state.exclusively(() -> {
      checkNew(table, skip);
      _lifecycle.create(table);
      return null;
    });
    _lifecycle.awaitConsumption(table, partitions);
    return Reply.done("Table " + table.getTableName() + " successfully added", parsed.getRight());
  }

  private void checkNew(TableConfig table, String skip) {
    _lifecycle.checkIsNew(table.getTableName());
    try {
      _rules.check(table, schemaOf(table.getTableName()), skip);
    } catch (RuntimeException e) {
      throw refused(e, "");
    }
  }

  private Reply update(Request request) {
    String name = request.path("tableName");
    String invalid = "Invalid table config: " + name + " with error: ";
    Pair<TableConfig, Map<String, Object>> parsed;
    try {
      parsed = parse(request.text());
    } catch (IOException | RuntimeException e) {
      throw new EngineException(400, invalid + e.getMessage(), e);
    }
    TableConfig table = parsed.getLeft();
    return _state.exclusively(() -> {
      try {
        String expected = TableNameBuilder.forType(table.getTableType()).tableNameWithType(name);
        if (!expected.equals(table.getTableName())) {
          throw new IllegalStateException(
              "Request table " + expected + " does not match table name in the body " + table.getTableName());
        }
        _rules.check(table, schemaOf(table.getTableName()), request.query(SKIP).orElse(null));
      } catch (RuntimeException e) {
        throw refused(e, invalid);
      }
      TableEntry existing = _state.table(table.getTableName()).orElseThrow(
          () -> new EngineException(404, "Table " + table.getTableName() + " does not exist"));
      if (!request.flag("force", false)) {
        TableLifecycle.checkIdentity("Failed to update configuration for " + name + " due to: ", table, existing.config());
      }
      _lifecycle.update(table);
      return Reply.done("Table config updated for " + name, parsed.getRight());
    });
  }

  private Reply delete(Request request) {
    String name = request.path("tableName");
    Optional<TableType> type = request.tableType();
    request.query("retention").ifPresent(TablesResource::checkPeriod);
    return _state.exclusively(() -> {
      String referenced = type.map(t -> TableNameBuilder.forType(t).tableNameWithType(name)).orElse(name);
      _lifecycle.logicalTableOver(referenced).ifPresent(logical -> {
        // Pinot means 409 and answers 500, because its own catch wraps the refusal.
        throw new EngineException(500, "Cannot delete table config: " + name
            + " because it is referenced in logical table: " + logical);
      });
      TableNames names = new TableNames(_state);
      List<String> deleted = names.find(name, type).stream().map(TableEntry::name).toList();
      if (deleted.isEmpty()) {
        throw new EngineException(404,
            "Table '" + name + "' with type " + type.map(Enum::name).orElse(null) + " does not exist");
      }
      deleted.forEach(_lifecycle::delete);
      return Reply.done("Tables: " + deleted + " deleted");
    });
  }

  /** The engine has no deep store that would keep deleted segments, but a typo is a typo. */
  private static void checkPeriod(String period) {
    try {
      TimeUtils.convertPeriodToMillis(period);
    } catch (RuntimeException e) {
      throw new EngineException(500, e.getMessage(), e);
    }
  }
}
