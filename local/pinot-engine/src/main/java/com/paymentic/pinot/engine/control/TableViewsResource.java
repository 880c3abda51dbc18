package com.paymentic.pinot.engine.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.paymentic.pinot.engine.DataPlane;
import com.paymentic.pinot.engine.DataPlane.PartitionStatus;
import com.paymentic.pinot.engine.DataPlane.SegmentInfo;
import com.paymentic.pinot.engine.EngineException;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.pinot.common.utils.config.TagNameUtils;
import org.apache.pinot.spi.config.table.TableType;
import org.apache.pinot.spi.config.user.AccessType;
import org.apache.pinot.spi.utils.JsonUtils;

/** What can be seen of a table at work: external view, size, state, the brokers and servers that hold it. */
final class TableViewsResource {
  private static final String ERROR = "ERROR";

  private final ClusterState _state;
  private final TableNames _names;
  private final DataPlane _data;
  private final Set<String> _live;

  TableViewsResource(ClusterState state, DataPlane data, Set<String> live) {
    _state = state;
    _names = new TableNames(state);
    _data = data;
    _live = live;
  }

  void register(Routes routes) {
    routes
        .add(AccessType.READ, "GET", "/tables/{tableName}/externalview", request -> view(request, this::externalView))
        .add(AccessType.READ, "GET", "/tables/{tableName}/idealstate", request -> view(request, this::assignment))
        .add(AccessType.READ, "GET", "/tables/{tableName}/segmentsStatus", this::segmentsStatus)
        .add(AccessType.READ, "GET", "/tables/{tableName}/size", this::size)
        .add(AccessType.READ, "GET", "/tables/{tableName}/state", this::state)
        .add(AccessType.UPDATE, "PUT", "/tables/{tableName}/state", this::setState)
        .add(AccessType.READ, "GET", "/tables/{tableName}/instances", this::instances)
        .add(AccessType.READ, "GET", "/tables/{tableName}/livebrokers", this::liveBrokers)
        .add(AccessType.READ, "GET", "/tables/livebrokers", this::allLiveBrokers)
        .add(AccessType.READ, "GET", "/debug/tables/{tableName}", this::debug)
        .add(AccessType.READ, "GET", "/tables/{tableName}/status", this::status)
        .addUnsupported("GET", "/tables/{tableName}/metadata", "aggregate column metadata; ask with SQL")
        .addUnsupported("GET", "/tables/{tableName}/indexes", "the indexes of segments; EXPLAIN PLAN shows those used")
        .addUnsupported("POST", "/tables/{tableName}/timeBoundary", "setting a hybrid table's time boundary")
        .addUnsupported("DELETE", "/tables/{tableName}/timeBoundary", "setting a hybrid table's time boundary")
        .add(AccessType.UPDATE, "POST", "/tables/{tableName}/rebuildBrokerResourceFromHelixTags", this::rebuildBrokers);
  }

  /** @return state by server of each segment; a server holds every segment of the tables assigned to it */
  static ObjectNode assignment(TableEntry table, Collection<SegmentInfo> segments, List<String> servers) {
    ObjectNode assignment = JsonUtils.newObjectNode();
    for (SegmentInfo segment : segments) {
      ObjectNode states = assignment.putObject(segment.name());
      servers.forEach(server -> states.put(server, segment.consuming() ? "CONSUMING" : "ONLINE"));
    }
    return assignment;
  }

  /** As {@link #assignment}, but with what is the matter: the segment of a partition that stands still is in ERROR. */
  private ObjectNode externalView(TableEntry table) {
    List<SegmentInfo> segments = _data.segments(table.name());
    ObjectNode view = assignment(table, segments, table.servers());
    Set<Integer> standing = standing(table);
    segments.stream().filter(segment -> segment.consuming() && standing.contains(segment.partition()))
        .forEach(segment -> table.servers().forEach(
            server -> ((ObjectNode) view.get(segment.name())).put(server, ERROR)));
    return view;
  }

  private Set<Integer> standing(TableEntry table) {
    return table.type() == TableType.OFFLINE ? Set.of() : _data.consumption(table.name()).partitions().stream()
        .filter(partition -> partition.state().equals(ERROR)).map(PartitionStatus::partition)
        .collect(Collectors.toSet());
  }

  private ObjectNode assignment(TableEntry table) {
    return assignment(table, _data.segments(table.name()), table.servers());
  }

  private Reply view(Request request, Function<TableEntry, ObjectNode> statesOf) {
    String name = request.path("tableName");
    Optional<TableType> type = request.tableType("tableType");
    Set<String> wanted = request.query("segmentNames").filter(text -> !text.isBlank())
        .map(text -> (Set<String>) new TreeSet<>(List.of(text.trim().split("\\s*,\\s*")))).orElse(Set.of());
    ObjectNode body = JsonUtils.newObjectNode().putNull("OFFLINE").putNull("REALTIME");
    List<TableEntry> found = _names.find(name, type);
    if (found.isEmpty()) {
      throw new EngineException(404, "Table not found");
    }
    for (TableEntry table : found) {
      ObjectNode states = statesOf.apply(table);
      body.set(table.type().name(), wanted.isEmpty() ? states : states.retain(wanted));
    }
    return Reply.json(body);
  }

  private Reply segmentsStatus(Request request) {
    List<TableEntry> found = _names.find(request.path("tableName"), request.tableType("tableType"));
    if (found.isEmpty()) {
      throw new EngineException(404, "Table not found");
    }
    ArrayNode body = JsonUtils.newArrayNode();
    for (TableEntry table : found) {
      Set<Integer> standing = standing(table);
      for (SegmentInfo segment : _data.segments(table.name())) {
        boolean bad = segment.consuming() && standing.contains(segment.partition());
        body.addObject().put("segmentName", segment.name()).put("segmentStatus", bad ? "BAD" : "GOOD");
      }
    }
    return Reply.json(body);
  }

  private Reply size(Request request) {
    String name = request.path("tableName");
    boolean verbose = request.flag("verbose", true);
    List<TableEntry> found = _names.find(name, Optional.empty());
    if (found.isEmpty()) {
      throw new EngineException(404, "Table " + name + " not found");
    }
    ObjectNode body = JsonUtils.newObjectNode().put("tableName", name);
    long replica = 0;
    long total = 0;
    ObjectNode parts = JsonUtils.newObjectNode().putNull("offlineSegments").putNull("realtimeSegments");
    for (TableEntry table : found) {
      ObjectNode part = size(table, verbose);
      parts.set(table.type() == TableType.OFFLINE ? "offlineSegments" : "realtimeSegments", part);
      replica += part.get("reportedSizePerReplicaInBytes").asLong();
      total += part.get("reportedSizeInBytes").asLong();
    }
    body.put("reportedSizeInBytes", total).put("estimatedSizeInBytes", total)
        .put("reportedSizePerReplicaInBytes", replica);
    body.setAll((ObjectNode) parts);
    return Reply.json(body);
  }

  private ObjectNode size(TableEntry table, boolean verbose) {
    long replica = 0;
    ObjectNode segments = JsonUtils.newObjectNode();
    for (SegmentInfo segment : _data.segments(table.name())) {
      replica += segment.sizeBytes();
      if (verbose) {
        ObjectNode one = segments.putObject(segment.name());
        long all = segment.sizeBytes() * table.servers().size();
        one.put("reportedSizeInBytes", all).put("estimatedSizeInBytes", all)
            .put("maxReportedSizePerReplicaInBytes", segment.sizeBytes());
        ObjectNode servers = one.putObject("serverInfo");
        table.servers().forEach(server -> servers.putObject(server).put("segmentName", segment.name())
            .put("diskSizeInBytes", segment.sizeBytes()));
      }
    }
    long all = replica * table.servers().size();
    ObjectNode part = JsonUtils.newObjectNode().put("reportedSizeInBytes", all).put("estimatedSizeInBytes", all)
        .put("missingSegments", 0).put("reportedSizePerReplicaInBytes", replica);
    part.set("segments", segments);
    return part;
  }

  private Reply state(Request request) {
    String name = request.tableNameWithRequiredType();
    if (_state.table(name).isEmpty()) {
      throw new EngineException(404, "Failed to find table: " + name);
    }
    return Reply.json(Map.of("state", "enabled"));
  }

  private Reply setState(Request request) {
    String name = request.tableNameWithRequiredType();
    String state = request.query("state").orElse("null");
    if (!state.equalsIgnoreCase("enable") && !state.equalsIgnoreCase("disable")) {
      throw new EngineException(400, "Unknown state '" + state + "'");
    }
    if (_state.table(name).isEmpty()) {
      throw new EngineException(404, "Table '" + request.path("tableName") + "' does not exist");
    }
    if (state.equalsIgnoreCase("disable")) {
      throw Routes.unsupported("disabling a table; pauseConsumption stops its intake");
    }
    return Reply.done("Request to " + state + " table '" + name + "' is successful");
  }

  private Reply instances(Request request) {
    String role = request.query("type").orElse("").toLowerCase(Locale.ROOT);
    String name = request.path("tableName");
    ObjectNode body = JsonUtils.newObjectNode().put("tableName", name);
    ArrayNode brokers = body.putArray("brokers");
    ArrayNode servers = body.putArray("server");
    for (TableEntry table : _names.find(name, Optional.empty())) {
      if (!role.equals("server")) {
        addInstances(brokers, table.type(), table.brokers());
      }
      if (!role.equals("broker")) {
        addInstances(servers, table.type(), table.servers());
      }
    }
    return Reply.json(body);
  }

  private static void addInstances(ArrayNode to, TableType type, Collection<String> ids) {
    JsonNode instances = JsonUtils.objectToJsonNode(ids);
    to.addObject().put("tableType", type.name().toLowerCase(Locale.ROOT)).set("instances", instances);
  }

  private Reply liveBrokers(Request request) {
    String name = request.path("tableName");
    List<TableEntry> found = _names.find(name, Optional.empty());
    if (found.isEmpty()) {
      throw new EngineException(404, "Table=" + name + " not found");
    }
    // Of a hybrid table, the brokers that answer for both halves.
    Set<String> brokers = new TreeSet<>(_live);
    found.forEach(table -> brokers.retainAll(table.brokers()));
    return Reply.json(brokers);
  }

  private Reply allLiveBrokers(Request request) {
    Set<String> wanted = request.query("tables").map(text -> (Set<String>) new TreeSet<>(List.of(text.split(","))))
        .orElse(Set.of());
    Map<String, ArrayNode> body = new TreeMap<>();
    for (TableEntry table : _state.tables()) {
      if (wanted.isEmpty() || wanted.contains(table.name()) || wanted.contains(TableNames.raw(table.name()))) {
        table.brokers().stream().filter(_live::contains).flatMap(id -> _state.instance(id).stream())
            .forEach(broker -> body.computeIfAbsent(table.name(), n -> JsonUtils.newArrayNode()).addObject()
                .put("instanceName", broker.id()).put("host", broker.host())
                .put("port", Integer.parseInt(broker.port())).put("grpcPort", -1));
      }
    }
    return Reply.json(body);
  }

  private Reply rebuildBrokers(Request request) {
    String name = request.path("tableName");
    return _state.exclusively(() -> {
      TableEntry table = _state.table(name).orElseThrow(() -> new EngineException(400,
          "Invalid table configuration for table " + name + ". Table does not exist"));
      SortedSet<String> brokers = new TreeSet<>(
          _state.instancesWithTag(TagNameUtils.extractBrokerTag(table.config().getTenantConfig())));
      if (brokers.equals(table.brokers())) {
        return Reply.done("Broker resource is not rebuilt because ideal state is the same for table: " + name);
      }
      _state.putTable(table.withBrokers(brokers));
      return Reply.done("Rebuilt brokerResource for table: " + name);
    });
  }

  private Reply status(Request request) {
    String name = request.path("tableName");
    String failed = "Failed to get status (ingestion status) for table " + name + ". Reason: ";
    TableType type = request.tableType().orElseThrow(
        () -> new EngineException(500, failed + "Table type should either be realtime|offline"));
    TableEntry table = _state.table(name, type).orElseThrow(() -> new EngineException(500, failed
        + "Specified table name: " + name + " of type: " + request.query("type").orElse("") + " does not exist."));
    if (type == TableType.OFFLINE) {
      throw new EngineException(500, failed + "Cannot retrieve ingestion status for Table : " + table.name()
          + " since it does not use the built-in SegmentGenerationAndPushTask task");
    }
    ObjectNode body = JsonUtils.newObjectNode();
    body.set("ingestionStatus", ingestionStatus(table));
    return Reply.json(body);
  }

  private ObjectNode ingestionStatus(TableEntry table) {
    String errors = table.type() == TableType.OFFLINE ? "" : _data.consumption(table.name()).partitions().stream()
        .filter(partition -> partition.state().equals(ERROR))
        .map(partition -> (partition.partition() < 0 ? "" : "partition " + partition.partition() + ": ")
            + partition.error()).collect(Collectors.joining("; "));
    return JsonUtils.newObjectNode().put("ingestionState", errors.isEmpty() ? "HEALTHY" : "UNHEALTHY")
        .put("errorMessage", errors);
  }

  private Reply debug(Request request) {
    ArrayNode body = JsonUtils.newArrayNode();
    for (TableEntry table : _names.existing(request.path("tableName"), request.tableType())) {
      ObjectNode one = body.addObject().put("tableName", table.name());
      one.set("ingestionStatus", ingestionStatus(table));
      one.put("numSegments", _data.segments(table.name()).size()).put("numServers", table.servers().size())
          .put("numBrokers", table.brokers().size());
      // Pinot lists failed rows here with their values; the engine counts them, in consumingSegmentsInfo.
      one.putArray("segmentDebugInfos");
      one.putArray("serverDebugInfos");
      one.putArray("brokerDebugInfos");
    }
    return Reply.json(body);
  }
}
