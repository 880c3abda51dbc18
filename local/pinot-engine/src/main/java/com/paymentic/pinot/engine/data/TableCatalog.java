package com.paymentic.pinot.engine.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.pinot.spi.config.table.QueryConfig;
import org.apache.pinot.spi.config.table.TableConfig;
import org.apache.pinot.spi.config.table.TableType;
import org.apache.pinot.spi.data.LogicalTableConfig;
import org.apache.pinot.spi.data.Schema;
import org.apache.pinot.spi.utils.builder.TableNameBuilder;

/** Which tables there are, and what a name in SQL means: a name without regard to case, with or without type. */
final class TableCatalog {
  private final Map<String, LocalTable> _tables = new ConcurrentHashMap<>();
  private final Map<String, Logical> _logical = new ConcurrentHashMap<>();

  private record Logical(LogicalTableConfig config, Schema schema) { }

  void put(LocalTable table) {
    _tables.put(table.name(), table);
  }

  void remove(String tableNameWithType) {
    _tables.remove(tableNameWithType);
  }

  LocalTable get(String tableNameWithType) {
    return _tables.get(tableNameWithType);
  }

  List<LocalTable> all() {
    return List.copyOf(_tables.values());
  }

  void putLogical(LogicalTableConfig config, Schema schema) {
    _logical.put(config.getTableName(), new Logical(config, schema));
  }

  void removeLogical(String name) {
    _logical.remove(name);
  }

  /** New columns of a logical table are seen by its next query. */
  void updateSchema(Schema schema) {
    _logical.computeIfPresent(schema.getSchemaName(), (name, logical) -> new Logical(logical.config(), schema));
  }

  /** @return empty when there is no such table */
  Optional<QueryTarget> resolve(String nameInSql) {
    String name = nameInSql.startsWith("default.") ? nameInSql.substring("default.".length()) : nameInSql;
    TableType type = TableNameBuilder.getTableTypeFromTableName(name.toUpperCase(Locale.ROOT));
    if (type != null) {
      LocalTable table = find(name);
      if (table != null) {
        return Optional.of(target(TableNameBuilder.extractRawTableName(table.name()), List.of(
            new QueryTarget.Member(table, null)), table.definition().sharedSchema(), timeout(table)));
      }
    }
    LocalTable offline = find(TableNameBuilder.OFFLINE.tableNameWithType(name));
    LocalTable realtime = find(TableNameBuilder.REALTIME.tableNameWithType(name));
    if (offline != null || realtime != null) {
      return Optional.of(physical(offline, realtime));
    }
    for (Logical logical : _logical.values()) {
      if (logical.config().getTableName().equalsIgnoreCase(name)) {
        return Optional.of(logical(logical));
      }
    }
    return Optional.empty();
  }

  private LocalTable find(String tableNameWithType) {
    LocalTable exact = _tables.get(tableNameWithType);
    if (exact != null) {
      return exact;
    }
    for (LocalTable table : _tables.values()) {
      if (table.name().equalsIgnoreCase(tableNameWithType)) {
        return table;
      }
    }
    return null;
  }

  private static QueryTarget physical(LocalTable offline, LocalTable realtime) {
    LocalTable any = realtime != null ? realtime : offline;
    String rawName = TableNameBuilder.extractRawTableName(any.name());
    Optional<Long> timeout = timeout(any);
    List<LocalTable> offlines = offline == null ? List.of() : List.of(offline);
    List<LocalTable> realtimes = realtime == null ? List.of() : List.of(realtime);
    return target(rawName, members(offlines, realtimes, offlines), any.definition().sharedSchema(), timeout);
  }

  private QueryTarget logical(Logical logical) {
    List<LocalTable> offlines = new ArrayList<>();
    List<LocalTable> realtimes = new ArrayList<>();
    for (String member : logical.config().getPhysicalTableConfigMap().keySet()) {
      LocalTable table = _tables.get(member);
      if (table instanceof OfflineTable) {
        offlines.add(table);
      } else if (table != null) {
        realtimes.add(table);
      }
    }
    List<LocalTable> boundaryTables = new ArrayList<>();
    for (String included : includedTables(logical.config())) {
      LocalTable table = _tables.get(included);
      if (table != null) {
        boundaryTables.add(table);
      }
    }
    QueryConfig query = logical.config().getQueryConfig();
    Optional<Long> timeout = query == null ? Optional.empty() : Optional.ofNullable(query.getTimeoutMs());
    return target(logical.config().getTableName(), members(offlines, realtimes, boundaryTables), logical.schema(),
        timeout);
  }

  private static List<String> includedTables(LogicalTableConfig config) {
    if (config.getTimeBoundaryConfig() == null || config.getTimeBoundaryConfig().getParameters() == null) {
      return List.of();
    }
    Object included = config.getTimeBoundaryConfig().getParameters().get("includedTables");
    List<String> names = new ArrayList<>();
    if (included instanceof Iterable<?> tables) {
      tables.forEach(table -> names.add(String.valueOf(table)));
    }
    return names;
  }

  /** With both kinds, each row is read on one side of the boundary; without a boundary, the offline side is left out. */
  private static List<QueryTarget.Member> members(List<LocalTable> offlines, List<LocalTable> realtimes,
      List<LocalTable> boundaryTables) {
    List<QueryTarget.Member> members = new ArrayList<>();
    if (offlines.isEmpty() || realtimes.isEmpty()) {
      offlines.forEach(table -> members.add(new QueryTarget.Member(table, null)));
      realtimes.forEach(table -> members.add(new QueryTarget.Member(table, null)));
      return members;
    }
    Optional<TimeBoundary> boundary = TimeBoundary.earliest(boundaryTables);
    if (boundary.isEmpty()) {
      realtimes.forEach(table -> members.add(new QueryTarget.Member(table, null)));
      return members;
    }
    String column = boundary.get().column();
    String value = boundary.get().value();
    offlines.forEach(table -> members.add(
        new QueryTarget.Member(table, new QueryTarget.Boundary(column, value, true))));
    realtimes.forEach(table -> members.add(
        new QueryTarget.Member(table, new QueryTarget.Boundary(column, value, false))));
    return members;
  }

  private static QueryTarget target(String rawName, List<QueryTarget.Member> members, Schema schema,
      Optional<Long> timeout) {
    return new QueryTarget(rawName, schema, members, timeout);
  }

  private static Optional<Long> timeout(LocalTable table) {
    TableConfig config = table.definition().sharedTable();
    return config.getQueryConfig() == null ? Optional.empty()
        : Optional.ofNullable(config.getQueryConfig().getTimeoutMs());
  }
}
