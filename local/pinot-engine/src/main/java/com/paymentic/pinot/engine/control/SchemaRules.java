package com.paymentic.pinot.engine.control;

import com.paymentic.pinot.engine.EngineException;
import java.util.List;
import java.util.Objects;
import org.apache.pinot.segment.local.utils.SchemaUtils;
import org.apache.pinot.spi.config.table.TableConfig;
import org.apache.pinot.spi.data.FieldSpec;
import org.apache.pinot.spi.data.Schema;

/** What a Pinot 1.5.1 controller asks of a schema. */
final class SchemaRules {
  private final ClusterState _state;

  SchemaRules(ClusterState state) {
    _state = state;
  }

  /** @throws EngineException 400 for a name that a schema cannot have */
  static void checkName(Schema schema) {
    String name = schema.getSchemaName();
    if (name == null || name.isEmpty()) {
      throw new EngineException(400, "Invalid schema. Reason: 'schemaName' should not be null or empty");
    }
    if (name.contains(TableConfig.TABLE_NAME_FORBIDDEN_SUBSTRING)) {
      throw new EngineException(400, "'schemaName' cannot contain double underscore ('__')");
    }
  }

  /** Checks the schema by itself and against the tables of its name. @throws EngineException 400 with Pinot's reason */
  void check(Schema schema) {
    try {
      SchemaUtils.validate(schema, _state.configsOf(schema.getSchemaName()), true);
    } catch (RuntimeException e) {
      throw new EngineException(400, "Invalid schema: " + schema.getSchemaName() + ". Reason: " + e.getMessage(), e);
    }
  }

  /** @return whether the new schema can stand where the old one did */
  static boolean isCompatible(Schema schema, Schema old) {
    schema.updateBooleanFieldsIfNeeded(old);
    return schema.equals(old) || schema.isBackwardCompatibleWith(old);
  }

  /** @return what POST /schemas says of an incompatible schema */
  static String incompatibility(Schema schema, Schema old) {
    StringBuilder message = new StringBuilder("New schema: " + schema.getSchemaName()
        + " is not backward-compatible with the existing schema.\n\nIncompatibility Details:");
    if (old.getPrimaryKeyColumns() != null && !old.getPrimaryKeyColumns().isEmpty()
        && !Objects.equals(old.getPrimaryKeyColumns(), schema.getPrimaryKeyColumns())) {
      message.append("\n- Primary key columns changed (").append(old.getPrimaryKeyColumns()).append(" -> ")
          .append(schema.getPrimaryKeyColumns()).append(")");
    }
    List<String> missing = old.getColumnNames().stream().filter(column -> !schema.hasColumn(column)).toList();
    if (!missing.isEmpty()) {
      message.append("\n- Missing columns (present in old schema but not in new): ").append(missing);
    }
    List<String> changed = old.getAllFieldSpecs().stream()
        .filter(field -> schema.hasColumn(field.getName())
            && !schema.getFieldSpecFor(field.getName()).isBackwardCompatibleWith(field))
        .map(field -> describeChange(field, schema.getFieldSpecFor(field.getName()))).toList();
    if (!changed.isEmpty()) {
      message.append("\n- Incompatible field specifications: ").append(changed);
    }
    return message.append("\n\nSuggestions to fix:")
        .append("\n1. Ensure all columns from the existing schema are retained in the new schema")
        .append("\n2. Do not change the data type or field type of existing columns")
        .append("\n3. Do not change primary key columns")
        .append("\n4. New columns should be added as optional fields with default values")
        .append("\n5. If you must make breaking changes, consider creating a new schema version or use force=true ")
        .append("(use with caution)").toString();
  }

  private static String describeChange(FieldSpec old, FieldSpec changed) {
    return String.format("%s (old: %s %s, new: %s %s)", old.getName(), old.getFieldType(), old.getDataType(),
        changed.getFieldType(), changed.getDataType());
  }
}
