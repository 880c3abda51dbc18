package com.paymentic.pinot.engine.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.paymentic.pinot.engine.DataPlane;
import com.paymentic.pinot.engine.EngineException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.apache.pinot.common.response.broker.BrokerResponseNative;
import org.apache.pinot.common.utils.request.RequestUtils;
import org.apache.pinot.spi.config.user.AccessType;
import org.apache.pinot.spi.data.LogicalTableConfig;
import org.apache.pinot.spi.exception.QueryErrorCode;
import org.apache.pinot.spi.utils.CommonConstants.Controller;
import org.apache.pinot.spi.utils.JsonUtils;

/** SQL: {@code /query/sql} of the broker and {@code /sql} of the controller. */
final class QueryResource {
  private static final String MISSING = "Payload is missing the query string field 'sql'";

  private final ClusterState _state;
  private final DataPlane _data;
  private final AccessControl _access;

  QueryResource(ClusterState state, DataPlane data, AccessControl access) {
    _state = state;
    _data = data;
    _access = access;
  }

  void registerBroker(Routes routes) {
    routes.addOpen("GET", "/health", request -> Reply.text("OK"))
        .addChecking("POST", "/query/sql", request -> broker(request, body(request)))
        .addChecking("GET", "/query/sql", request -> broker(request, parameters(request)))
        .addUnsupported("POST", "/query", "the multi-stage engine")
        .addUnsupported("GET", "/query", "the multi-stage engine");
  }

  void registerController(Routes routes) {
    routes.addChecking("POST", "/sql", this::controllerPost)
        .addChecking("GET", "/sql", request -> controller(request, parameters(request)));
  }

  private record Query(String sql, Map<String, String> options) { }

  private static Query body(Request request) {
    JsonNode body;
    try {
      body = JsonUtils.stringToJsonNode(request.text());
    } catch (IOException e) {
      throw new EngineException(500, "The payload is not JSON", e);
    }
    if (!body.hasNonNull("sql")) {
      throw new EngineException(500, MISSING);
    }
    return new Query(body.get("sql").asText(), options(body.path("queryOptions").asText("")));
  }

  private static Query parameters(Request request) {
    return new Query(request.query("sql").orElseThrow(() -> new EngineException(500, MISSING)),
        options(request.query("queryOptions").orElse("")));
  }

  private static Map<String, String> options(String text) {
    try {
      return RequestUtils.getOptionsFromString(text);
    } catch (IllegalArgumentException e) {
      throw new EngineException(400, "queryOptions must be name=value pairs divided by semicolons", e);
    }
  }

  private Reply broker(Request request, Query query) {
    if (_access.enabled()) {
      _access.checkQuery(request, physicalTables(tablesOf(query.sql)));
    }
    return answer(query);
  }

  private Reply answer(Query query) {
    JsonNode response = _data.query(query.sql, query.options);
    JsonNode exceptions = response.path("exceptions");
    String code = exceptions.isEmpty() ? "-1" : exceptions.get(0).path("errorCode").asText();
    return Reply.json(response).withHeader(Controller.PINOT_QUERY_ERROR_CODE_HEADER, code);
  }

  private List<String> tablesOf(String sql) {
    try {
      return _data.tablesOf(sql);
    } catch (EngineException e) {
      // SQL that cannot be read reads no table; the query itself answers what is wrong with it.
      return List.of();
    }
  }

  /** @return what the caller must be allowed to read: a logical table's members, else the table as it is called */
  private Set<String> physicalTables(List<String> tables) {
    Set<String> physical = new TreeSet<>();
    for (String written : tables) {
      Optional<LogicalTableConfig> logical = _state.logicalTables().stream()
          .filter(table -> table.getTableName().equalsIgnoreCase(written)).findFirst();
      if (logical.isPresent()) {
        physical.addAll(logical.get().getPhysicalTableConfigMap().keySet());
      } else {
        physical.add(actualName(written));
      }
    }
    return physical;
  }

  /** Names are compared without regard to case, with and without type. */
  private String actualName(String written) {
    List<String> names = new ArrayList<>();
    _state.tables().forEach(table -> {
      names.add(TableNames.raw(table.name()));
      names.add(table.name());
    });
    return names.stream().filter(written::equalsIgnoreCase).findFirst().orElse(written);
  }

  private Reply controllerPost(Request request) {
    Query query;
    try {
      query = body(request);
    } catch (EngineException e) {
      return failure(QueryErrorCode.JSON_PARSING, e.getMessage());
    }
    return controller(request, query);
  }

  /** The controller asks for its own account first and then hands the caller's credentials to the broker. */
  private Reply controller(Request request, Query query) {
    for (String table : tablesOf(query.sql)) {
      if (!_access.mayUseController(request, AccessType.READ, Optional.of(actualName(table)))) {
        return failure(QueryErrorCode.ACCESS_DENIED, QueryErrorCode.ACCESS_DENIED.getDefaultMessage());
      }
    }
    return broker(request, query);
  }

  private static Reply failure(QueryErrorCode code, String message) {
    try {
      return Reply.jsonText(new BrokerResponseNative(code, message).toJsonString());
    } catch (IOException e) {
      throw new IllegalStateException("an error response cannot be written as JSON", e);
    }
  }
}
