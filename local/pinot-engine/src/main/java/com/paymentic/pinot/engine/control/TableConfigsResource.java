package com.paymentic.pinot.engine.control;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.paymentic.pinot.engine.DataPlane;
import com.paymentic.pinot.engine.EngineException;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.commons.lang3.tuple.Pair;
import org.apache.pinot.segment.local.utils.SchemaUtils;
import org.apache.pinot.segment.local.utils.TableConfigUtils;
import org.apache.pinot.segment.local.utils.TableConfigUtils.ValidationType;
import org.apache.pinot.spi.config.TableConfigs;
import org.apache.pinot.spi.config.table.TableConfig;
import org.apache.pinot.spi.config.table.TableType;
import org.apache.pinot.spi.config.user.AccessType;
import org.apache.pinot.spi.data.Schema;
import org.apache.pinot.spi.utils.JsonUtils;

/** /tableConfigs: a schema and its tables as one document. */
final class TableConfigsResource {
  private static final String SKIP = "validationTypesToSkip";

  private final ClusterState _state;
  private final DataPlane _data;
  private final AccessControl _access;
  private final TableRules _rules;
  private final TableLifecycle _lifecycle;
  private final KafkaTopics _topics;

  TableConfigsResource(ClusterState state, DataPlane data, AccessControl access, TableRules rules,
      TableLifecycle lifecycle, KafkaTopics topics) {
    _state = state;
    _data = data;
    _access = access;
    _rules = rules;
    _lifecycle = lifecycle;
    _topics = topics;
  }

  void register(Routes routes) {
    routes.add(AccessType.READ, "GET", "/tableConfigs", request -> Reply.json(rawNames()))
        .addChecking("POST", "/tableConfigs", this::add)
        .addChecking("POST", "/tableConfigs/validate", this::validate)
        .add(AccessType.READ, "GET", "/tableConfigs/{tableName}", this::get)
        .add(AccessType.UPDATE, "PUT", "/tableConfigs/{tableName}", this::update)
        .add(AccessType.DELETE, "DELETE", "/tableConfigs/{tableName}", this::delete);
  }

  private Set<String> rawNames() {
    Set<String> names = new TreeSet<>();
    _state.tables().forEach(table -> names.add(TableNames.raw(table.name())));
    return names;
  }

  private Reply get(Request request) {
    String name = request.path("tableName");
    Schema schema = _state.schema(TableNames.raw(name)).orElseThrow(() -> new EngineException(500,
        "Schema does not exist for table " + name + " Use POST to create it first."));
    return Reply.jsonText(new TableConfigs(name, schema, config(name, TableType.OFFLINE),
        config(name, TableType.REALTIME)).toJsonString());
  }

  private TableConfig config(String name, TableType type) {
    return _state.table(name, type).map(TableEntry::config).orElse(null);
  }

  private static Pair<TableConfigs, Map<String, Object>> parse(Request request, String refusal) {
    try {
      return JsonUtils.stringToObjectAndUnrecognizedProperties(request.text(), TableConfigs.class);
    } catch (IOException | RuntimeException e) {
      throw new EngineException(400, refusal + e.getMessage(), e);
    }
  }

  private static List<TableConfig> tables(TableConfigs configs) {
    return Stream.of(configs.getOffline(), configs.getRealtime()).filter(table -> table != null).toList();
  }

  private Reply validate(Request request) {
    // Pinot repeats the whole text in this error; it may hold the stream's credentials.
    Pair<TableConfigs, Map<String, Object>> parsed = parse(request, "Invalid TableConfigs json string. Reason: ");
    TableConfigs configs = parsed.getLeft();
    check(configs, request);
    _access.checkTable(request, AccessType.READ, configs.getTableName());
    ObjectNode body = JsonUtils.objectToJsonNode(configs).deepCopy();
    body.set("unrecognizedProperties", JsonUtils.objectToJsonNode(parsed.getRight()));
    return Reply.json(body);
  }

  private void check(TableConfigs configs, Request request) {
    String name = configs.getTableName();
    try {
      checkParts(configs, request.query(SKIP).orElse(null));
    } catch (RuntimeException e) {
      throw TablesResource.refused(e, "Invalid TableConfigs: " + name + ". ");
    }
  }

  private void checkParts(TableConfigs configs, String typesToSkip) {
    String name = configs.getTableName();
    Schema schema = configs.getSchema();
    require(!tables(configs).isEmpty(), "Must provide at least one of 'realtime' or 'offline' table configs for adding "
        + "TableConfigs: " + name);
    require(schema != null, "Must provide 'schema' for adding TableConfigs: " + name);
    require(!name.isEmpty(), "'tableName' cannot be empty in TableConfigs");
    require(name.equals(schema.getSchemaName()),
        "'tableName': " + name + " must be equal to 'schemaName' from 'schema': " + schema.getSchemaName());
    SchemaUtils.validate(schema);
    Set<ValidationType> skipped = TableConfigUtils.parseTypesToSkipString(typesToSkip);
    for (TableConfig table : tables(configs)) {
      String part = table.getTableType() == TableType.OFFLINE ? "offline" : "realtime";
      String raw = TableNames.raw(table.getTableName());
      require(raw.equals(name),
          "Name in '" + part + "' table config: " + raw + " must be equal to 'tableName': " + name);
      TableConfigUtils.validateTableName(table);
      TableRules.checkAgainstSchema(table, schema, typesToSkip);
      boolean all = skipped.contains(ValidationType.ALL);
      if (!all && !skipped.contains(ValidationType.TENANT)) {
        _rules.checkTenants(table);
      }
      if (!all && !skipped.contains(ValidationType.MINION_INSTANCES)) {
        _rules.checkMinions(table);
      }
      TableRules.checkTasks(table, typesToSkip);
    }
    if (configs.getOffline() != null && configs.getRealtime() != null) {
      TableConfigUtils.verifyHybridTableConfigs(name, configs.getOffline(), configs.getRealtime());
    }
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new IllegalStateException(otherwise);
    }
  }

  private Reply add(Request request) {
    Pair<TableConfigs, Map<String, Object>> parsed = parse(request, "Invalid TableConfigs. ");
    TableConfigs configs = parsed.getLeft();
    String name = configs.getTableName();
    checkIsNew(name);
    check(configs, request);
    _access.checkTable(request, AccessType.CREATE, name);
    Map<TableConfig, Integer> partitions = new LinkedHashMap<>();
    tables(configs).forEach(table -> partitions.put(table, _topics.partitions(TableLifecycle.forData(table))));
    _state.exclusively(() -> {
      checkIsNew(name);
      _lifecycle.putSchema(configs.getSchema());
      try {
        tables(configs).forEach(this::create);
      } catch (RuntimeException e) {
        takeBack(name);
        throw TablesResource.refused(e, "Invalid TableConfigs: " + name + ". Reason: ");
      }
      return null;
    });
    partitions.forEach(_lifecycle::awaitConsumption);
    return Reply.done("TableConfigs " + name + " successfully added", parsed.getRight());
  }

  private void checkIsNew(String name) {
    if (_state.schema(name).isPresent() || !_state.configsOf(name).isEmpty()) {
      throw new EngineException(400,
          "TableConfigs: " + name + " already exists. Use PUT to update existing config");
    }
  }

  private void create(TableConfig table) {
    _rules.checkTenants(table);
    _lifecycle.create(table);
  }

  private void takeBack(String name) {
    _state.configsOf(name).forEach(table -> _lifecycle.delete(table.getTableName()));
    _state.deleteSchema(name);
  }

  private Reply update(Request request) {
    String name = request.path("tableName");
    String invalid = "Invalid TableConfigs: " + name + ". Reason: ";
    Pair<TableConfigs, Map<String, Object>> parsed = parse(request, invalid);
    TableConfigs configs = parsed.getLeft();
    try {
      check(configs, request);
      require(configs.getTableName().equals(name), "'tableName' in TableConfigs: " + configs.getTableName()
          + " must match provided tableName: " + name);
    } catch (RuntimeException e) {
      throw e instanceof EngineException own && own.status() != 400 ? own
          : new EngineException(400, invalid + e.getMessage(), e);
    }
    if (request.flag("forceTableSchemaUpdate", false)) {
      throw Routes.unsupported("forceTableSchemaUpdate=true; make a new table for an incompatible change");
    }
    return _state.exclusively(() -> {
      if (_state.configsOf(name).isEmpty()) {
        throw new EngineException(400,
            "TableConfigs: " + name + " does not exist. Use POST to create it first.");
      }
      updateParts(name, configs);
      if (request.flag("reload", false)) {
        _state.configsOf(name).forEach(table -> _data.reload(table.getTableName(), null));
      }
      return Reply.done("TableConfigs updated for " + name, parsed.getRight());
    });
  }

  private void updateParts(String name, TableConfigs configs) {
    Optional<Schema> old = _state.schema(name);
    if (old.isPresent() && !SchemaRules.isCompatible(configs.getSchema(), old.get())) {
      throw new EngineException(500, "Failed to update TableConfigs for: " + name + ", "
          + SchemaRules.incompatibility(configs.getSchema(), old.get()));
    }
    _lifecycle.putSchema(configs.getSchema());
    for (TableConfig table : tables(configs)) {
      if (_state.table(table.getTableName()).isPresent()) {
        TableLifecycle.checkIdentity("Invalid TableConfigs for: " + name + ", ", table,
            _state.table(table.getTableName()).orElseThrow().config());
        _lifecycle.update(table);
      } else {
        _topics.partitions(TableLifecycle.forData(table));
        create(table);
      }
    }
  }

  private Reply delete(Request request) {
    String name = request.path("tableName");
    if (!TableNames.raw(name).equals(name)) {
      throw new EngineException(500, "Invalid table name: " + name + ". Use raw table name.");
    }
    return _state.exclusively(() -> {
      _lifecycle.logicalTableOver(name).ifPresent(logical -> {
        throw new EngineException(500, "Cannot delete table config: " + name
            + " because it is referenced in logical table: " + logical);
      });
      boolean known = _state.schema(name).isPresent() || !_state.configsOf(name).isEmpty();
      if (_state.logicalTable(name).isPresent()) {
        // Pinot would take the schema from under the logical table.
        throw new EngineException(409,
            "Cannot delete schema " + name + ", as it is associated with logical table");
      }
      takeBack(name);
      return Reply.done(known ? "Deleted TableConfigs: " + name : "TableConfigs: " + name
          + " don't exist. Invoked delete anyway to clean stale metadata/segments");
    });
  }
}
