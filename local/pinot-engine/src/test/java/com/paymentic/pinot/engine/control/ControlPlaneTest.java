package com.paymentic.pinot.engine.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.paymentic.pinot.engine.DataPlane.PartitionStatus;
import com.paymentic.pinot.engine.EngineException;
import com.paymentic.pinot.engine.control.Cluster.Answer;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.pinot.spi.utils.JsonUtils;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What replaying recorded exchanges does not reach: restarts, refusals of the data plane, secrets in errors. */
class ControlPlaneTest {
  private static final String BOOKED = "transaction_booked_rt";
  private static final String BOOKED_OFFLINE = "transaction_booked_offline";
  private static final String ANALYTICS = "payment_analytics";

  @TempDir
  Path _directory;

  private Cluster _cluster;

  private Cluster cluster() {
    _cluster = new Cluster(_directory).withTenants();
    return _cluster;
  }

  @AfterEach
  void close() {
    if (_cluster != null) {
      _cluster.close();
    }
  }

  @Test
  void aRestartKeepsEverythingAndHandsItToTheDataPlane() {
    Cluster cluster = cluster();
    List.of(BOOKED, BOOKED_OFFLINE, ANALYTICS).forEach(cluster::createAccepted);
    cluster.must("POST", "/schemas",
        Cluster.acceptedJson("schema-" + BOOKED).put("schemaName", "transaction_booked").toString());
    cluster.must("POST", "/logicalTables", Cluster.accepted("logical-transaction_booked"));
    cluster.must("POST", "/cluster/configs", "{\"pinot.x\": \"1\"}");
    cluster.must("POST", "/users", "{\"username\":\"u\",\"password\":\"p\",\"component\":\"BROKER\",\"role\":\"USER\"}");
    cluster.must("POST", "/tables/" + BOOKED + "/pauseConsumption?comment=why", null);
    List<String> paths = List.of("/schemas", "/schemas/" + BOOKED, "/tables", "/tables/" + ANALYTICS,
        "/tables/" + BOOKED, "/logicalTables/transaction_booked", "/cluster/configs", "/users", "/instances?tag="
            + "payment_server_REALTIME", "/tenants", "/tables/" + BOOKED + "/pauseStatus",
        "/tables/" + BOOKED + "/livebrokers");
    List<Answer> before = paths.stream().map(cluster::get).toList();

    cluster.restart();

    assertEquals(before, paths.stream().map(cluster::get).toList());
    assertEquals(Set.of(BOOKED + "_REALTIME", BOOKED_OFFLINE + "_OFFLINE", ANALYTICS + "_REALTIME"),
        cluster.data.tables.keySet());
    assertEquals(Set.of("transaction_booked"), cluster.data.logicalTables.keySet());
    assertEquals(Set.of(BOOKED + "_REALTIME"), cluster.data.paused);
  }

  @Test
  void aTableThatTheDataPlaneRefusesLeavesNothing() {
    Cluster cluster = cluster();
    cluster.must("POST", "/schemas", Cluster.accepted("schema-" + BOOKED));
    cluster.data.refusal = new EngineException(500, "disk full");

    Answer refused = cluster.ask("POST", "/tables", Cluster.accepted("table-" + BOOKED));

    assertEquals(500, refused.status());
    assertEquals("disk full", refused.error());
    assertEquals(404, cluster.get("/tables/" + BOOKED).status());
    cluster.restart();
    assertEquals(404, cluster.get("/tables/" + BOOKED).status());
    cluster.must("POST", "/tables", Cluster.accepted("table-" + BOOKED));
  }

  @Test
  void aChangeThatTheDataPlaneRefusesLeavesTheOldConfiguration() {
    Cluster cluster = cluster();
    cluster.createAccepted(BOOKED);
    Answer before = cluster.get("/tables/" + BOOKED);
    ObjectNode changed = Cluster.acceptedJson("table-" + BOOKED);
    ((ObjectNode) changed.get("segmentsConfig")).put("retentionTimeValue", "31");
    cluster.data.refusal = new EngineException(501, "not this change");

    assertEquals(501, cluster.ask("PUT", "/tables/" + BOOKED, changed.toString()).status());

    assertEquals(before, cluster.get("/tables/" + BOOKED));
    cluster.restart();
    assertEquals(before, cluster.get("/tables/" + BOOKED));
    cluster.must("PUT", "/tables/" + BOOKED, changed.toString());
    assertEquals("31", cluster.get("/tables/" + BOOKED).json().at("/REALTIME/segmentsConfig/retentionTimeValue").asText());
  }

  @Test
  void aDeletionThatFailsCanBeAskedForAgain() {
    Cluster cluster = cluster();
    cluster.createAccepted(BOOKED);
    cluster.data.refusal = new EngineException(500, "a file is in use");

    assertEquals(500, cluster.ask("DELETE", "/tables/" + BOOKED, null).status());
    assertEquals(200, cluster.get("/tables/" + BOOKED).status());

    cluster.data.refusal = null;
    cluster.must("DELETE", "/tables/" + BOOKED, null);
    assertEquals(404, cluster.get("/tables/" + BOOKED).status());
    assertFalse(cluster.data.tables.containsKey(BOOKED + "_REALTIME"));
  }

  @Test
  void theMissingTopicOfATableIsAnErrorBeforeAnythingIsMade() {
    _cluster = new Cluster(_directory, false, table -> {
      throw new EngineException(400, "Kafka topic payments of table " + table.getTableName() + " does not exist");
    }).withTenants();
    _cluster.must("POST", "/schemas", Cluster.accepted("schema-" + BOOKED));

    Answer refused = _cluster.ask("POST", "/tables", Cluster.accepted("table-" + BOOKED));

    assertEquals(400, refused.status());
    assertTrue(refused.error().contains("topic payments"), refused.error());
    assertEquals(404, _cluster.get("/tables/" + BOOKED).status());
    assertEquals(Set.of(), _cluster.data.tables.keySet());
  }

  @Test
  void anErrorInTheProgramIsAnsweredWithoutItsMessage() {
    Cluster cluster = cluster();
    cluster.data.refusal = new IllegalArgumentException("cannot parse jane@doe.example");

    Answer failed = cluster.query("SELECT 1", null);

    assertEquals(500, failed.status());
    assertTrue(failed.error().contains("IllegalArgumentException"), failed.error());
    assertFalse(failed.text().contains("jane"), failed.text());
  }

  @Test
  void credentialsInATableThatIsNotUnderstoodAreNotRepeated() {
    Cluster cluster = cluster();
    String broken = "{\"tableName\": \"t\", \"sasl.jaas.config\": \"password=geheim\", ";
    for (String path : List.of("/tables", "/tables/validate", "/tableConfigs", "/tableConfigs/validate")) {
      Answer refused = cluster.ask("POST", path, broken);

      assertEquals(400, refused.status(), path);
      assertFalse(refused.text().contains("geheim"), refused.text());
    }
    assertFalse(cluster.ask("POST", "/users", "{\"password\": \"geheim\", \"username\": 7,").text().contains("geheim"));
  }

  @Test
  void aVariableOfTheEnvironmentIsFilledInForTheDataPlaneAlone() {
    Cluster cluster = cluster();
    cluster.must("POST", "/schemas", Cluster.accepted("schema-" + BOOKED));
    ObjectNode table = Cluster.acceptedJson("table-" + BOOKED);
    ObjectNode stream = (ObjectNode) table.at("/ingestionConfig/streamIngestionConfig/streamConfigMaps/0");
    stream.put("sasl.jaas.config", "${java.version}");

    cluster.must("POST", "/tables", table.toString());

    String path = "/ingestionConfig/streamIngestionConfig/streamConfigMaps/0/sasl.jaas.config";
    assertEquals("${java.version}", cluster.get("/tables/" + BOOKED).json().get("REALTIME").at(path).asText());
    assertEquals(System.getProperty("java.version"),
        cluster.data.tables.get(BOOKED + "_REALTIME").toJsonNode().at(path).asText());

    stream.put("sasl.jaas.config", "${NOT_SET_ANYWHERE}");
    Answer refused = cluster.ask("POST", "/tables",
        table.put("tableName", ANALYTICS).toString());
    assertEquals(400, refused.status());
  }

  @Test
  void aVariableThatIsNotSetIsNamed() {
    Cluster cluster = cluster();
    cluster.must("POST", "/schemas", Cluster.accepted("schema-" + BOOKED));
    ObjectNode table = Cluster.acceptedJson("table-" + BOOKED);
    ((ObjectNode) table.at("/ingestionConfig/streamIngestionConfig/streamConfigMaps/0"))
        .put("sasl.jaas.config", "${NOT_SET_ANYWHERE}");

    Answer refused = cluster.ask("POST", "/tables", table.toString());

    assertEquals(400, refused.status());
    assertTrue(refused.error().contains("NOT_SET_ANYWHERE"), refused.error());
    assertEquals(404, cluster.get("/tables/" + BOOKED).status());
  }

  @Test
  void rebalanceFollowsTheTagsAndADryRunDoesNot() {
    Cluster cluster = cluster();
    cluster.createAccepted(BOOKED_OFFLINE);
    String rebalance = "/tables/" + BOOKED_OFFLINE + "/rebalance?type=OFFLINE";
    assertEquals("NO_OP", cluster.must("POST", rebalance, null).json().get("status").asText());

    cluster.tag("Server_b_1", "payment_server_OFFLINE");
    cluster.tag("Server_a_1", "");
    assertEquals("DONE", cluster.must("POST", rebalance + "&dryRun=true", null).json().get("status").asText());
    assertEquals("[\"Server_a_1\"]", serversOf(cluster));
    Answer moved = cluster.must("POST", rebalance, null);
    assertEquals("DONE", moved.json().get("status").asText());
    assertEquals("[\"Server_b_1\"]", serversOf(cluster));
    assertEquals("NO_OP", cluster.must("POST", rebalance, null).json().get("status").asText());
    assertEquals("DONE", cluster.must("GET", "/rebalanceStatus/" + moved.json().get("jobId").asText(), null).json()
        .at("/tableRebalanceProgressStats/status").asText());

    cluster.tag("Server_b_1", "");
    assertEquals("FAILED", cluster.must("POST", rebalance, null).json().get("status").asText());
  }

  private static String serversOf(Cluster cluster) {
    return cluster.get("/tables/" + BOOKED_OFFLINE + "/instances?type=server").json().at("/server/0/instances").toString();
  }

  @Test
  void aSchemaLosesAColumnByForceAlone() {
    Cluster cluster = cluster();
    cluster.createAccepted(BOOKED_OFFLINE);
    ObjectNode larger = Cluster.acceptedJson("schema-" + BOOKED_OFFLINE);
    larger.withArray("dimensionFieldSpecs").addObject().put("name", "added").put("dataType", "STRING");
    cluster.must("PUT", "/schemas/" + BOOKED_OFFLINE, larger.toString());
    String smaller = Cluster.accepted("schema-" + BOOKED_OFFLINE);

    assertEquals(400, cluster.ask("PUT", "/schemas/" + BOOKED_OFFLINE, smaller).status());
    assertTrue(cluster.data.schemas.get(BOOKED_OFFLINE).hasColumn("added"));
    cluster.must("PUT", "/schemas/" + BOOKED_OFFLINE + "?force=true", smaller);
    assertFalse(cluster.data.schemas.get(BOOKED_OFFLINE).hasColumn("added"));
  }

  @Test
  void anUpsertIdentityChangesByForceAlone() {
    Cluster cluster = cluster();
    cluster.createAccepted(ANALYTICS);
    ObjectNode table = Cluster.acceptedJson("table-" + ANALYTICS);
    table.putObject("upsertConfig").put("mode", "FULL");

    Answer refused = cluster.ask("PUT", "/tables/" + ANALYTICS, table.toString());
    assertEquals(400, refused.status());
    assertTrue(refused.error().contains("Cannot modify [upsertConfig.mode (PARTIAL -> FULL)"), refused.error());
    assertEquals("PARTIAL", cluster.data.tables.get(ANALYTICS + "_REALTIME").getUpsertMode().name());
    cluster.must("PUT", "/tables/" + ANALYTICS + "?force=true", table.toString());
    assertEquals("FULL", cluster.data.tables.get(ANALYTICS + "_REALTIME").getUpsertMode().name());
  }

  @Test
  void aNewColumnReachesTheDataPlaneAndReloadsOnRequest() {
    Cluster cluster = cluster();
    cluster.createAccepted(BOOKED_OFFLINE);
    ObjectNode schema = Cluster.acceptedJson("schema-" + BOOKED_OFFLINE);
    schema.withArray("dimensionFieldSpecs").addObject().put("name", "added").put("dataType", "STRING");

    cluster.must("PUT", "/schemas/" + BOOKED_OFFLINE, schema.toString());
    assertTrue(cluster.data.schemas.get(BOOKED_OFFLINE).hasColumn("added"));
    assertEquals(List.of(), cluster.data.reloads);

    cluster.must("PUT", "/schemas/" + BOOKED_OFFLINE + "?reload=true", schema.toString());
    assertEquals(List.of(BOOKED_OFFLINE + "_OFFLINE"), cluster.data.reloads);
  }

  @Test
  void tableConfigsMakesAllOrNothing() {
    Cluster cluster = cluster();
    ObjectNode configs = JsonUtils.newObjectNode().put("tableName", BOOKED_OFFLINE);
    configs.set("schema", Cluster.acceptedJson("schema-" + BOOKED_OFFLINE));
    configs.set("offline", Cluster.acceptedJson("table-" + BOOKED_OFFLINE));
    cluster.data.refusal = new EngineException(500, "disk full");
    assertEquals(500, cluster.ask("POST", "/tableConfigs", configs.toString()).status());
    assertEquals(404, cluster.get("/schemas/" + BOOKED_OFFLINE).status());

    cluster.data.refusal = null;
    cluster.must("POST", "/tableConfigs", configs.toString());
    assertEquals(200, cluster.get("/tables/" + BOOKED_OFFLINE).status());

    cluster.must("DELETE", "/tableConfigs/" + BOOKED_OFFLINE, null);
    assertEquals(Set.of(), cluster.data.tables.keySet());
    assertEquals(404, cluster.get("/schemas/" + BOOKED_OFFLINE).status());
  }

  @Test
  void anUploadedFileReachesTheDataPlaneByteForByte() {
    Cluster cluster = cluster();
    cluster.createAccepted(BOOKED_OFFLINE);
    String file = "{\"a\": 1}\r\n--not-the-boundary\r\n\r\n{\"a\": \"ção\"}";
    String body = "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n" + file + "\r\n--B--\r\n";
    String path = "/ingestFromFile?tableNameWithType=" + BOOKED_OFFLINE + "_OFFLINE&batchConfigMapStr=%7B%7D";

    Answer answer = Cluster.send(HttpRequest.newBuilder(cluster.controller(path))
        .header("Content-Type", "multipart/form-data; boundary=B").POST(BodyPublishers.ofString(body)).build());

    assertEquals(200, answer.status(), answer.text());
    assertEquals(List.of(file), cluster.data.files);
    assertEquals(400, cluster.ask("POST", path, file).status());
    assertEquals(0, _directory.resolve("uploads").toFile().list().length);
  }

  @Test
  void manyCallersAtOnceMakeEachTableOnce() throws InterruptedException {
    Cluster cluster = cluster();
    cluster.must("POST", "/schemas", Cluster.accepted("schema-" + BOOKED));
    List<Integer> statuses = Collections.synchronizedList(new ArrayList<>());
    List<Thread> callers = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      callers.add(new Thread(() ->
          statuses.add(cluster.ask("POST", "/tables", Cluster.accepted("table-" + BOOKED)).status())));
    }
    callers.forEach(Thread::start);
    for (Thread caller : callers) {
      caller.join();
    }

    assertEquals(new TreeSet<>(List.of(200, 409)), new TreeSet<>(statuses));
    assertEquals(1, statuses.stream().filter(status -> status == 200).count());
  }

  @Test
  void aPartitionThatStandsStillIsSeenInEveryView() {
    Cluster cluster = cluster();
    cluster.createAccepted(BOOKED);
    String status = "/tables/" + BOOKED + "/status?type=realtime";
    assertEquals("HEALTHY", cluster.must("GET", status, null).json().at("/ingestionStatus/ingestionState").asText());

    cluster.data.partitions.add(new PartitionStatus(0, 5, 9, 5, 0, 0, "ERROR", "Unsupported function: nosuch"));

    assertEquals("{\"ingestionState\":\"UNHEALTHY\",\"errorMessage\":\"partition 0: Unsupported function: nosuch\"}",
        cluster.must("GET", status, null).json().get("ingestionStatus").toString());
    String segment = "/REALTIME/" + BOOKED + "__0__0__20260101T0000Z/Server_a_1";
    assertEquals("ERROR", cluster.get("/tables/" + BOOKED + "/externalview").json().at(segment).asText());
    assertEquals("CONSUMING", cluster.get("/tables/" + BOOKED + "/idealstate").json().at(segment).asText());
    assertEquals("BAD", cluster.get("/tables/" + BOOKED + "/segmentsStatus").json().at("/0/segmentStatus").asText());
    assertEquals("UNHEALTHY",
        cluster.get("/debug/tables/" + BOOKED).json().at("/0/ingestionStatus/ingestionState").asText());
    assertEquals("4", cluster.get("/tables/" + BOOKED + "/consumingSegmentsInfo").json()
        .at("/_segmentToConsumingInfoMap/" + BOOKED + "__0__0__20260101T0000Z/0/partitionOffsetInfo/recordsLagMap/0")
        .asText());
  }

  @Test
  void theAcceptedLogicalTableIsUnderstoodWhole() {
    Cluster cluster = cluster();
    cluster.createAccepted(BOOKED);
    cluster.createAccepted(BOOKED_OFFLINE);
    cluster.must("POST", "/schemas",
        Cluster.acceptedJson("schema-" + BOOKED).put("schemaName", "transaction_booked").toString());

    Answer added = cluster.must("POST", "/logicalTables", Cluster.accepted("logical-transaction_booked"));

    assertEquals("{}", added.json().get("unrecognizedProperties").toString());
    assertEquals(Set.of(BOOKED + "_REALTIME", BOOKED_OFFLINE + "_OFFLINE"),
        cluster.data.logicalTables.get("transaction_booked").getPhysicalTableConfigMap().keySet());
    cluster.data.refusal = new EngineException(501, "not this one");
    assertEquals(501, cluster.ask("PUT", "/logicalTables/transaction_booked",
        Cluster.acceptedJson("logical-transaction_booked").put("brokerTenant", "payment_broker").toString()).status());
    assertEquals(200, cluster.get("/logicalTables/transaction_booked").status());
  }

  @Test
  void pinotsOtherCallsAreToldFromMistakes() {
    Cluster cluster = cluster();
    for (String path : List.of("/zk/ls", "/tables/t/stats", "/tasks/tasktypes", "/segments/t/crc", "/v2/brokers")) {
      Answer refused = cluster.get(path);
      assertEquals(501, refused.status(), path);
      assertTrue(refused.error().startsWith("not supported by the local engine: "), refused.error());
    }
    assertEquals(404, cluster.get("/tabels").status());
    assertEquals(405, cluster.ask("PUT", "/tables", "{}").status());
  }
}
