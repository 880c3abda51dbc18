package com.paymentic.pinot.engine.control;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.paymentic.pinot.engine.DataPlane;
import com.paymentic.pinot.engine.EngineException;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import org.apache.commons.lang3.tuple.Pair;
import org.apache.pinot.spi.config.table.TableConfig;
import org.apache.pinot.spi.config.table.TableType;
import org.apache.pinot.spi.config.user.AccessType;
import org.apache.pinot.spi.data.FieldSpec;
import org.apache.pinot.spi.data.Schema;
import org.apache.pinot.spi.utils.JsonUtils;

/** /schemas. */
final class SchemasResource {
  private final ClusterState _state;
  private final DataPlane _data;
  private final AccessControl _access;
  private final SchemaRules _rules;
  private final TableLifecycle _lifecycle;

  SchemasResource(ClusterState state, DataPlane data, AccessControl access, SchemaRules rules,
      TableLifecycle lifecycle) {
    _state = state;
    _data = data;
    _access = access;
    _rules = rules;
    _lifecycle = lifecycle;
  }

  void register(Routes routes) {
    routes.add(AccessType.READ, "GET", "/schemas", request -> Reply.json(_state.schemaNames()))
        .addChecking("POST", "/schemas", this::add)
        .addChecking("POST", "/schemas/validate", this::validate)
        .addOpen("GET", "/schemas/fieldSpec", request -> Reply.json(FieldSpec.FIELD_SPEC_METADATA))
        .add(AccessType.READ, "GET", "/schemas/{schemaName}", this::get)
        .add(AccessType.UPDATE, "PUT", "/schemas/{schemaName}", this::update)
        .add(AccessType.DELETE, "DELETE", "/schemas/{schemaName}", this::delete)
        .add(AccessType.READ, "GET", "/tables/{tableName}/schema", this::ofTable);
  }

  private static Pair<Schema, Map<String, Object>> parse(Request request) {
    String text = Multipart.textOf(request);
    Pair<Schema, Map<String, Object>> parsed;
    try {
      parsed = JsonUtils.stringToObjectAndUnrecognizedProperties(text, Schema.class);
    } catch (IOException | RuntimeException e) {
      throw new EngineException(400,
          "Invalid schema config json string: " + text + ". Reason: " + e.getMessage(), e);
    }
    SchemaRules.checkName(parsed.getLeft());
    return parsed;
  }

  private Reply get(Request request) {
    return _state.schema(request.path("schemaName")).map(schema -> Reply.jsonText(schema.toPrettyJsonString()))
        .orElseThrow(() -> new EngineException(404, "Schema not found"));
  }

  private Reply ofTable(Request request) {
    String table = request.path("tableName");
    return _state.schema(TableNames.raw(table)).map(schema -> Reply.jsonText(schema.toPrettyJsonString()))
        .orElseThrow(() -> new EngineException(404, "Schema not found for table: " + table));
  }

  private Reply validate(Request request) {
    Pair<Schema, Map<String, Object>> parsed = parse(request);
    _rules.check(parsed.getLeft());
    _access.checkTable(request, AccessType.READ, parsed.getLeft().getSchemaName());
    ObjectNode body = parsed.getLeft().toJsonObject();
    body.set("unrecognizedProperties", JsonUtils.objectToJsonNode(parsed.getRight()));
    return Reply.json(body);
  }

  private Reply add(Request request) {
    Pair<Schema, Map<String, Object>> parsed = parse(request);
    Schema schema = parsed.getLeft();
    String name = schema.getSchemaName();
    _access.checkTable(request, AccessType.CREATE, name);
    return _state.exclusively(() -> {
      _rules.check(schema);
      Optional<Schema> old = _state.schema(name);
      if (old.isPresent() && !request.flag("override", true)) {
        throw new EngineException(409, "Schema: " + name + " already exists");
      }
      if (old.isPresent() && !isAllowed(request, schema, old.get())) {
        throw new EngineException(400, SchemaRules.incompatibility(schema, old.get()));
      }
      _lifecycle.putSchema(schema);
      return Reply.done(name + " successfully added", parsed.getRight());
    });
  }

  private Reply update(Request request) {
    String name = request.path("schemaName");
    Pair<Schema, Map<String, Object>> parsed = parse(request);
    Schema schema = parsed.getLeft();
    return _state.exclusively(() -> {
      _rules.check(schema);
      if (!name.equals(schema.getSchemaName())) {
        throw new EngineException(400, "Schema name mismatch for uploaded schema, tried to add schema with name "
            + schema.getSchemaName() + " as " + name);
      }
      Schema old = _state.schema(name)
          .orElseThrow(() -> new EngineException(404, "Failed to find schema " + name));
      if (!isAllowed(request, schema, old)) {
        throw new EngineException(400,
            "Backward incompatible schema " + name + ". Only allow adding new columns");
      }
      _lifecycle.putSchema(schema);
      if (request.flag("reload", false) && _state.logicalTable(name).isEmpty()) {
        reload(name);
      }
      return Reply.done(name + " successfully added", parsed.getRight());
    });
  }

  private void reload(String name) {
    if (_state.configsOf(name).isEmpty()) {
      throw new EngineException(404, "Failed to find table " + name + " to reload");
    }
    for (TableConfig table : _state.configsOf(name)) {
      _data.reload(table.getTableName(), null);
    }
  }

  /** With force=true anything is, as in Pinot: what the segments hold of a column that changed is lost to queries. */
  private static boolean isAllowed(Request request, Schema schema, Schema old) {
    return SchemaRules.isCompatible(schema, old) || request.flag("force", false);
  }

  private Reply delete(Request request) {
    String name = request.path("schemaName");
    return _state.exclusively(() -> {
      if (_state.schema(name).isEmpty()) {
        throw new EngineException(404, "Schema " + name + " not found");
      }
      for (TableType type : TableType.values()) {
        if (_state.table(name, type).isPresent()) {
          throw new EngineException(409, "Cannot delete schema " + name + ", as it is associated with table "
              + _state.table(name, type).get().name());
        }
      }
      if (_state.logicalTable(name).isPresent()) {
        throw new EngineException(409,
            "Cannot delete schema " + name + ", as it is associated with logical table");
      }
      _state.deleteSchema(name);
      return Reply.done("Schema " + name + " deleted");
    });
  }
}
