package com.paymentic.pinot.engine.control;

import com.paymentic.pinot.engine.DataPlane;
import com.paymentic.pinot.engine.EngineException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.apache.pinot.common.utils.LogicalTableConfigUtils;
import org.apache.pinot.common.utils.config.TagNameUtils;
import org.apache.pinot.segment.local.utils.TableConfigUtils;
import org.apache.pinot.spi.config.ConfigUtils;
import org.apache.pinot.spi.config.table.TableConfig;
import org.apache.pinot.spi.data.LogicalTableConfig;
import org.apache.pinot.spi.data.Schema;
import org.apache.pinot.spi.utils.builder.TableNameBuilder;

/**
 * Makes, changes and removes schemas and tables on disk and in the data plane, in the order that a crash in between
 * forgives: a table's document is written before its data is made and removed after its data is gone, so that a restart
 * finishes a creation, and a deletion can be asked for again.
 *
 * <p>Callers hold the {@linkplain ClusterState#exclusively change lock} and have validated what they hand over.
 */
final class TableLifecycle {
  private static final Duration CONSUMPTION_WAIT = Duration.ofSeconds(5);
  private static final Duration POLL = Duration.ofMillis(10);

  private final ClusterState _state;
  private final DataPlane _data;
  private final TableRules _rules;

  TableLifecycle(ClusterState state, DataPlane data, TableRules rules) {
    _state = state;
    _data = data;
    _rules = rules;
  }

  /** Hands everything on disk to the data plane, once, when the engine starts. */
  void loadAll() {
    for (TableEntry table : _state.tables()) {
      _data.createTable(forData(table.config()), schemaOf(table.config()));
      if (table.pause() != null && table.pause().paused() && !_data.consumption(table.name()).paused()) {
        _data.pauseConsumption(table.name());
      }
    }
    for (LogicalTableConfig logicalTable : _state.logicalTables()) {
      String name = logicalTable.getTableName();
      _data.putLogicalTable(logicalTable, _state.schema(name).orElseThrow(() -> missingSchema(name)));
    }
  }

  private Schema schemaOf(TableConfig table) {
    String name = TableNameBuilder.extractRawTableName(table.getTableName());
    return _state.schema(name).orElseThrow(() -> missingSchema(name));
  }

  private static IllegalStateException missingSchema(String name) {
    return new IllegalStateException("the engine's metadata has the table " + name + " without a schema of that name; "
        + "restore the file of the schema, or delete that of the table and apply both again");
  }

  /** @throws EngineException 409 when the name is taken */
  void checkIsNew(String tableNameWithType) {
    if (_state.table(tableNameWithType).isPresent()) {
      throw new EngineException(409, "Table config for " + tableNameWithType + " already exists. If this is unexpected, "
          + "try deleting the table to remove all metadata associated with it before attempting to recreate.");
    }
  }

  /** @throws EngineException 409 when a table or a logical table has the name */
  void create(TableConfig table) {
    checkIsNew(table.getTableName());
    String rawName = TableNameBuilder.extractRawTableName(table.getTableName());
    if (_state.logicalTable(rawName).isPresent()) {
      throw new EngineException(409, "Logical table '" + rawName
          + "' already exists. Please use a different name for the physical table.");
    }
    List<String> brokers = _state.instancesWithTag(TagNameUtils.extractBrokerTag(table.getTenantConfig()));
    _state.putTable(new TableEntry(table, _rules.assign(table), new TreeSet<>(brokers), null));
    try {
      _data.createTable(forData(table), schemaOf(table));
    } catch (RuntimeException e) {
      _state.deleteTable(table.getTableName());
      throw e;
    }
  }

  /**
   * Waits until a new table's partitions are being consumed, as they are in Pinot when a creation is answered.
   *
   * <p>The data plane goes on by itself if that takes longer, so the wait ends without an error after five seconds.
   */
  void awaitConsumption(TableConfig table, int partitions) {
    long deadline = System.nanoTime() + CONSUMPTION_WAIT.toNanos();
    try {
      while (partitions > 0 && System.nanoTime() < deadline && isStarting(table.getTableName(), partitions)) {
        Thread.sleep(POLL.toMillis());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean isStarting(String table, int partitions) {
    if (_state.table(table).isEmpty()) {
      return false;
    }
    DataPlane.ConsumptionStatus status = _data.consumption(table);
    return status.consumingSegments().size() < partitions
        && status.partitions().stream().noneMatch(partition -> partition.state().equals("ERROR"));
  }

  /** @throws EngineException 400, its message beginning with {@code prefix}, when upsert or dedup identity would change */
  static void checkIdentity(String prefix, TableConfig changed, TableConfig existing) {
    List<String> violations = TableConfigUtils.validateBackwardCompatibility(changed, existing);
    if (!violations.isEmpty()) {
      throw new EngineException(400, prefix + "Failed to update table '" + changed.getTableName() + "': Cannot modify "
          + violations + " as it may lead to data inconsistencies. Please create a new table instead.");
    }
  }

  void update(TableConfig changed) {
    TableEntry existing = _state.table(changed.getTableName()).orElseThrow();
    _state.putTable(existing.withConfig(changed));
    try {
      _data.updateTable(forData(changed));
    } catch (RuntimeException e) {
      _state.putTable(existing);
      throw e;
    }
  }

  void delete(String tableNameWithType) {
    _data.deleteTable(tableNameWithType);
    _state.deleteTable(tableNameWithType);
  }

  /** Stores a schema; tables of its name follow. */
  void putSchema(Schema schema) {
    Optional<Schema> old = _state.schema(schema.getSchemaName());
    if (old.filter(schema::equals).isPresent()) {
      return;
    }
    _state.putSchema(schema);
    if (old.isPresent() && isUsed(schema.getSchemaName())) {
      try {
        _data.updateSchema(schema);
      } catch (RuntimeException e) {
        _state.putSchema(old.get());
        throw e;
      }
    }
  }

  private boolean isUsed(String schema) {
    return !_state.configsOf(schema).isEmpty() || _state.logicalTable(schema).isPresent();
  }

  /** @return the logical table that has a physical table as member; {@code table} with or without type */
  Optional<String> logicalTableOver(String table) {
    return _state.logicalTables().stream()
        .filter(logical -> LogicalTableConfigUtils.checkPhysicalTableRefExists(logical, table))
        .map(LogicalTableConfig::getTableName).findFirst();
  }

  /**
   * Placeholders such as {@code ${KAFKA_PASSWORD}} are kept on disk and filled in where they are used, as in Pinot.
   *
   * @throws EngineException 400 for a variable that is not set
   */
  static TableConfig forData(TableConfig table) {
    try {
      return ConfigUtils.applyConfigWithEnvVariablesAndSystemProperties(table);
    } catch (RuntimeException e) {
      Throwable reason = e.getCause() == null ? e : e.getCause();
      throw new EngineException(400, "Table " + table.getTableName() + " uses a variable that the engine does not have: "
          + reason.getMessage(), e);
    }
  }
}
