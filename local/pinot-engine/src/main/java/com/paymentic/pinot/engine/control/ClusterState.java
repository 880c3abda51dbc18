package com.paymentic.pinot.engine.control;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.paymentic.pinot.engine.control.MetadataStore.Kind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.apache.pinot.spi.config.table.TableConfig;
import org.apache.pinot.spi.config.table.TableType;
import org.apache.pinot.spi.config.user.UserConfig;
import org.apache.pinot.spi.data.LogicalTableConfig;
import org.apache.pinot.spi.data.Schema;
import org.apache.pinot.spi.utils.JsonUtils;
import org.apache.pinot.spi.utils.builder.TableNameBuilder;

/**
 * What ZooKeeper holds in a cluster: schemas, tables, logical tables, instances, users and cluster configs.
 *
 * <p>Everything is in memory for reading; each change goes to disk before it is seen. Reads need no lock. A change that
 * depends on what was read (validate, then write) runs {@linkplain #exclusively alone}.
 */
final class ClusterState {
  /** The cluster configs that a new Pinot 1.5.1 cluster has. */
  static final Map<String, String> NEW_CLUSTER_CONFIGS = Map.of("allowParticipantAutoJoin", "true",
      "enable.case.insensitive", "true", "pinot.broker.enable.query.limit.override", "true",
      "default.hyperloglog.log2m", "8");

  private static final String CLUSTER_CONFIGS = "configs";

  private final MetadataStore _store;
  private final ReentrantLock _changes = new ReentrantLock();
  private final SortedMap<String, Schema> _schemas = new ConcurrentSkipListMap<>();
  private final SortedMap<String, TableEntry> _tables = new ConcurrentSkipListMap<>();
  private final SortedMap<String, LogicalTableConfig> _logicalTables = new ConcurrentSkipListMap<>();
  private final SortedMap<String, Instance> _instances = new ConcurrentSkipListMap<>();
  private final SortedMap<String, UserConfig> _users = new ConcurrentSkipListMap<>();
  private final SortedMap<String, String> _clusterConfigs = new ConcurrentSkipListMap<>();

  /**
   * Loads everything.
   *
   * @throws IllegalStateException naming the file that cannot be read
   */
  ClusterState(MetadataStore store) {
    _store = store;
    load(Kind.SCHEMAS, _schemas, json -> JsonUtils.jsonNodeToObject(json, Schema.class));
    load(Kind.TABLES, _tables, ClusterState::tableEntry);
    load(Kind.LOGICAL_TABLES, _logicalTables, json -> JsonUtils.jsonNodeToObject(json, LogicalTableConfig.class));
    load(Kind.INSTANCES, _instances, json -> JsonUtils.jsonNodeToObject(json, Instance.class));
    load(Kind.USERS, _users, json -> JsonUtils.jsonNodeToObject(json, UserConfig.class));
    JsonNode configs = store.load(Kind.CLUSTER).get(CLUSTER_CONFIGS);
    if (configs == null) {
      putClusterConfigs(NEW_CLUSTER_CONFIGS);
    } else {
      configs.properties().forEach(entry -> _clusterConfigs.put(entry.getKey(), entry.getValue().asText()));
    }
  }

  private interface Reader<T> {
    T read(JsonNode json)
        throws IOException;
  }

  private <T> void load(Kind kind, Map<String, T> into, Reader<T> reader) {
    _store.load(kind).forEach((name, json) -> {
      try {
        into.put(name, reader.read(json));
      } catch (IOException | RuntimeException e) {
        throw MetadataStore.damaged(_store.file(kind, name), e);
      }
    });
  }

  private static TableEntry tableEntry(JsonNode json)
      throws IOException {
    TableEntry.Document document = JsonUtils.jsonNodeToObject(json, TableEntry.Document.class);
    return new TableEntry(JsonUtils.jsonNodeToObject(document.config(), TableConfig.class), document.servers(),
        new TreeSet<>(document.brokers()), document.pause());
  }

  /** Runs a change alone: no other change happens between what it reads and what it writes. */
  <T> T exclusively(Supplier<T> change) {
    _changes.lock();
    try {
      return change.get();
    } finally {
      _changes.unlock();
    }
  }

  // Schemas

  Optional<Schema> schema(String name) {
    return Optional.ofNullable(_schemas.get(name));
  }

  Collection<String> schemaNames() {
    return Collections.unmodifiableSet(_schemas.keySet());
  }

  void putSchema(Schema schema) {
    _store.put(Kind.SCHEMAS, schema.getSchemaName(), schema.toJsonObject());
    _schemas.put(schema.getSchemaName(), schema);
  }

  void deleteSchema(String name) {
    _store.delete(Kind.SCHEMAS, name);
    _schemas.remove(name);
  }

  // Tables

  Optional<TableEntry> table(String nameWithType) {
    return Optional.ofNullable(_tables.get(nameWithType));
  }

  /** @param name with or without the type's suffix */
  Optional<TableEntry> table(String name, TableType type) {
    return table(TableNameBuilder.forType(type).tableNameWithType(name));
  }

  Collection<TableEntry> tables() {
    return Collections.unmodifiableCollection(_tables.values());
  }

  /** @return the OFFLINE and REALTIME tables of a raw name */
  List<TableConfig> configsOf(String rawName) {
    return List.of(TableType.OFFLINE, TableType.REALTIME).stream().flatMap(type -> table(rawName, type).stream())
        .map(TableEntry::config).toList();
  }

  void putTable(TableEntry table) {
    _store.put(Kind.TABLES, table.name(), json(table.document()));
    _tables.put(table.name(), table);
  }

  void deleteTable(String nameWithType) {
    _store.delete(Kind.TABLES, nameWithType);
    _tables.remove(nameWithType);
  }

  // Logical tables

  Optional<LogicalTableConfig> logicalTable(String name) {
    return Optional.ofNullable(_logicalTables.get(name));
  }

  Collection<LogicalTableConfig> logicalTables() {
    return Collections.unmodifiableCollection(_logicalTables.values());
  }

  void putLogicalTable(LogicalTableConfig logicalTable) {
    _store.put(Kind.LOGICAL_TABLES, logicalTable.getTableName(), json(logicalTable));
    _logicalTables.put(logicalTable.getTableName(), logicalTable);
  }

  void deleteLogicalTable(String name) {
    _store.delete(Kind.LOGICAL_TABLES, name);
    _logicalTables.remove(name);
  }

  // Instances

  Optional<Instance> instance(String id) {
    return Optional.ofNullable(_instances.get(id));
  }

  Collection<Instance> instances() {
    return Collections.unmodifiableCollection(_instances.values());
  }

  /** @return the ids of the instances with a tag, sorted */
  List<String> instancesWithTag(String tag) {
    return _instances.values().stream().filter(instance -> instance.tags().contains(tag)).map(Instance::id).toList();
  }

  void putInstance(Instance instance) {
    _store.put(Kind.INSTANCES, instance.id(), json(instance));
    _instances.put(instance.id(), instance);
  }

  /** An instance whose id changes with its port: it is known while the engine runs, not kept. */
  void putTransientInstance(Instance instance) {
    _instances.put(instance.id(), instance);
  }

  // Users

  /** @return users by {@code name_COMPONENT} */
  SortedMap<String, UserConfig> users() {
    return Collections.unmodifiableSortedMap(_users);
  }

  void putUser(UserConfig user) {
    _store.put(Kind.USERS, user.getUsernameWithComponent(), json(user));
    _users.put(user.getUsernameWithComponent(), user);
  }

  void deleteUser(String nameWithComponent) {
    _store.delete(Kind.USERS, nameWithComponent);
    _users.remove(nameWithComponent);
  }

  // Cluster configs

  SortedMap<String, String> clusterConfigs() {
    return Collections.unmodifiableSortedMap(_clusterConfigs);
  }

  /** @param changes by key; a null value removes */
  void putClusterConfigs(Map<String, String> changes) {
    ObjectNode document = JsonUtils.newObjectNode();
    SortedMap<String, String> changed = new TreeMap<>(_clusterConfigs);
    changes.forEach((key, value) -> {
      if (value == null) {
        changed.remove(key);
      } else {
        changed.put(key, value);
      }
    });
    changed.forEach(document::put);
    _store.put(Kind.CLUSTER, CLUSTER_CONFIGS, document);
    _clusterConfigs.putAll(changed);
    _clusterConfigs.keySet().retainAll(changed.keySet());
  }

  private static JsonNode json(Object value) {
    try {
      // Through text: Pinot's classes write themselves by their own serializers.
      return JsonUtils.stringToJsonNode(JsonUtils.objectToString(value));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("cannot be written as JSON: " + value.getClass().getName(), e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
