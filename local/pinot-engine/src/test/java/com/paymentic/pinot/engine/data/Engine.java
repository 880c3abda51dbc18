package com.paymentic.pinot.engine.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.paymentic.pinot.engine.DataPlane.JobStatus;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.apache.pinot.spi.config.table.TableConfig;
import org.apache.pinot.spi.data.LogicalTableConfig;
import org.apache.pinot.spi.data.Schema;
import org.apache.pinot.spi.utils.JsonUtils;

/** A data plane over a stream in memory, with the tables that a real cluster accepted. */
final class Engine implements AutoCloseable {
  static final Path DATA = Path.of(System.getProperty("engine.test.data"));
  private static final long PATIENCE_MS = 20_000;

  private final Path _directory;
  private final MemoryStream _stream;
  private EmbeddedDataPlane _plane;

  Engine(Path directory, MemoryStream stream) {
    _directory = directory;
    _stream = stream;
    _plane = newPlane();
  }

  private EmbeddedDataPlane newPlane() {
    return new EmbeddedDataPlane(_directory, "Server_test_1", "Broker_test_1", config -> _stream, 200);
  }

  EmbeddedDataPlane plane() {
    return _plane;
  }

  MemoryStream stream() {
    return _stream;
  }

  /** A new process on the same files; tables have to be made again, as the control plane does at its start. */
  void restart() {
    _plane.close();
    _plane = newPlane();
  }

  static JsonNode json(String file) {
    try {
      return JsonUtils.stringToJsonNode(Files.readString(DATA.resolve(file)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Schema schema(String name) {
    return schema(name, schema -> { });
  }

  static Schema schema(String name, Consumer<ObjectNode> change) {
    ObjectNode schema = (ObjectNode) json("accepted/schema-" + name + ".json");
    change.accept(schema);
    return object(schema, Schema.class);
  }

  static TableConfig table(String name) {
    return table(name, table -> { });
  }

  static TableConfig table(String name, Consumer<ObjectNode> change) {
    ObjectNode table = (ObjectNode) json("accepted/table-" + name + ".json");
    change.accept(table);
    return object(table, TableConfig.class);
  }

  static LogicalTableConfig logicalTable(String name) {
    return object(json("accepted/logical-" + name + ".json"), LogicalTableConfig.class);
  }

  static <T> T object(JsonNode json, Class<T> type) {
    try {
      return JsonUtils.jsonNodeToObject(json, type);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A configuration that Pinot takes and cannot build a segment by. */
  static void withRangeIndexOnRawAmount(ObjectNode table) {
    field(table, "amount").put("encodingType", "RAW");
  }

  static ObjectNode field(ObjectNode table, String column) {
    for (JsonNode field : table.get("fieldConfigList")) {
      if (field.get("name").asText().equals(column)) {
        return (ObjectNode) field;
      }
    }
    return table.withArray("fieldConfigList").addObject().put("name", column);
  }

  static ObjectNode stream(ObjectNode table) {
    return (ObjectNode) table.at("/ingestionConfig/streamIngestionConfig/streamConfigMaps/0");
  }

  void create(String name) {
    _plane.createTable(table(name), schema(name));
  }

  JsonNode query(String sql) {
    return _plane.query(sql, Map.of());
  }

  /** The rows of an answer without exceptions. */
  List<List<Object>> rows(String sql) {
    JsonNode answer = query(sql);
    if (!answer.path("exceptions").isEmpty()) {
      throw new AssertionError(sql + " failed: " + answer.path("exceptions"));
    }
    List<List<Object>> rows = new ArrayList<>();
    for (JsonNode row : answer.at("/resultTable/rows")) {
      List<Object> values = new ArrayList<>();
      row.forEach(value -> values.add(value(value)));
      rows.add(values);
    }
    return rows;
  }

  /** Whole numbers as int where they fit, so that tests can write them down. */
  private static Object value(JsonNode value) {
    if (value.canConvertToInt() && value.isIntegralNumber()) {
      return value.asInt();
    }
    return value.isNull() ? null : value.isNumber() ? value.numberValue() : value.asText();
  }

  long count(String tableOrFilter) {
    return ((Number) rows("SELECT COUNT(*) FROM " + tableOrFilter).get(0).get(0)).longValue();
  }

  /** Waits until every partition of the table has read its stream to the end. */
  void awaitConsumed(String table, long offsets) {
    await(table + " to have consumed " + offsets, () -> _plane.consumption(table).partitions().stream()
        .mapToLong(partition -> Math.max(0, partition.currentOffset())).sum() == offsets);
  }

  void commit(String table) {
    String job = _plane.forceCommit(table);
    await("the commit of " + table, () -> isDone(_plane.forceCommitStatus(job)));
    if (_plane.forceCommitStatus(job).orElseThrow().failed() > 0) {
      throw new AssertionError("commit failed: " + _plane.consumption(table));
    }
  }

  void reload(String table) {
    String job = _plane.reload(table, null);
    await("the reload of " + table, () -> isDone(_plane.reloadStatus(job)));
    if (_plane.reloadStatus(job).orElseThrow().failed() > 0) {
      throw new AssertionError("reload failed");
    }
  }

  private static boolean isDone(Optional<JobStatus> status) {
    return status.map(job -> job.succeeded() + job.failed() >= job.total()).orElse(false);
  }

  static void await(String what, BooleanSupplier condition) {
    long deadline = System.currentTimeMillis() + PATIENCE_MS;
    while (!condition.getAsBoolean()) {
      if (System.currentTimeMillis() > deadline) {
        throw new AssertionError("waited in vain for " + what);
      }
      try {
        Thread.sleep(10);
      } catch (InterruptedException e) {
        throw new AssertionError("interrupted", e);
      }
    }
  }

  @Override
  public void close() {
    _plane.close();
  }
}
