package com.paymentic.pinot.engine.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.paymentic.pinot.engine.ServeOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.apache.pinot.spi.utils.JsonUtils;

/** A control plane on free ports over a data plane in memory, asked over HTTP. */
final class Cluster implements AutoCloseable {
  static final String PASSWORD = "the-admins-secret";
  static final Path ACCEPTED = Path.of(System.getProperty("engine.test.data")).resolve("accepted");
  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  private final ServeOptions _options;
  private final KafkaTopics _topics;
  private ControlPlane _plane;
  MemoryDataPlane data;

  /** An answer; its text as JSON on demand. */
  record Answer(int status, String text) {
    JsonNode json() {
      try {
        return JsonUtils.stringToJsonNode(text);
      } catch (IOException e) {
        throw new UncheckedIOException(text, e);
      }
    }

    String error() {
      return json().get("error").asText();
    }
  }

  Cluster(Path directory, boolean guarded, KafkaTopics topics) {
    _options = new ServeOptions("127.0.0.1", 0, 0, directory, List.of("Server_a_1", "Server_b_1"),
        List.of("Broker_a_1"), List.of(),
        guarded ? Optional.of(new ServeOptions.Admin("admin", PASSWORD)) : Optional.empty());
    _topics = topics;
    start();
  }

  /** An open cluster whose Kafka has every topic. */
  Cluster(Path directory) {
    this(directory, false, table -> 0);
  }

  private void start() {
    data = new MemoryDataPlane();
    _plane = new ControlPlane(_options, data, _topics);
    _plane.start();
  }

  /** A new process on the same directory. */
  void restart() {
    _plane.close();
    start();
  }

  Answer ask(String method, String path, String body, String user) {
    return send(_plane.controllerPort(), method, path, body, user);
  }

  Answer ask(String method, String path, String body) {
    return ask(method, path, body, null);
  }

  Answer get(String path) {
    return ask("GET", path, null);
  }

  Answer query(String sql, String user) {
    return send(_plane.brokerPort(), "POST", "/query/sql", JsonUtils.newObjectNode().put("sql", sql).toString(), user);
  }

  private static Answer send(int port, String method, String path, String body, String user) {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
        .method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
    if (user != null) {
      request.header("Authorization",
          "Basic " + Base64.getEncoder().encodeToString(user.getBytes(StandardCharsets.UTF_8)));
    }
    return send(request.build());
  }

  static Answer send(HttpRequest request) {
    try {
      HttpResponse<String> response = CLIENT.send(request, BodyHandlers.ofString());
      return new Answer(response.statusCode(), response.body());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  URI controller(String path) {
    return URI.create("http://127.0.0.1:" + _plane.controllerPort() + path);
  }

  /** Tags one server and the broker for the accepted tables' tenants. */
  Cluster withTenants() {
    tag("Server_a_1", "payment_server_OFFLINE,payment_server_REALTIME");
    tag("Broker_a_1", "payment_broker_BROKER");
    return this;
  }

  void tag(String instance, String tags) {
    must("PUT", "/instances/" + instance + "/updateTags?updateBrokerResource=true&tags=" + tags, null);
  }

  /** Asks and fails unless it is answered with 200. */
  Answer must(String method, String path, String body) {
    Answer answer = ask(method, path, body);
    if (answer.status() != 200) {
      throw new AssertionError(method + " " + path + " answered " + answer);
    }
    return answer;
  }

  /** Makes an accepted schema and table. */
  void createAccepted(String table) {
    must("POST", "/schemas", accepted("schema-" + table));
    must("POST", "/tables", accepted("table-" + table));
  }

  static String accepted(String name) {
    try {
      return Files.readString(ACCEPTED.resolve(name + ".json"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static ObjectNode acceptedJson(String name) {
    try {
      return (ObjectNode) JsonUtils.stringToJsonNode(accepted(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    _plane.close();
  }
}
