package com.paymentic.pinot.engine.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paymentic.pinot.engine.control.Cluster.Answer;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AccessControlTest {
  private static final String ADMIN = "admin:" + Cluster.PASSWORD;
  private static final String TABLE = "transaction_booked_rt";

  @TempDir
  Path _directory;

  private Cluster _cluster;

  @BeforeEach
  void start() {
    _cluster = new Cluster(_directory, true, table -> 0);
  }

  @AfterEach
  void close() {
    _cluster.close();
  }

  private Answer admin(String method, String path, String body) {
    Answer answer = _cluster.ask(method, path, body, ADMIN);
    assertEquals(200, answer.status(), answer.text());
    return answer;
  }

  private void user(String name, String component, String more) {
    admin("POST", "/users", "{\"username\":\"" + name + "\",\"password\":\"pw-" + name + "\",\"component\":\"" + component
        + "\",\"role\":\"USER\"" + more + "}");
  }

  private void createTable() {
    String tags = "/updateTags?updateBrokerResource=true&tags=";
    admin("PUT", "/instances/Server_a_1" + tags + "payment_server_OFFLINE,payment_server_REALTIME", null);
    admin("PUT", "/instances/Broker_a_1" + tags + "payment_broker_BROKER", null);
    admin("POST", "/schemas", Cluster.accepted("schema-" + TABLE));
    admin("POST", "/tables", Cluster.accepted("table-" + TABLE));
  }

  @Test
  void onlyHealthAndTheLoginQuestionAreOpen() {
    assertEquals("OK", _cluster.get("/health").text());
    assertEquals("BASIC", _cluster.get("/auth/info").json().get("workflow").asText());
    for (String path : List.of("/tables", "/users", "/version", "/instances", "/cluster/configs", "/schemas",
        "/tasks/tasktypes", "/debug/tables/x")) {
      assertEquals(403, _cluster.get(path).status(), path);
    }
    for (String path : List.of("/schemas", "/schemas/validate", "/tables", "/tables/validate", "/logicalTables")) {
      String body = path.startsWith("/schemas") ? Cluster.accepted("schema-" + TABLE)
          : path.startsWith("/tables") ? Cluster.accepted("table-" + TABLE)
              : Cluster.accepted("logical-transaction_booked");
      assertEquals(403, _cluster.ask("POST", path, body).status(), path);
    }
  }

  @Test
  void credentialsThatDoNotFitAreNoCredentials() {
    assertEquals(200, _cluster.ask("GET", "/tables", null, ADMIN).status());
    for (String wrong : List.of("admin:wrong", "admin:", "nobody:x", "admin", ":" + Cluster.PASSWORD)) {
      assertEquals(403, _cluster.ask("GET", "/tables", null, wrong).status(), wrong);
    }
    for (String header : List.of("Basic ###", "Bearer abc", "Basic", "")) {
      HttpRequest request = HttpRequest.newBuilder(_cluster.controller("/tables")).header("Authorization", header).build();
      assertEquals(403, Cluster.send(request).status(), header);
    }
  }

  @Test
  void aControllerUserMaySeeItsTablesAndNoMore() {
    createTable();
    user("viewer", "CONTROLLER", ",\"tables\":[\"" + TABLE + "\"],\"permissions\":[\"READ\"]");
    String viewer = "viewer:pw-viewer";

    assertEquals(200, _cluster.ask("GET", "/tables/" + TABLE, null, viewer).status());
    assertEquals(200, _cluster.ask("GET", "/segments/" + TABLE, null, viewer).status());
    assertEquals(403, _cluster.ask("GET", "/schemas/payment_analytics", null, viewer).status());
    assertEquals(403, _cluster.ask("DELETE", "/tables/" + TABLE, null, viewer).status());
    assertEquals(403, _cluster.ask("PUT", "/tables/" + TABLE, "{}", viewer).status());
    assertEquals(403, _cluster.ask("POST", "/tables", Cluster.accepted("table-" + TABLE), viewer).status());
  }

  @Test
  void aBrokerUserReadsItsTablesByAnyWritingOfTheirNames() {
    createTable();
    user("finance", "BROKER", ",\"tables\":[\"" + TABLE + "\"]");
    String finance = "finance:pw-finance";

    assertEquals(200, _cluster.query("select * from " + TABLE, finance).status());
    assertEquals(200, _cluster.query("select * from " + TABLE.toUpperCase() + "_REALTIME", finance).status());
    Answer denied = _cluster.query("select * from " + TABLE + " a join payment_analytics b on a.x = b.x", finance);
    assertEquals(403, denied.status());
    assertEquals("Permission denied.Reason: Authorization Failed for tables: [payment_analytics]", denied.error());
    assertEquals(401, _cluster.query("select * from " + TABLE, null).status());
    assertEquals(401, _cluster.query("select * from " + TABLE, "finance:wrong").status());
    assertEquals(200, _cluster.query("select 1", null).status());
    assertEquals(403, _cluster.ask("GET", "/tables", null, finance).status());
  }

  @Test
  void aUserOfTheLogicalTableNeedsItsMembers() {
    createTable();
    admin("POST", "/schemas", Cluster.accepted("schema-transaction_booked_offline"));
    admin("POST", "/tables", Cluster.accepted("table-transaction_booked_offline"));
    admin("POST", "/schemas",
        Cluster.acceptedJson("schema-" + TABLE).put("schemaName", "transaction_booked").toString());
    admin("POST", "/logicalTables", Cluster.accepted("logical-transaction_booked"));
    user("half", "BROKER", ",\"tables\":[\"" + TABLE + "\",\"transaction_booked\"]");
    user("whole", "BROKER", ",\"tables\":[\"" + TABLE + "\",\"transaction_booked_offline\"]");

    Answer denied = _cluster.query("select * from transaction_booked", "half:pw-half");
    assertEquals(403, denied.status());
    assertTrue(denied.error().contains("transaction_booked_offline_OFFLINE"), denied.error());
    assertEquals(200, _cluster.query("select * from transaction_booked", "whole:pw-whole").status());
  }

  @Test
  void changesOfAnAccountHoldAtOnce() {
    user("u", "CONTROLLER", "");
    assertEquals(200, _cluster.ask("GET", "/tables", null, "u:pw-u").status());

    admin("PUT", "/users/u?component=CONTROLLER&passwordChanged=true",
        "{\"username\":\"u\",\"password\":\"new\",\"component\":\"CONTROLLER\",\"role\":\"USER\"}");
    assertEquals(403, _cluster.ask("GET", "/tables", null, "u:pw-u").status());
    assertEquals(200, _cluster.ask("GET", "/tables", null, "u:new").status());

    admin("DELETE", "/users/u?component=CONTROLLER", null);
    assertEquals(403, _cluster.ask("GET", "/tables", null, "u:new").status());
  }

  @Test
  void accountsSurviveARestartAndNoPasswordIsOnDisk() throws IOException {
    user("u", "CONTROLLER", "");

    _cluster.restart();

    assertEquals(200, _cluster.ask("GET", "/tables", null, "u:pw-u").status());
    assertEquals(200, _cluster.ask("GET", "/tables", null, ADMIN).status());
    try (Stream<Path> files = Files.walk(_directory)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String text = Files.readString(file);
        assertFalse(text.contains("pw-u") || text.contains(Cluster.PASSWORD), file.toString());
      }
    }
  }
}
