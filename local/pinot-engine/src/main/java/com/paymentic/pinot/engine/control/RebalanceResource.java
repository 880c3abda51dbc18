package com.paymentic.pinot.engine.control;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.paymentic.pinot.engine.DataPlane;
import com.paymentic.pinot.engine.DataPlane.SegmentInfo;
import com.paymentic.pinot.engine.EngineException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.apache.pinot.common.utils.config.TagNameUtils;
import org.apache.pinot.spi.config.table.TableType;
import org.apache.pinot.spi.config.user.AccessType;
import org.apache.pinot.spi.utils.JsonUtils;

/**
 * Rebalance: which servers should hold a table by the tags of now, and which do.
 *
 * <p>All servers share one process, so a rebalance moves nothing but the assignment, at once; its answers are Pinot's.
 */
final class RebalanceResource {
  private final ClusterState _state;
  private final DataPlane _data;
  private final TableRules _rules;
  private final Map<String, Long> _finishedJobs = new ConcurrentHashMap<>();

  RebalanceResource(ClusterState state, DataPlane data, TableRules rules) {
    _state = state;
    _data = data;
    _rules = rules;
  }

  void register(Routes routes) {
    routes.add(AccessType.UPDATE, "POST", "/tables/{tableName}/rebalance", this::rebalance)
        .add(AccessType.UPDATE, "DELETE", "/tables/{tableName}/rebalance", this::cancel)
        .add(AccessType.UPDATE, "GET", "/rebalanceStatus/{jobId}", this::status);
  }

  private Reply rebalance(Request request) {
    String name = request.tableNameWithRequiredType();
    boolean preChecks = request.flag("preChecks", false);
    boolean dryRun = request.flag("dryRun", false) || preChecks;
    return _state.exclusively(() -> {
      TableEntry table = _state.table(name).orElseThrow(
          () -> new EngineException(404, "Failed to find table config for table: " + name));
      ObjectNode body = JsonUtils.newObjectNode().put("jobId", UUID.randomUUID().toString());
      List<String> target;
      try {
        target = _rules.assign(table.config());
      } catch (IllegalStateException e) {
        return Reply.json(body.put("status", "FAILED").put("description",
            "Caught exception while fetching/calculating instance partitions: " + e));
      }
      boolean balanced = new TreeSet<>(target).equals(new TreeSet<>(table.servers()));
      if (balanced) {
        body.put("status", "NO_OP").put("description", "Table is already balanced");
      } else if (dryRun) {
        body.put("status", "DONE").put("description", "Dry-run mode");
      } else {
        body.put("status", "DONE").put("description", "Success with minAvailableReplicas: 0 (both IdealState and "
            + "ExternalView should reach the target segment assignment)");
        _state.putTable(table.withServers(target));
        _finishedJobs.put(body.get("jobId").asText(), System.currentTimeMillis());
      }
      List<SegmentInfo> segments = _data.segments(name);
      if (preChecks) {
        body.set("preChecksResult", preChecks(table));
      }
      body.set("rebalanceSummaryResult", summary(table, target, segments));
      body.set("instanceAssignment", instanceAssignment(table, target));
      body.set("segmentAssignment", TableViewsResource.assignment(table, segments, target));
      return Reply.json(body);
    });
  }

  private ObjectNode preChecks(TableEntry table) {
    boolean needsReload = _data.needsReload(table.name());
    ObjectNode checks = JsonUtils.newObjectNode();
    check(checks, "needsReloadStatus", !needsReload,
        needsReload ? "Reload needed prior to running rebalance" : "No need to reload");
    check(checks, "isMinimizeDataMovement", true,
        "Instance assignment not allowed, no need for minimizeDataMovement");
    check(checks, "diskUtilizationDuringRebalance", true, "Within threshold (<90%)");
    check(checks, "diskUtilizationAfterRebalance", true, "Within threshold (<90%)");
    check(checks, "rebalanceConfigOptions", true, "All rebalance parameters look good");
    check(checks, "replicaGroupsInfo", true, (table.type() == TableType.OFFLINE ? "OFFLINE" : "COMPLETED")
        + " segments - Replica Groups are not enabled, replication: " + table.config().getReplication());
    return checks;
  }

  private static void check(ObjectNode checks, String name, boolean passed, String message) {
    checks.putObject(name).put("preCheckStatus", passed ? "PASS" : "WARN").put("message", message);
  }

  private static String partitionsName(TableEntry table) {
    return TableNames.raw(table.name()) + (table.type() == TableType.OFFLINE ? "_OFFLINE" : "_CONSUMING");
  }

  private static ObjectNode instanceAssignment(TableEntry table, List<String> servers) {
    ObjectNode assignment = JsonUtils.newObjectNode();
    ObjectNode partitions = assignment.putObject(table.type() == TableType.OFFLINE ? "OFFLINE" : "CONSUMING");
    partitions.put("instancePartitionsName", partitionsName(table));
    partitions.putObject("partitionToInstancesMap").set("0_0", JsonUtils.objectToJsonNode(servers));
    ObjectNode ids = partitions.putObject("instanceToPartitionIdMap");
    servers.forEach(server -> ids.put(server, 0));
    return assignment;
  }

  private ObjectNode summary(TableEntry table, List<String> target, List<SegmentInfo> segments) {
    Set<String> before = segments.isEmpty() ? Set.of() : new TreeSet<>(table.servers());
    Set<String> after = segments.isEmpty() ? Set.of() : new TreeSet<>(target);
    Set<String> all = new TreeSet<>(before);
    all.addAll(after);
    List<String> added = only(all, id -> !before.contains(id));
    List<String> removed = only(all, id -> !after.contains(id));
    ObjectNode summary = JsonUtils.newObjectNode();
    ObjectNode servers = summary.putObject("serverInfo").put("numServersGettingNewSegments", added.size());
    servers.set("numServers", change(before.size(), after.size()));
    servers.set("serversAdded", JsonUtils.objectToJsonNode(added));
    servers.set("serversRemoved", JsonUtils.objectToJsonNode(removed));
    servers.set("serversUnchanged",
        JsonUtils.objectToJsonNode(only(all, id -> before.contains(id) && after.contains(id))));
    servers.set("serversGettingNewSegments", JsonUtils.objectToJsonNode(added));
    ObjectNode changes = servers.putObject("serverSegmentChangeInfo");
    for (String id : all) {
      boolean was = before.contains(id);
      boolean is = after.contains(id);
      ObjectNode one = changes.putObject(id).put("serverStatus", was && is ? "UNCHANGED" : is ? "ADDED" : "REMOVED")
          .put("totalSegmentsAfterRebalance", is ? segments.size() : 0)
          .put("totalSegmentsBeforeRebalance", was ? segments.size() : 0)
          .put("segmentsAdded", is && !was ? segments.size() : 0).put("segmentsDeleted", was && !is ? segments.size() : 0)
          .put("segmentsUnchanged", was && is ? segments.size() : 0);
      one.set("tagList", JsonUtils.objectToJsonNode(_state.instance(id).map(Instance::tags).orElse(List.of())));
    }
    summary.set("segmentInfo", segmentInfo(table, segments, added.size(), removed.size(), before.size(), after.size()));
    String tag = table.type() == TableType.OFFLINE
        ? TagNameUtils.extractOfflineServerTag(table.config().getTenantConfig())
        : TagNameUtils.extractConsumingServerTag(table.config().getTenantConfig());
    summary.putArray("tagsInfo").addObject().put("tagName", tag)
        .put("numSegmentsToDownload", segments.size() * added.size())
        .put("numSegmentsUnchanged", segments.size() * (after.size() - added.size()))
        .put("numServerParticipants", after.size());
    return summary;
  }

  private static List<String> only(Set<String> ids, Predicate<String> wanted) {
    return new ArrayList<>(ids.stream().filter(wanted).toList());
  }

  private static ObjectNode change(int before, int after) {
    return JsonUtils.newObjectNode().put("valueBeforeRebalance", before).put("expectedValueAfterRebalance", after);
  }

  private static ObjectNode segmentInfo(TableEntry table, List<SegmentInfo> segments, int added, int removed, int before,
      int after) {
    long bytes = segments.stream().mapToLong(SegmentInfo::sizeBytes).sum();
    long average = segments.isEmpty() ? 0 : bytes / segments.size();
    int replicas = table.config().getReplication();
    ObjectNode info = JsonUtils.newObjectNode().put("totalSegmentsToBeMoved", segments.size() * added)
        .put("totalSegmentsToBeDeleted", segments.size() * removed)
        .put("maxSegmentsAddedToASingleServer", added > 0 ? segments.size() : 0)
        .put("estimatedAverageSegmentSizeInBytes", average).put("totalEstimatedDataToBeMovedInBytes", bytes * added);
    info.set("replicationFactor", change(before == 0 ? replicas : before, replicas));
    info.set("numSegmentsInSingleReplica", change(segments.size(), segments.size()));
    info.set("numSegmentsAcrossAllReplicas", change(segments.size() * before, segments.size() * after));
    if (table.type() == TableType.REALTIME) {
      // A consuming segment goes on in the same process: there is never an offset to catch up with.
      ObjectNode consuming = info.putObject("consumingSegmentToBeMovedSummary");
      consuming.put("numConsumingSegmentsToBeMoved", added * (int) segments.stream().filter(SegmentInfo::consuming).count())
          .put("numServersGettingConsumingSegmentsAdded", added);
      for (String part : List.of("consumingSegmentsToBeMovedWithMostOffsetsToCatchUp",
          "consumingSegmentsToBeMovedWithOldestAgeInMinutes", "serverConsumingSegmentSummary")) {
        consuming.putObject(part);
      }
    }
    return info;
  }

  /** A rebalance is over when it is answered: there is never one to cancel. */
  private Reply cancel(Request request) {
    request.tableNameWithRequiredType();
    return Reply.json(List.of());
  }

  private Reply status(Request request) {
    String id = request.path("jobId");
    Long finished = _finishedJobs.get(id);
    if (finished == null) {
      throw new EngineException(404, "Failed to find controller job id: " + id);
    }
    ObjectNode body = JsonUtils.newObjectNode().put("timeElapsedSinceStartInSeconds",
        (System.currentTimeMillis() - finished) / 1000);
    body.putObject("tableRebalanceProgressStats").put("status", "DONE").put("startTimeMs", finished)
        .put("timeToFinishInSeconds", 0).put("completionStatusMsg", "Finished rebalancing table");
    return Reply.json(body);
  }
}
