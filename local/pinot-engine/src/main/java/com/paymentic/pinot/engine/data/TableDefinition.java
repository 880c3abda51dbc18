package com.paymentic.pinot.engine.data;

import java.io.IOException;
import org.apache.pinot.common.metadata.segment.SegmentZKMetadata;
import org.apache.pinot.segment.local.segment.index.loader.IndexLoadingConfig;
import org.apache.pinot.spi.config.table.TableConfig;
import org.apache.pinot.spi.data.Schema;
import org.apache.pinot.spi.utils.CommonConstants.Segment.Realtime.Status;
import org.apache.pinot.spi.utils.JsonUtils;

/**
 * A table's configuration and schema as they are now.
 *
 * <p>Pinot reads both from ZooKeeper each time it loads a segment and then changes what it has read (timestamp indexes
 * become columns), so each reader gets copies of its own.
 */
final class TableDefinition {
  private final String _tableNameWithType;
  private volatile Current _current;

  private record Current(TableConfig table, Schema schema) { }

  TableDefinition(TableConfig table, Schema schema) {
    _tableNameWithType = table.getTableName();
    _current = new Current(copy(table), copy(schema));
  }

  String tableNameWithType() {
    return _tableNameWithType;
  }

  void setTable(TableConfig table) {
    _current = new Current(copy(table), _current.schema());
  }

  void setSchema(Schema schema) {
    _current = new Current(_current.table(), copy(schema));
  }

  TableConfig table() {
    return copy(_current.table());
  }

  Schema schema() {
    return copy(_current.schema());
  }

  /** For reading single values; never handed to code that changes it. */
  TableConfig sharedTable() {
    return _current.table();
  }

  /** For reading single values; never handed to code that changes it. */
  Schema sharedSchema() {
    return _current.schema();
  }

  /** What Pinot needs to build, load or reload a segment by the configuration as it is now. */
  IndexLoadingConfig loadingConfig(PinotInstance instance, String tableDataDir) {
    IndexLoadingConfig config = new IndexLoadingConfig(instance.config(), table(), schema());
    config.setTableDataDir(tableDataDir);
    return config;
  }

  /** The record that a controller would keep of a committed segment: done, and here only. */
  static SegmentZKMetadata committed(String segment) {
    SegmentZKMetadata metadata = new SegmentZKMetadata(segment);
    metadata.setStatus(Status.DONE);
    return metadata;
  }

  private static TableConfig copy(TableConfig table) {
    try {
      return JsonUtils.jsonNodeToObject(table.toJsonNode(), TableConfig.class);
    } catch (IOException e) {
      throw new IllegalStateException("Table " + table.getTableName() + " cannot be copied", e);
    }
  }

  private static Schema copy(Schema schema) {
    try {
      return JsonUtils.jsonNodeToObject(schema.toJsonObject(), Schema.class);
    } catch (IOException e) {
      throw new IllegalStateException("Schema " + schema.getSchemaName() + " cannot be copied", e);
    }
  }
}
