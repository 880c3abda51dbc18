package com.paymentic.pinot.engine.control;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.pinot.common.utils.config.TagNameUtils;
import org.apache.pinot.segment.local.utils.TableConfigUtils;
import org.apache.pinot.spi.config.table.TableConfig;
import org.apache.pinot.spi.config.table.TableType;
import org.apache.pinot.spi.config.table.TenantConfig;
import org.apache.pinot.spi.config.table.TierConfig;
import org.apache.pinot.spi.data.Schema;
import org.apache.pinot.spi.utils.CommonConstants.Helix;
import org.apache.pinot.spi.utils.InstanceTypeUtils;
import org.apache.pinot.spi.utils.builder.TableNameBuilder;

/**
 * What a Pinot 1.5.1 controller asks of a table's configuration: Pinot's own checks of a configuration against its
 * schema, then those that need the cluster (tags, replication, hybrid partner, tasks).
 *
 * <p>Violations are {@link IllegalStateException}s with Pinot's words; callers wrap them as their endpoint does.
 */
final class TableRules {
  /** Defaults of {@code controller.default.table.min.replicas} and {@code controller.dimTable.maxSize}. */
  private static final int MIN_REPLICAS = 1;
  private static final String DIMENSION_TABLE_MAX_SIZE = "200M";
  private static final String SCHEDULE = "schedule";
  private static final String MINION_INSTANCE_TAG = "minionInstanceTag";

  /** The generators in Pinot 1.5.1's pinot-minion-builtin-tasks. */
  private static final Set<String> TASK_TYPES = Set.of("MergeRollupTask", "PurgeTask", "RealtimeToOfflineSegmentsTask",
      "RefreshSegmentTask", "SegmentGenerationAndPushTask", "UpsertCompactionTask", "UpsertCompactMergeTask");

  private final ClusterState _state;

  TableRules(ClusterState state) {
    _state = state;
    TableConfigUtils.setDisableGroovy(true);
  }

  /** The checks of POST and PUT /tables. */
  void check(TableConfig table, Schema schema, String typesToSkip) {
    checkAgainstSchema(table, schema, typesToSkip);
    TableConfigUtils.validateTableName(table);
    TableConfigUtils.ensureMinReplicas(table, MIN_REPLICAS);
    TableConfigUtils.ensureStorageQuotaConstraints(table, DIMENSION_TABLE_MAX_SIZE);
    checkHybridPartner(table);
    checkTasks(table, typesToSkip);
    checkInstances(table);
    checkTenants(table);
    checkMinions(table);
  }

  /** The check of POST /tables/validate: no cluster needed. */
  static void checkAgainstSchema(TableConfig table, Schema schema, String typesToSkip) {
    TableConfigUtils.validate(table, schema, typesToSkip);
    if (table.getTunerConfigsList() != null && !table.getTunerConfigsList().isEmpty()) {
      throw Routes.unsupported("tunerConfigs; write the indexes that the tuner would add into the table");
    }
  }

  private void checkHybridPartner(TableConfig table) {
    String rawName = TableNameBuilder.extractRawTableName(table.getTableName());
    if (table.getTableType() == TableType.REALTIME) {
      _state.table(rawName, TableType.OFFLINE).ifPresent(
          offline -> TableConfigUtils.verifyHybridTableConfigs(rawName, offline.config(), table));
    } else {
      _state.table(rawName, TableType.REALTIME).ifPresent(
          realtime -> TableConfigUtils.verifyHybridTableConfigs(rawName, table, realtime.config()));
    }
  }

  static void checkTasks(TableConfig table, String typesToSkip) {
    if (table.getTaskConfig() == null || "ALL".equalsIgnoreCase(typesToSkip) || "TASK".equalsIgnoreCase(typesToSkip)) {
      return;
    }
    table.getTaskConfig().getTaskTypeConfigsMap().forEach((type, settings) -> {
      if (!TASK_TYPES.contains(type)) {
        throw new IllegalStateException("Task generator not found for task type: " + type
            + ", while validating table configs for table: " + table.getTableName());
      }
      if (settings == null) {
        throw new IllegalStateException("Task configuration for " + type + " cannot be null.");
      }
    });
  }

  private void checkInstances(TableConfig table) {
    try {
      assign(table);
    } catch (IllegalStateException e) {
      throw new IllegalStateException("Failed to calculate instance partitions for table: " + table.getTableName()
          + ", reason: " + e.getMessage(), e);
    }
  }

  /**
   * Chooses the servers of a table by its tags, as Pinot's default instance partitions do.
   *
   * @return one server a replica, sorted
   * @throws IllegalStateException with Pinot's words when there are too few
   */
  List<String> assign(TableConfig table) {
    TenantConfig tenant = table.getTenantConfig();
    if (table.getInstanceAssignmentConfigMap() != null && !table.getInstanceAssignmentConfigMap().isEmpty()) {
      throw Routes.unsupported("instanceAssignmentConfigMap; leave it to the environments that have several servers");
    }
    List<String> servers = withTag(table, table.getTableType() == TableType.OFFLINE
        ? TagNameUtils.extractOfflineServerTag(tenant) : TagNameUtils.extractConsumingServerTag(tenant));
    if (table.getTableType() == TableType.REALTIME && TagNameUtils.isRelocateCompletedSegments(tenant)) {
      withTag(table, TagNameUtils.extractCompletedServerTag(tenant));
    }
    return servers.subList(0, table.getReplication());
  }

  private List<String> withTag(TableConfig table, String tag) {
    List<String> servers = _state.instancesWithTag(tag);
    if (servers.isEmpty()) {
      throw new IllegalStateException("No instance found with tag: " + tag + " for table: " + table.getTableName());
    }
    if (servers.size() < table.getReplication()) {
      throw new IllegalStateException("Number of instances: " + servers.size() + " with tag: " + tag
          + " < table replication: " + table.getReplication() + " for table: " + table.getTableName());
    }
    return servers;
  }

  /** Tenants and tiers have instances; absent tenants become DefaultTenant. */
  void checkTenants(TableConfig table) {
    TenantConfig tenant = table.getTenantConfig();
    if (tenant.getBroker() == null || tenant.getServer() == null) {
      table.setTenantConfig(new TenantConfig(orDefault(tenant.getBroker()), orDefault(tenant.getServer()),
          tenant.getTagOverrideConfig()));
    }
    Set<String> tags = new TreeSet<>(Set.of(TagNameUtils.extractBrokerTag(tenant)));
    if (table.getTableType() == TableType.OFFLINE) {
      tags.add(TagNameUtils.extractOfflineServerTag(tenant));
    } else {
      tags.add(serverTag("CONSUMING", TagNameUtils.extractConsumingServerTag(tenant), table));
      tags.add(serverTag("COMPLETED", TagNameUtils.extractCompletedServerTag(tenant), table));
    }
    for (String tag : tags) {
      if (_state.instancesWithTag(tag).isEmpty()) {
        throw new IllegalStateException(
            "Failed to find instances with tag: " + tag + " for table: " + table.getTableName());
      }
    }
    List<TierConfig> tiers = table.getTierConfigsList() == null ? List.of() : table.getTierConfigsList();
    for (TierConfig tier : tiers) {
      if (_state.instancesWithTag(tier.getServerTag()).isEmpty()) {
        throw new IllegalStateException("Failed to find instances with tag: " + tier.getServerTag()
            + " as used by tier: " + tier.getName() + " for table: " + table.getTableName());
      }
    }
  }

  private static String orDefault(String tenant) {
    return tenant == null ? TagNameUtils.DEFAULT_TENANT_NAME : tenant;
  }

  private static String serverTag(String role, String tag, TableConfig table) {
    if (!TagNameUtils.isServerTag(tag)) {
      throw new IllegalStateException(
          "Invalid " + role + " server tag: " + tag + " for table: " + table.getTableName());
    }
    return tag;
  }

  /** A task with a schedule needs a minion with its tag. */
  void checkMinions(TableConfig table) {
    if (table.getTaskConfig() == null) {
      return;
    }
    table.getTaskConfig().getTaskTypeConfigsMap().forEach((type, settings) -> {
      String tag = settings.getOrDefault(MINION_INSTANCE_TAG, Helix.UNTAGGED_MINION_INSTANCE);
      boolean found = _state.instances().stream()
          .anyMatch(instance -> InstanceTypeUtils.isMinion(instance.id()) && instance.tags().contains(tag));
      if (settings.containsKey(SCHEDULE) && !found) {
        throw new IllegalStateException("Failed to find minion instances with tag: " + tag + " for table: "
            + table.getTableName()
            + ". If the task is not required to run, remove the schedule parameter from the task config");
      }
    });
  }
}
