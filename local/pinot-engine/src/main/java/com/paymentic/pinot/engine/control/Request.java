package com.paymentic.pinot.engine.control;

import com.paymentic.pinot.engine.EngineException;
import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.pinot.spi.config.table.TableType;
import org.apache.pinot.spi.utils.builder.TableNameBuilder;

/** One HTTP request, with the parameters of its route. */
final class Request {
  /** Configurations are kilobytes; only files are larger, and they are read as a stream. */
  private static final int MAX_BODY_BYTES = 32 * 1024 * 1024;

  private final HttpExchange _exchange;
  private final Map<String, String> _pathParameters;
  private final Map<String, String> _query;
  private String _text;

  Request(HttpExchange exchange, Map<String, String> pathParameters) {
    _exchange = exchange;
    _pathParameters = pathParameters;
    _query = parseQuery(exchange.getRequestURI().getRawQuery());
  }

  private static Map<String, String> parseQuery(String rawQuery) {
    Map<String, String> query = new HashMap<>();
    if (rawQuery != null) {
      for (String pair : rawQuery.split("&")) {
        int equals = pair.indexOf('=');
        String name = equals < 0 ? pair : pair.substring(0, equals);
        query.putIfAbsent(decode(name), equals < 0 ? "" : decode(pair.substring(equals + 1)));
      }
    }
    return query;
  }

  /** @throws EngineException 400 for a percent sign that escapes nothing */
  static String decode(String encoded) {
    try {
      return URLDecoder.decode(encoded, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw new EngineException(400, "The URL holds an escape that is not %XX", e);
    }
  }

  String method() {
    return _exchange.getRequestMethod();
  }

  /** @return the path as sent, without the query */
  String path() {
    return _exchange.getRequestURI().getRawPath();
  }

  /** @return scheme, host and path as the client addressed them */
  String url() {
    return "http://" + header("Host").orElse("localhost") + path();
  }

  Optional<String> header(String name) {
    return Optional.ofNullable(_exchange.getRequestHeaders().getFirst(name));
  }

  List<String> headers(String name) {
    return _exchange.getRequestHeaders().getOrDefault(name, List.of());
  }

  /** @throws IllegalArgumentException when the route has no such parameter: a mistake in this program */
  String path(String name) {
    String value = _pathParameters.get(name);
    if (value == null) {
      throw new IllegalArgumentException("no path parameter " + name);
    }
    return value;
  }

  Optional<String> query(String name) {
    return Optional.ofNullable(_query.get(name));
  }

  boolean flag(String name, boolean otherwise) {
    return query(name).map(Boolean::parseBoolean).orElse(otherwise);
  }

  /** @return the table that Pinot's authorisation sees in the path or, failing that, in the query */
  Optional<String> tableForAccess() {
    for (Map<String, String> parameters : List.of(_pathParameters, _query)) {
      for (String name : List.of("tableName", "tableNameWithType", "schemaName")) {
        if (parameters.containsKey(name)) {
          return Optional.of(parameters.get(name));
        }
      }
    }
    return Optional.empty();
  }

  /** @return the {@code type} parameter; empty when absent or blank. @throws EngineException 400 for another word */
  Optional<TableType> tableType() {
    return tableType("type");
  }

  Optional<TableType> tableType(String parameter) {
    return query(parameter).filter(text -> !text.isBlank()).map(text -> {
      try {
        return TableType.valueOf(text.toUpperCase(Locale.ROOT));
      } catch (IllegalArgumentException e) {
        throw new EngineException(400, "Illegal table type '" + text + "'", e);
      }
    });
  }

  /** @return name with type of a route's table and its required {@code type}. @throws EngineException 400 without it */
  String tableNameWithRequiredType() {
    String text = query("type").orElse(null);
    try {
      TableType type = TableType.valueOf(String.valueOf(text).toUpperCase(Locale.ROOT));
      return TableNameBuilder.forType(type).tableNameWithType(path("tableName"));
    } catch (IllegalArgumentException e) {
      throw new EngineException(400, "Illegal table type: " + text, e);
    }
  }

  /** @throws EngineException 413 for a body that no configuration needs */
  String text() {
    if (_text == null) {
      try {
        byte[] bytes = _exchange.getRequestBody().readNBytes(MAX_BODY_BYTES + 1);
        if (bytes.length > MAX_BODY_BYTES) {
          throw new EngineException(413, "The request's body is larger than " + MAX_BODY_BYTES + " bytes");
        }
        _text = new String(bytes, StandardCharsets.UTF_8);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return _text;
  }

  InputStream stream() {
    return _exchange.getRequestBody();
  }
}
