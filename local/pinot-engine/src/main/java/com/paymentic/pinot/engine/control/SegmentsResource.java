package com.paymentic.pinot.engine.control;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.paymentic.pinot.engine.DataPlane;
import com.paymentic.pinot.engine.DataPlane.JobStatus;
import com.paymentic.pinot.engine.DataPlane.SegmentInfo;
import com.paymentic.pinot.engine.EngineException;
import java.util.List;
import java.util.Optional;
import org.apache.pinot.common.utils.LLCSegmentName;
import org.apache.pinot.spi.config.table.TableType;
import org.apache.pinot.spi.config.user.AccessType;
import org.apache.pinot.spi.utils.JsonUtils;

/** /segments: listing and reloading. */
final class SegmentsResource {
  private static final double MS_A_MINUTE = 60_000.0;

  private final TableNames _names;
  private final DataPlane _data;

  SegmentsResource(ClusterState state, DataPlane data) {
    _names = new TableNames(state);
    _data = data;
  }

  void register(Routes routes) {
    routes.add(AccessType.READ, "GET", "/segments/{tableName}", this::list)
        .add(AccessType.READ, "GET", "/segments/{tableName}/servers", this::servers)
        .add(AccessType.UPDATE, "POST", "/segments/{tableName}/reload", this::reload)
        .add(AccessType.UPDATE, "POST", "/segments/{tableName}/{segmentName}/reload", this::reloadOne)
        .add(AccessType.READ, "GET", "/segments/segmentReloadStatus/{jobId}", this::reloadStatus)
        .add(AccessType.READ, "GET", "/segments/{tableNameWithType}/needReload", this::needReload)
        .addUnsupported("DELETE", "/segments/{tableName}", "deleting segments; delete the table, or replace the segment")
        .addUnsupported("DELETE", "/segments/{tableName}/{segmentName}",
            "deleting segments; delete the table, or replace the segment")
        .addUnsupported("POST", "/segments", "uploading a built segment; use ingestFromFile")
        .addUnsupported("POST", "/v2/segments", "uploading a built segment; use ingestFromFile")
        .addUnsupported("GET", "/segments/{tableName}/{segmentName}", "downloading a segment")
        .addUnsupported("GET", "/segments/{tableName}/{segmentName}/metadata", "the metadata of a segment")
        .addUnsupported("GET", "/segments/{tableName}/metadata", "the metadata of segments")
        .addUnsupported("POST", "/segments/{tableNameWithType}/reset", "resetting segments; there is no ERROR state")
        .addUnsupported("POST", "/segments/{tableNameWithType}/{segmentName}/reset",
            "resetting segments; there is no ERROR state");
  }

  private Reply list(Request request) {
    for (String parameter : List.of("startTimestamp", "endTimestamp")) {
      if (request.query(parameter).filter(text -> !text.isEmpty()).isPresent()) {
        throw Routes.unsupported("selecting segments by " + parameter);
      }
    }
    ArrayNode body = JsonUtils.newArrayNode();
    for (TableEntry table : _names.existing(request.path("tableName"), request.tableType())) {
      ArrayNode names = body.addObject().putArray(table.type().name());
      _data.segments(table.name()).forEach(segment -> names.add(segment.name()));
    }
    return Reply.json(body);
  }

  private Reply servers(Request request) {
    ArrayNode body = JsonUtils.newArrayNode();
    for (TableEntry table : _names.existing(request.path("tableName"), request.tableType())) {
      List<String> segments = _data.segments(table.name()).stream().map(SegmentInfo::name).toList();
      ObjectNode one = body.addObject().put("tableName", table.name());
      ObjectNode byServer = one.putObject("serverToSegmentsMap");
      ObjectNode counts = one.putObject("serverToSegmentsCountMap");
      for (String server : table.servers()) {
        byServer.set(server, JsonUtils.objectToJsonNode(segments));
        counts.put(server, segments.size());
      }
    }
    return Reply.json(body);
  }

  private Reply reload(Request request) {
    String name = request.path("tableName");
    List<TableEntry> tables = _names.existing(name, request.tableType());
    ObjectNode jobs = JsonUtils.newObjectNode();
    for (TableEntry table : tables) {
      if (!_data.segments(table.name()).isEmpty()) {
        jobs.putObject(table.name()).put("reloadJobId", _data.reload(table.name(), null))
            .put("reloadJobMetaZKStorageStatus", "SUCCESS").put("numMessagesSent", "1");
      }
    }
    if (jobs.isEmpty()) {
      throw new EngineException(404, "Failed to find any segments in table: " + name + " on every instance");
    }
    // JSON inside a string: so it is in Pinot.
    return Reply.done(jobs.toString());
  }

  private Reply reloadOne(Request request) {
    String name = request.path("tableName");
    String segment = request.path("segmentName");
    TableType type = LLCSegmentName.isLLCSegment(segment) ? TableType.REALTIME : TableType.OFFLINE;
    TableEntry table = _names.existing(name, Optional.of(type)).get(0);
    if (_data.segments(table.name()).stream().noneMatch(known -> known.name().equals(segment))) {
      throw new EngineException(404,
          "Failed to find segment: " + segment + " in table: " + name + " on every instance");
    }
    return Reply.done("Submitted reload job id: " + _data.reload(table.name(), segment)
        + ", sent 1 reload messages. Job meta ZK storage status: SUCCESS");
  }

  private Reply reloadStatus(Request request) {
    String id = request.path("jobId");
    JobStatus job = _data.reloadStatus(id)
        .orElseThrow(() -> new EngineException(404, "Failed to find controller job id: " + id));
    boolean over = job.succeeded() + job.failed() >= job.total();
    double minutes = (System.currentTimeMillis() - job.startedAtMs()) / MS_A_MINUTE;
    ObjectNode body = JsonUtils.newObjectNode()
        .put("status", !over ? "IN_PROGRESS" : job.failed() > 0 ? "COMPLETED_WITH_ERRORS" : "COMPLETED");
    body.putObject("metadata").put("jobId", id).put("jobType", "RELOAD_SEGMENT")
        .put("submissionTimeMs", job.startedAtMs()).put("tableNameWithType", job.tableNameWithType())
        .put("messageCount", 1).put("tableName", job.tableNameWithType());
    body.put("successCount", job.succeeded()).put("totalSegmentCount", job.total()).put("totalServersQueried", 1)
        .put("totalServerCallsFailed", 0);
    if (job.failed() > 0) {
      body.put("failureCount", job.failed());
    } else {
      body.putNull("failureCount");
    }
    body.putNull("segmentReloadFailures");
    int remaining = Math.max(0, job.total() - job.succeeded());
    body.put("timeElapsedInMinutes", minutes).put("estimatedTimeRemainingInMinutes",
        job.succeeded() > 0 ? minutes * remaining / job.succeeded() : -1.0);
    return Reply.json(body);
  }

  private Reply needReload(Request request) {
    TableEntry table = _names.existing(request.path("tableNameWithType"), Optional.empty()).get(0);
    boolean needed = _data.needsReload(table.name());
    ObjectNode body = JsonUtils.newObjectNode().put("needReload", needed);
    ObjectNode servers = body.putObject("serverToSegmentsCheckReloadList");
    if (request.flag("verbose", false)) {
      table.servers().forEach(server ->
          servers.putObject(server).put("needReload", needed).put("instanceId", server));
    }
    return Reply.json(body);
  }
}
