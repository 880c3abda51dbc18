package com.paymentic.pinot.engine.control;

import com.paymentic.pinot.engine.DataPlane;
import com.paymentic.pinot.engine.EngineException;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import org.apache.commons.lang3.tuple.Pair;
import org.apache.pinot.common.utils.LogicalTableConfigUtils;
import org.apache.pinot.common.utils.config.TagNameUtils;
import org.apache.pinot.spi.config.user.AccessType;
import org.apache.pinot.spi.data.LogicalTableConfig;
import org.apache.pinot.spi.data.Schema;
import org.apache.pinot.spi.utils.JsonUtils;

/** /logicalTables: several physical tables behind one name. */
final class LogicalTablesResource {
  private static final String INVALID = "Invalid logical table. Reason: ";

  private final ClusterState _state;
  private final DataPlane _data;
  private final AccessControl _access;

  LogicalTablesResource(ClusterState state, DataPlane data, AccessControl access) {
    _state = state;
    _data = data;
    _access = access;
  }

  void register(Routes routes) {
    routes.add(AccessType.READ, "GET", "/logicalTables", request ->
            Reply.json(_state.logicalTables().stream().map(LogicalTableConfig::getTableName).toList()))
        .addChecking("POST", "/logicalTables", this::add)
        .add(AccessType.READ, "GET", "/logicalTables/{tableName}", this::get)
        .add(AccessType.UPDATE, "PUT", "/logicalTables/{tableName}", this::update)
        .add(AccessType.DELETE, "DELETE", "/logicalTables/{tableName}", this::delete);
  }

  private Reply get(Request request) {
    return _state.logicalTable(request.path("tableName"))
        .map(logicalTable -> Reply.jsonText(logicalTable.toJsonString()))
        .orElseThrow(() -> new EngineException(404, "Logical table not found"));
  }

  private static Pair<LogicalTableConfig, Map<String, Object>> parse(Request request) {
    String text = request.text();
    try {
      return JsonUtils.stringToObjectAndUnrecognizedProperties(text, LogicalTableConfig.class);
    } catch (IOException | RuntimeException e) {
      throw new EngineException(400,
          "Invalid logical table json config: " + text + ". Reason: " + e.getMessage(), e);
    }
  }

  private Reply add(Request request) {
    Pair<LogicalTableConfig, Map<String, Object>> parsed = parse(request);
    LogicalTableConfig logicalTable = parsed.getLeft();
    String name = logicalTable.getTableName();
    _access.checkTable(request, AccessType.CREATE, String.valueOf(name));
    return _state.exclusively(() -> {
      check(logicalTable);
      if (_state.logicalTable(name).isPresent()) {
        throw new EngineException(409, "Logical table: " + name + " already exists");
      }
      if (!_state.configsOf(name).isEmpty()) {
        throw new EngineException(409, "Table name: " + name + " already exists");
      }
      checkMembers(logicalTable);
      put(logicalTable, Optional.empty());
      return Reply.done(name + " logical table successfully added.", parsed.getRight());
    });
  }

  private Reply update(Request request) {
    String name = request.path("tableName");
    Pair<LogicalTableConfig, Map<String, Object>> parsed = parse(request);
    LogicalTableConfig logicalTable = parsed.getLeft();
    if (!name.equals(logicalTable.getTableName())) {
      throw new EngineException(500,
          "Logical table name in the request body should match the table name in the URL");
    }
    return _state.exclusively(() -> {
      check(logicalTable);
      checkMembers(logicalTable);
      LogicalTableConfig old = _state.logicalTable(name)
          .orElseThrow(() -> new EngineException(404, "Failed to find logical table " + name));
      put(logicalTable, Optional.of(old));
      return Reply.done(name + " logical table successfully updated.", parsed.getRight());
    });
  }

  private void check(LogicalTableConfig logicalTable) {
    if (logicalTable.getBrokerTenant() == null || logicalTable.getBrokerTenant().isEmpty()) {
      logicalTable.setBrokerTenant(TagNameUtils.DEFAULT_TENANT_NAME);
    }
    try {
      LogicalTableConfigUtils.validateLogicalTableConfig(logicalTable);
    } catch (IllegalArgumentException e) {
      throw new EngineException(400, e.getMessage(), e);
    }
    if (!TenantsResource.brokerTenants(_state).contains(logicalTable.getBrokerTenant())) {
      throw new EngineException(400, INVALID + "'" + logicalTable.getBrokerTenant()
          + "' should be one of the existing broker tenants");
    }
    if (_state.schema(logicalTable.getTableName()).isEmpty()) {
      throw new EngineException(400, INVALID + "Schema with same name as logical table '"
          + logicalTable.getTableName() + "' does not exist");
    }
  }

  private void checkMembers(LogicalTableConfig logicalTable) {
    logicalTable.getPhysicalTableConfigMap().forEach((member, settings) -> {
      if (settings.isMultiCluster()) {
        throw Routes.unsupported("members of other clusters (multiCluster)");
      }
      if (_state.table(member).isEmpty()) {
        throw new EngineException(400, INVALID + "'" + member + "' should be one of the existing tables");
      }
    });
  }

  private void put(LogicalTableConfig logicalTable, Optional<LogicalTableConfig> old) {
    Schema schema = _state.schema(logicalTable.getTableName()).orElseThrow();
    _state.putLogicalTable(logicalTable);
    try {
      _data.putLogicalTable(logicalTable, schema);
    } catch (RuntimeException e) {
      old.ifPresentOrElse(_state::putLogicalTable, () -> _state.deleteLogicalTable(logicalTable.getTableName()));
      throw e;
    }
  }

  private Reply delete(Request request) {
    String name = request.path("tableName");
    return _state.exclusively(() -> {
      if (_state.logicalTable(name).isEmpty()) {
        throw new EngineException(404, "Logical table: " + name + " does not exists.");
      }
      _data.deleteLogicalTable(name);
      _state.deleteLogicalTable(name);
      return Reply.done(name + " logical table successfully deleted.");
    });
  }
}
