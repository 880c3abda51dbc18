package com.paymentic.pinot.engine.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.paymentic.pinot.engine.EngineException;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import org.apache.pinot.common.Utils;
import org.apache.pinot.common.utils.LoggerUtils;
import org.apache.pinot.spi.config.user.AccessType;
import org.apache.pinot.spi.utils.JsonUtils;

/** /health, /version, /auth, /cluster and /loggers. */
final class SystemResource {
  private final ClusterState _state;
  private final AccessControl _access;
  /** Pinot's own list comes from the manifests of all jars; reading them takes a moment, and they do not change. */
  private Map<String, String> _versions;

  SystemResource(ClusterState state, AccessControl access) {
    _state = state;
    _access = access;
  }

  void register(Routes routes) {
    routes.addOpen("GET", "/health", request -> Reply.text("OK"))
        .add(AccessType.READ, "GET", "/pinot-controller/admin", request -> Reply.text("GOOD"))
        .add(AccessType.READ, "GET", "/version", request -> Reply.json(versions()))
        .addOpen("GET", "/auth/info", request ->
            Reply.json(Map.of("workflow", _access.enabled() ? "BASIC" : "NONE")))
        .addOpen("GET", "/auth/verify", this::verify)
        .add(AccessType.READ, "GET", "/cluster/info", request -> Reply.json(Map.of("clusterName", "local")))
        .add(AccessType.READ, "GET", "/cluster/configs", request -> Reply.json(_state.clusterConfigs()))
        .add(AccessType.UPDATE, "POST", "/cluster/configs", this::setClusterConfigs)
        .add(AccessType.DELETE, "DELETE", "/cluster/configs/{configName}", this::deleteClusterConfig)
        .add(AccessType.READ, "GET", "/loggers", request -> Reply.json(LoggerUtils.getAllConfiguredLoggers()))
        .add(AccessType.READ, "GET", "/loggers/{loggerName}", this::logger)
        .addUnsupported("PUT", "/loggers/{loggerName}",
            "PUT /loggers; Pinot's finer levels would write events' values into the log");
  }

  private synchronized Map<String, String> versions() {
    if (_versions == null) {
      _versions = new TreeMap<>(Utils.getComponentVersions());
    }
    return _versions;
  }

  private Reply verify(Request request) {
    AccessType access = request.query("accessType").map(SystemResource::accessType).orElse(AccessType.READ);
    return Reply.json(_access.mayUseController(request, access, request.query("tableName")));
  }

  private static AccessType accessType(String text) {
    try {
      return AccessType.valueOf(text);
    } catch (IllegalArgumentException e) {
      throw new EngineException(404, "HTTP 404 Not Found", e);
    }
  }

  private Reply setClusterConfigs(Request request) {
    JsonNode body;
    try {
      body = JsonUtils.stringToJsonNode(request.text());
    } catch (IOException e) {
      throw new EngineException(400, "Error converting request to cluster config.", e);
    }
    Map<String, String> changes = new TreeMap<>();
    body.properties().forEach(entry ->
        changes.put(entry.getKey(), entry.getValue().isNull() ? null : entry.getValue().asText()));
    return _state.exclusively(() -> {
      _state.putClusterConfigs(changes);
      return Reply.done("Updated cluster config.");
    });
  }

  private Reply deleteClusterConfig(Request request) {
    String key = request.path("configName");
    Map<String, String> removal = new TreeMap<>();
    removal.put(key, null);
    return _state.exclusively(() -> {
      _state.putClusterConfigs(removal);
      return Reply.done("Deleted cluster config: " + key);
    });
  }

  private Reply logger(Request request) {
    String name = request.path("loggerName");
    Map<String, String> info = LoggerUtils.getLoggerInfo(name);
    if (info == null) {
      throw new EngineException(404, "Logger " + name + " not found");
    }
    ObjectNode body = JsonUtils.newObjectNode();
    info.forEach(body::put);
    return Reply.json(body);
  }
}
