package com.paymentic.pinot.engine.control;

import com.paymentic.pinot.engine.EngineException;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One port: finds a request's route, lets the access control check it, answers, and turns errors into Pinot's bodies.
 *
 * <p>Logged are method, path and status, never a query string or a body: they may hold SQL with personal data, events or
 * passwords.
 */
final class HttpFront implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(HttpFront.class);
  private static final int BACKLOG = 128;
  private static final Duration STOP_WAIT = Duration.ofSeconds(1);

  static {
    // Read by the JDK's server when its classes load. Without it an answer waits for the client's delayed ACK (40 ms).
    System.setProperty("sun.net.httpserver.nodelay", "true");
  }

  /** Throws when the caller may not; the second parameter tells by which rule. */
  interface Gate {
    void check(Request request, Routes.Route route);
  }

  private final String _role;
  private final Routes _routes;
  private final Gate _gate;
  private final HttpServer _server;
  private final ExecutorService _threads;
  private final AtomicInteger _underWay = new AtomicInteger();
  private volatile boolean _closing;

  /**
   * Binds the port; requests are answered after {@link #start}.
   *
   * @param role what the port is to its callers, for messages and thread names
   * @param threads how many requests are answered at once
   * @throws IllegalStateException when the port is taken
   */
  HttpFront(String role, String host, int port, int threads, Routes routes, Gate gate) {
    _role = role;
    _routes = routes;
    _gate = gate;
    try {
      _server = HttpServer.create(new InetSocketAddress(host, port), BACKLOG);
    } catch (BindException e) {
      throw new IllegalStateException("the " + role + "'s port " + port + " on " + host + " cannot be used: "
          + e.getMessage() + "; stop what listens there or choose another port", e);
    } catch (IOException e) {
      throw new IllegalStateException("cannot listen on " + host + ":" + port + " as " + role + ": " + e, e);
    }
    AtomicInteger number = new AtomicInteger();
    _threads = Executors.newFixedThreadPool(threads, task -> {
      Thread thread = new Thread(task, role + "-http-" + number.incrementAndGet());
      thread.setDaemon(true);
      return thread;
    });
    _server.setExecutor(_threads);
    _server.createContext("/", this::serve);
  }

  void start() {
    _server.start();
  }

  /** @return the port in use; the one that was free when 0 was asked for */
  int port() {
    return _server.getAddress().getPort();
  }

  private void serve(HttpExchange exchange)
      throws IOException {
    _underWay.incrementAndGet();
    try {
      send(exchange, _closing ? Reply.error(503, "The " + _role + " is shutting down") : answer(exchange));
    } finally {
      _underWay.decrementAndGet();
    }
  }

  private void send(HttpExchange exchange, Reply reply)
      throws IOException {
    String path = exchange.getRequestURI().getRawPath();
    if (reply.status() >= 500) {
      LOG.warn("{} {} {} {}", _role, exchange.getRequestMethod(), path, reply.status());
    } else {
      LOG.debug("{} {} {} {}", _role, exchange.getRequestMethod(), path, reply.status());
    }
    try (exchange) {
      exchange.getResponseHeaders().set("Content-Type", reply.contentType());
      reply.headers().forEach((name, value) -> exchange.getResponseHeaders().set(name, value));
      boolean head = exchange.getRequestMethod().equals("HEAD");
      exchange.sendResponseHeaders(reply.status(), head || reply.body().length == 0 ? -1 : reply.body().length);
      if (!head && reply.body().length > 0) {
        try (OutputStream out = exchange.getResponseBody()) {
          out.write(reply.body());
        }
      }
    }
  }

  private Reply answer(HttpExchange exchange) {
    try {
      Routes.Match match = _routes.match(exchange.getRequestMethod(), exchange.getRequestURI().getRawPath());
      Request request = new Request(exchange, match.parameters());
      _gate.check(request, match.route());
      return match.route().handler().answer(request);
    } catch (EngineException e) {
      if (e.status() >= 500) {
        LOG.info("{} {}: {}", _role, exchange.getRequestURI().getRawPath(), e.getMessage());
      }
      return Reply.error(e.status(), e.getMessage());
    } catch (Exception | LinkageError e) {
      return unexpected(exchange, e);
    }
  }

  /** An exception's message may quote a value of an event, so only its kind and place are told and logged. */
  private Reply unexpected(HttpExchange exchange, Throwable error) {
    String reference = UUID.randomUUID().toString();
    StringBuilder places = new StringBuilder();
    for (Throwable cause = error; cause != null; cause = cause.getCause()) {
      places.append(cause == error ? "" : "; caused by ").append(cause.getClass().getName());
      StackTraceElement[] trace = cause.getStackTrace();
      for (int i = 0; i < Math.min(trace.length, 12); i++) {
        places.append("\n  at ").append(trace[i]);
      }
    }
    LOG.error("{} {} {} failed unexpectedly, reference {}: {}", _role, exchange.getRequestMethod(),
        exchange.getRequestURI().getRawPath(), reference, places);
    return Reply.error(500, "Unexpected " + error.getClass().getSimpleName()
        + " in the local engine; its log has the place under reference " + reference);
  }

  /** Stops answering; requests under way get a second. (The JDK's own wait is always as long as it may be.) */
  @Override
  public void close() {
    _closing = true;
    long deadline = System.nanoTime() + STOP_WAIT.toNanos();
    try {
      while (_underWay.get() > 0 && System.nanoTime() < deadline) {
        Thread.sleep(5);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    _server.stop(0);
    _threads.shutdownNow();
  }
}
