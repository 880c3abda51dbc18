package com.paymentic.pinot.engine.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.paymentic.pinot.engine.DataPlane;
import com.paymentic.pinot.engine.EngineException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.pinot.spi.config.table.TableConfig;
import org.apache.pinot.spi.config.table.TableType;
import org.apache.pinot.spi.data.LogicalTableConfig;
import org.apache.pinot.spi.data.Schema;
import org.apache.pinot.spi.utils.JsonUtils;

/** A data plane without rows: it knows what it was told, and can be made to refuse. */
final class MemoryDataPlane implements DataPlane {
  private static final Pattern FROM = Pattern.compile("(?i)\\b(?:from|join)\\s+(\\w+)");

  final Map<String, TableConfig> tables = new TreeMap<>();
  final Map<String, Schema> schemas = new TreeMap<>();
  final Map<String, LogicalTableConfig> logicalTables = new TreeMap<>();
  final Map<String, List<SegmentInfo>> segments = new TreeMap<>();
  final Set<String> paused = new HashSet<>();
  final List<String> reloads = new ArrayList<>();
  final List<String> files = new ArrayList<>();
  final List<PartitionStatus> partitions = new ArrayList<>();
  RuntimeException refusal;

  private void mayRefuse() {
    if (refusal != null) {
      throw refusal;
    }
  }

  @Override
  public void createTable(TableConfig table, Schema schema) {
    mayRefuse();
    tables.put(table.getTableName(), table);
    schemas.put(schema.getSchemaName(), schema);
    segments.putIfAbsent(table.getTableName(), new ArrayList<>());
    if (table.getTableType() == TableType.REALTIME) {
      String name = TableNames.raw(table.getTableName()) + "__0__0__20260101T0000Z";
      segments.get(table.getTableName()).add(new SegmentInfo(name, true, 0, 0, 0, 0, -1));
    }
  }

  @Override
  public void updateTable(TableConfig table) {
    mayRefuse();
    tables.put(table.getTableName(), table);
  }

  @Override
  public void updateSchema(Schema schema) {
    mayRefuse();
    schemas.put(schema.getSchemaName(), schema);
  }

  @Override
  public void deleteTable(String name) {
    mayRefuse();
    tables.remove(name);
    segments.remove(name);
  }

  @Override
  public void putLogicalTable(LogicalTableConfig logicalTable, Schema schema) {
    mayRefuse();
    logicalTables.put(logicalTable.getTableName(), logicalTable);
  }

  @Override
  public void deleteLogicalTable(String name) {
    mayRefuse();
    logicalTables.remove(name);
  }

  @Override
  public List<SegmentInfo> segments(String name) {
    return List.copyOf(segments.getOrDefault(name, List.of()));
  }

  @Override
  public String reload(String name, String segment) {
    reloads.add(name);
    return UUID.randomUUID().toString();
  }

  @Override
  public Optional<JobStatus> reloadStatus(String id) {
    return Optional.empty();
  }

  @Override
  public boolean needsReload(String name) {
    return false;
  }

  @Override
  public String forceCommit(String name) {
    return UUID.randomUUID().toString();
  }

  @Override
  public Optional<JobStatus> forceCommitStatus(String id) {
    return Optional.empty();
  }

  @Override
  public void pauseConsumption(String name) {
    paused.add(name);
  }

  @Override
  public void resumeConsumption(String name) {
    paused.remove(name);
  }

  @Override
  public ConsumptionStatus consumption(String name) {
    List<String> consuming = segments(name).stream().filter(SegmentInfo::consuming).map(SegmentInfo::name).toList();
    return new ConsumptionStatus(paused.contains(name), consuming, partitions);
  }

  @Override
  public String ingestFile(String name, InputStream file, Map<String, String> batchConfig) {
    mayRefuse();
    try {
      files.add(new String(file.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return "segment";
  }

  @Override
  public JsonNode query(String sql, Map<String, String> options) {
    mayRefuse();
    return JsonUtils.newObjectNode().put("sql", sql).set("exceptions", JsonUtils.newArrayNode());
  }

  @Override
  public List<String> tablesOf(String sql) {
    if (sql.isBlank()) {
      throw new EngineException(400, "no SQL");
    }
    List<String> found = new ArrayList<>();
    for (Matcher matcher = FROM.matcher(sql); matcher.find();) {
      found.add(matcher.group(1));
    }
    return found;
  }

  @Override
  public void close() {
    // Nothing is held.
  }
}
