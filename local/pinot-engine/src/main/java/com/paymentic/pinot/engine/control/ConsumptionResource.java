package com.paymentic.pinot.engine.control;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.paymentic.pinot.engine.DataPlane;
import com.paymentic.pinot.engine.DataPlane.ConsumptionStatus;
import com.paymentic.pinot.engine.DataPlane.JobStatus;
import com.paymentic.pinot.engine.DataPlane.PartitionStatus;
import com.paymentic.pinot.engine.DataPlane.SegmentInfo;
import com.paymentic.pinot.engine.EngineException;
import java.sql.Timestamp;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.pinot.segment.local.utils.TableConfigUtils;
import org.apache.pinot.spi.config.table.TableConfig;
import org.apache.pinot.spi.config.user.AccessType;
import org.apache.pinot.spi.utils.CommonConstants.ConfigChangeListenerConstants;
import org.apache.pinot.spi.utils.ConsumingSegmentConsistencyModeListener.Mode;
import org.apache.pinot.spi.utils.JsonUtils;

/** Pausing, resuming and committing a REALTIME table's consumption. */
final class ConsumptionResource {
  private static final String MODE = ConfigChangeListenerConstants.CONSUMING_SEGMENT_CONSISTENCY_MODE;

  private final ClusterState _state;
  private final TableNames _names;
  private final DataPlane _data;
  /** By job, the segments that a force commit was to seal: the data plane counts, Pinot lists. */
  private final Map<String, List<String>> _forceCommits = new ConcurrentHashMap<>();

  ConsumptionResource(ClusterState state, DataPlane data) {
    _state = state;
    _names = new TableNames(state);
    _data = data;
  }

  void register(Routes routes) {
    routes.add(AccessType.UPDATE, "POST", "/tables/{tableName}/pauseConsumption", this::pause)
        .add(AccessType.UPDATE, "POST", "/tables/{tableName}/resumeConsumption", this::resume)
        .add(AccessType.READ, "GET", "/tables/{tableName}/pauseStatus", this::pauseStatus)
        .add(AccessType.UPDATE, "POST", "/tables/{tableName}/forceCommit", this::forceCommit)
        .add(AccessType.READ, "GET", "/tables/forceCommitStatus/{jobId}", this::forceCommitStatus)
        .add(AccessType.READ, "GET", "/tables/{tableName}/consumingSegmentsInfo", this::consumingSegments)
        .addUnsupported("POST", "/tables/{tableName}/pauseTopicConsumption", "pausing one of a table's topics")
        .addUnsupported("POST", "/tables/{tableName}/resumeTopicConsumption", "pausing one of a table's topics");
  }

  private Reply pause(Request request) {
    TableEntry table = _names.realtime(request.path("tableName"));
    checkCommitAllowed(table.config());
    List<String> consuming = _data.consumption(table.name()).consumingSegments();
    _data.pauseConsumption(table.name());
    return remember(table.name(), true, request, consuming, "Pause flag is set. Consuming segments are being committed. "
        + "Use /pauseStatus endpoint in a few moments to check if all consuming segments have been committed.");
  }

  private Reply resume(Request request) {
    TableEntry table = _names.realtime(request.path("tableName"));
    String from = request.query("consumeFrom").orElse("lastConsumed");
    if (!from.equalsIgnoreCase("lastConsumed")) {
      if (from.equalsIgnoreCase("smallest") || from.equalsIgnoreCase("largest")) {
        throw Routes.unsupported("consumeFrom=" + from + "; consumption goes on where it stopped");
      }
      throw new EngineException(400, "consumeFrom param '" + from
          + "' is not valid. Valid values are 'lastConsumed', 'smallest' and 'largest'.");
    }
    List<String> consuming = _data.consumption(table.name()).consumingSegments();
    _data.resumeConsumption(table.name());
    return remember(table.name(), false, request, consuming, "Pause flag is cleared. Consuming segments are being "
        + "created. Use /pauseStatus endpoint in a few moments to double check.");
  }

  private Reply remember(String table, boolean paused, Request request, List<String> consuming, String otherwise) {
    TableEntry.Pause pause = new TableEntry.Pause(paused, request.query("comment").orElse(null),
        new Timestamp(System.currentTimeMillis()).toString());
    return _state.exclusively(() -> {
      TableEntry current = _state.table(table).orElseThrow(
          () -> new EngineException(404, "Table " + table + " not found!"));
      _state.putTable(current.withPause(pause));
      return Reply.json(pauseDetails(pause, consuming, otherwise));
    });
  }

  private static ObjectNode pauseDetails(TableEntry.Pause pause, Collection<String> consuming, String otherwise) {
    ObjectNode body = JsonUtils.newObjectNode().put("pauseFlag", pause.paused());
    body.set("consumingSegments", JsonUtils.objectToJsonNode(consuming.stream().sorted().toList()));
    return body.put("reasonCode", "ADMINISTRATIVE").put("comment", pause.comment() == null ? otherwise : pause.comment())
        .put("timestamp", pause.timestamp());
  }

  private Reply pauseStatus(Request request) {
    TableEntry table = _names.realtime(request.path("tableName"));
    TableEntry.Pause pause = table.pause() == null ? new TableEntry.Pause(false, null, "") : table.pause();
    return Reply.json(pauseDetails(pause, _data.consumption(table.name()).consumingSegments(),
        pause.paused() ? "Table is paused." : "Table is unpaused."));
  }

  /** @throws EngineException 500, as in Pinot, for a table whose merged rows a commit may spoil */
  private void checkCommitAllowed(TableConfig table) {
    Mode mode = Mode.fromString(_state.clusterConfigs().get(MODE));
    if (!mode.isForceCommitAllowed() && TableConfigUtils.isTableTypeInconsistentDuringConsumption(table)) {
      throw new EngineException(500, "Force commit disabled for table: " + table.getTableName()
          + ". Table is configured as partial upsert or dropOutOfOrderRecord=true with replication > 1, which can cause "
          + "data inconsistency during force commit. Current cluster config '" + MODE + "' is set to: " + mode
          + ". To enable safer force commit, set cluster config '" + MODE + "' to 'PROTECTED'.");
    }
  }

  private Reply forceCommit(Request request) {
    if (request.query("partitions").isPresent() || request.query("segments").isPresent()) {
      throw Routes.unsupported("force commit of some partitions or segments; without them it commits all");
    }
    TableEntry table = _names.realtime(request.path("tableName"));
    checkCommitAllowed(table.config());
    List<String> consuming = _data.consumption(table.name()).consumingSegments();
    String job = _data.forceCommit(table.name());
    _forceCommits.put(job, consuming);
    return Reply.json(Map.of("forceCommitStatus", "SUCCESS", "jobMetaZKWriteStatus", "SUCCESS", "forceCommitJobId", job));
  }

  private Reply forceCommitStatus(Request request) {
    String id = request.path("jobId");
    JobStatus job = _data.forceCommitStatus(id)
        .orElseThrow(() -> new EngineException(404, "Failed to find controller job id: " + id));
    List<String> committing = _forceCommits.getOrDefault(id, List.of());
    List<String> stillConsuming = _state.table(job.tableNameWithType()).isEmpty() ? List.of()
        : _data.segments(job.tableNameWithType()).stream().filter(SegmentInfo::consuming).map(SegmentInfo::name)
            .filter(committing::contains).toList();
    ObjectNode body = JsonUtils.newObjectNode().put("jobId", id).put("jobType", "FORCE_COMMIT")
        .put("tableName", job.tableNameWithType()).put("submissionTimeMs", String.valueOf(job.startedAtMs()))
        .put("segmentsForceCommitted", JsonUtils.objectToJsonNode(committing).toString())
        .put("numberOfSegmentsYetToBeCommitted", job.total() - job.succeeded() - job.failed());
    body.set("segmentsYetToBeCommitted", JsonUtils.objectToJsonNode(stillConsuming));
    return Reply.json(body);
  }

  private Reply consumingSegments(Request request) {
    TableEntry table = _names.realtime(request.path("tableName"));
    ConsumptionStatus status = _data.consumption(table.name());
    ObjectNode body = JsonUtils.newObjectNode().put("serversFailingToRespond", 0).put("serversUnparsableRespond", 0);
    ObjectNode segments = body.putObject("_segmentToConsumingInfoMap");
    for (SegmentInfo segment : _data.segments(table.name())) {
      if (segment.consuming()) {
        ArrayNode replicas = segments.putArray(segment.name());
        status.partitions().stream().filter(partition -> partition.partition() == segment.partition())
            .forEach(partition -> table.servers().forEach(
                server -> describe(replicas.addObject(), server, partition)));
      }
    }
    return Reply.json(body);
  }

  private static void describe(ObjectNode replica, String server, PartitionStatus partition) {
    String id = String.valueOf(partition.partition());
    String current = String.valueOf(partition.currentOffset());
    replica.put("serverName", server).put("consumerState", partition.state());
    replica.putObject("partitionToOffsetMap").put(id, current);
    ObjectNode offsets = replica.putObject("partitionOffsetInfo");
    offsets.putObject("currentOffsetsMap").put(id, current);
    offsets.putObject("latestUpstreamOffsetMap").put(id, String.valueOf(partition.latestOffset()));
    offsets.putObject("recordsLagMap").put(id,
        String.valueOf(Math.max(0, partition.latestOffset() - partition.currentOffset())));
    // Beyond Pinot's answer: what the table's filter and its errors took away, without any event's value.
    replica.putObject("rows").put("indexed", partition.rowsIndexed()).put("filtered", partition.rowsFiltered())
        .put("failed", partition.rowsWithErrors());
    if (partition.error() != null) {
      replica.put("error", partition.error());
    }
  }
}
