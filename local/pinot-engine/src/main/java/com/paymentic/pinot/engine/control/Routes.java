package com.paymentic.pinot.engine.control;

import com.paymentic.pinot.engine.EngineException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.pinot.spi.config.user.AccessType;

/**
 * Paths and what answers them.
 *
 * <p>A path such as {@code /tables/{tableName}/state} matches segment by segment; where several match, the one with a
 * literal where the others have a parameter wins, from left to right, as in JAX-RS.
 */
final class Routes {
  /** Answers a request; an {@link EngineException} becomes Pinot's error body. */
  interface Handler {
    Reply answer(Request request);
  }

  /** Who checks the caller. */
  enum Check {
    /** Nobody: Pinot leaves the path open. */
    NONE,
    /** The front, before the handler, by path and access type. */
    BEFORE,
    /** The handler, which knows the table only from the body. */
    BY_HANDLER
  }

  record Route(String method, List<String> segments, AccessType access, Check check, Handler handler) { }

  /** A route and the values of its path's parameters. */
  record Match(Route route, Map<String, String> parameters) { }

  private final List<Route> _routes = new ArrayList<>();

  /** A route whose caller is checked by access type and the table in its path or query. */
  Routes add(AccessType access, String method, String path, Handler handler) {
    return add(new Route(method, segments(path), access, Check.BEFORE, handler));
  }

  /** A route whose handler checks the caller. */
  Routes addChecking(String method, String path, Handler handler) {
    return add(new Route(method, segments(path), AccessType.READ, Check.BY_HANDLER, handler));
  }

  Routes addOpen(String method, String path, Handler handler) {
    return add(new Route(method, segments(path), AccessType.READ, Check.NONE, handler));
  }

  /** A path of Pinot's that this engine answers with 501. */
  Routes addUnsupported(String method, String path, String reason) {
    return add(new Route(method, segments(path), AccessType.READ, Check.BEFORE, request -> {
      throw unsupported(reason);
    }));
  }

  /** Answers 501 on every call of Pinot's that has no route yet. */
  Routes addUnsupported(PinotCalls calls) {
    for (PinotCalls.Call call : calls.calls()) {
      List<String> segments = segments(call.path());
      boolean known = _routes.stream()
          .anyMatch(route -> route.method.equals(call.method()) && shape(route.segments).equals(shape(segments)));
      if (!known) {
        addUnsupported(call.method(), call.path(), call.method() + " " + call.path());
      }
    }
    return this;
  }

  private static List<String> shape(List<String> segments) {
    return segments.stream().map(segment -> isParameter(segment) ? "{}" : segment).toList();
  }

  private Routes add(Route route) {
    _routes.add(route);
    return this;
  }

  static EngineException unsupported(String reason) {
    return new EngineException(501, "not supported by the local engine: " + reason);
  }

  /**
   * Finds the route of a request; HEAD is answered as GET, as in JAX-RS.
   *
   * @throws EngineException 404 when no path matches, 405 when none matches with this method
   */
  Match match(String requestMethod, String rawPath) {
    String method = requestMethod.equals("HEAD") ? "GET" : requestMethod;
    List<String> path = new ArrayList<>();
    for (String segment : segments(rawPath)) {
      path.add(Request.decode(segment.replace("+", "%2B")));
    }
    Route best = null;
    boolean pathKnown = false;
    for (Route route : _routes) {
      if (matches(route.segments, path)) {
        pathKnown = true;
        if (route.method.equals(method) && (best == null || isMoreLiteral(route.segments, best.segments))) {
          best = route;
        }
      }
    }
    if (best == null) {
      throw pathKnown ? new EngineException(405, "HTTP 405 Method Not Allowed")
          : new EngineException(404, "HTTP 404 Not Found");
    }
    return new Match(best, parameters(best.segments, path));
  }

  private static List<String> segments(String path) {
    List<String> segments = new ArrayList<>(List.of(path.split("/")));
    segments.removeIf(String::isEmpty);
    return segments;
  }

  private static boolean isParameter(String segment) {
    return segment.startsWith("{");
  }

  private static boolean matches(List<String> route, List<String> path) {
    if (route.size() != path.size()) {
      return false;
    }
    for (int i = 0; i < path.size(); i++) {
      if (!isParameter(route.get(i)) && !route.get(i).equals(path.get(i))) {
        return false;
      }
    }
    return true;
  }

  private static boolean isMoreLiteral(List<String> one, List<String> other) {
    for (int i = 0; i < one.size(); i++) {
      boolean oneParameter = isParameter(one.get(i));
      if (oneParameter != isParameter(other.get(i))) {
        return !oneParameter;
      }
    }
    return false;
  }

  private static Map<String, String> parameters(List<String> route, List<String> path) {
    Map<String, String> parameters = new HashMap<>();
    for (int i = 0; i < path.size(); i++) {
      if (isParameter(route.get(i))) {
        parameters.put(route.get(i).substring(1, route.get(i).length() - 1), path.get(i));
      }
    }
    return parameters;
  }
}
