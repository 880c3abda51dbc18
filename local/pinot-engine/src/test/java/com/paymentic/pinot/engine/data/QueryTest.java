package com.paymentic.pinot.engine.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.apache.pinot.spi.config.table.TableConfig;
import org.apache.pinot.spi.data.Schema;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Names, logical and hybrid tables, options, errors. */
class QueryTest {
  private static final String BOOKED = "transaction_booked_rt";

  @TempDir
  static Path directory;
  private static Engine engine;

  @BeforeAll
  static void start() {
    engine = new Engine(directory, new MemoryStream(1));
    engine.create(BOOKED);
    engine.create("transaction_booked_offline");
    Schema logical = Engine.schema(BOOKED, schema -> schema.put("schemaName", "transaction_booked"));
    engine.plane().putLogicalTable(Engine.logicalTable("transaction_booked"), logical);
    for (int i = 0; i < 10; i++) {
      engine.stream().add(0, Events.booked(i));
    }
    engine.awaitConsumed(BOOKED + "_REALTIME", 10);
  }

  @AfterAll
  static void stop() {
    engine.close();
  }

  private static JsonNode error(String sql) {
    JsonNode answer = engine.query(sql);
    assertTrue(answer.path("resultTable").isMissingNode(), sql);
    return answer.at("/exceptions/0");
  }

  @Test
  void tablesAndColumnsAreFoundWithoutRegardToCaseAndWithTheirType() {
    for (String table : List.of("transaction_booked_rt", "TRANSACTION_BOOKED_RT", "Transaction_Booked_RT_realtime",
        "default.transaction_booked_rt", "transaction_booked_rt_REALTIME")) {
      assertEquals(10, engine.count(table + " WHERE BOOKINGSTATUS = 'SUCCESS'"), table);
    }
    JsonNode answer = engine.query("SELECT transaction_booked_rt.EVENTID, currency AS c FROM transaction_booked_rt "
        + "ORDER BY eventid LIMIT 1");
    assertEquals("[\"eventId\",\"c\"]", answer.at("/resultTable/dataSchema/columnNames").toString());
  }

  @Test
  void aTableOrColumnThatIsNotThereIsSaid() {
    assertEquals(190, error("SELECT COUNT(*) FROM nope").get("errorCode").asInt());
    assertEquals(710, error("SELECT nope FROM " + BOOKED).get("errorCode").asInt());
    assertEquals(710, error("SELECT COUNT(*) FROM " + BOOKED + " WHERE lower(nope) = 'x'").get("errorCode").asInt());
    assertEquals(150, error("SELECT COUNT(* FROM " + BOOKED).get("errorCode").asInt());
    assertEquals(150, error("SELECT currency, COUNT(*) FROM " + BOOKED).get("errorCode").asInt());
  }

  @ParameterizedTest
  @ValueSource(strings = {
      "SELECT a.eventId FROM transaction_booked_rt a JOIN transaction_booked_rt b ON a.eventId = b.eventId",
      "WITH x AS (SELECT * FROM transaction_booked_rt) SELECT COUNT(*) FROM x",
      "SELECT eventId, ROW_NUMBER() OVER (ORDER BY bookedAt) FROM transaction_booked_rt",
      "SELECT eventId FROM transaction_booked_rt UNION ALL SELECT eventId FROM transaction_booked_rt",
      "SELECT COUNT(*) FROM transaction_booked_rt WHERE eventId IN (SELECT eventId FROM transaction_booked_rt)",
      "SET useMultistageEngine=true; SELECT COUNT(*) FROM transaction_booked_rt",
      "SELECT COUNT(*) FROM (SELECT eventId FROM transaction_booked_rt)",
  })
  void whatNeedsTheMultiStageEngineIsRefusedInWords(String sql) {
    JsonNode error = error(sql);
    assertTrue(error.get("message").asText().contains("not supported by the local engine"), error.toString());
  }

  @Test
  void theTablesOfAStatementAreThoseItReads() {
    assertEquals(List.of("a"), engine.plane().tablesOf("SELECT x FROM a WHERE y = 'b'"));
    assertEquals(List.of("a", "b"), engine.plane().tablesOf("SELECT x.c FROM a x JOIN b y ON x.c = y.c"));
    assertEquals(List.of("a", "b"), engine.plane().tablesOf(
        "WITH w AS (SELECT * FROM a) SELECT * FROM w WHERE x IN (SELECT x FROM b) ORDER BY x"));
    assertEquals(List.of(), engine.plane().tablesOf("SELECT 1"));
    assertEquals(List.of("d.a"), engine.plane().tablesOf("EXPLAIN PLAN FOR SELECT * FROM d.a LIMIT 1"));
  }

  @Test
  void literalsAreAnsweredWithoutATable() {
    assertEquals(List.of(List.of(1, "x", 2.5)), engine.rows("SELECT 1, 'x' AS name, 2.5"));
  }

  @Test
  void optionsComeFromTheStatementOrTheRequest() {
    String sql = "SELECT metadata FROM " + BOOKED + " WHERE merchantId IS NULL LIMIT 1";
    assertEquals(0, engine.rows(sql).size());
    JsonNode slow = engine.plane().query("SELECT COUNT(*) FROM " + BOOKED, Map.of("timeoutMs", "0"));
    assertTrue(slow.at("/exceptions/0/errorCode").asInt() > 0, slow.toString());
  }

  @Test
  void anEmptyAnswerHasTheTypesOfTheSchema() {
    JsonNode answer = engine.query("SELECT eventId, amount, bookedAt FROM " + BOOKED + " WHERE eventId = 'none'");
    assertEquals("[\"STRING\",\"BIG_DECIMAL\",\"TIMESTAMP\"]",
        answer.at("/resultTable/dataSchema/columnDataTypes").toString());
    assertEquals(0, answer.at("/resultTable/rows").size());
  }

  @Test
  void anAnswerHasTheFieldsOfABrokerResponse() {
    JsonNode answer = engine.query("SELECT COUNT(*) FROM " + BOOKED);
    for (String field : List.of("exceptions", "requestId", "brokerId", "timeUsedMs", "numDocsScanned", "totalDocs",
        "numServersQueried", "numServersResponded", "numSegmentsQueried", "numConsumingSegmentsQueried",
        "minConsumingFreshnessTimeMs", "partialResult", "tablesQueried")) {
      assertTrue(answer.has(field), field);
    }
    assertEquals(1, answer.get("numServersQueried").asInt());
    assertEquals(10, answer.get("totalDocs").asInt());
    assertTrue(answer.get("minConsumingFreshnessTimeMs").asLong() > 0);
  }

  private static void ingest(String... rows) {
    engine.plane().ingestFile("transaction_booked_offline_OFFLINE",
        new ByteArrayInputStream(String.join("\n", rows).getBytes(StandardCharsets.UTF_8)),
        Map.of("inputFormat", "json", "segmentNameGenerator.type", "fixed",
            "segmentNameGenerator.configs.segment.name", "only"));
  }

  private static String offline(String id, String time) {
    long millis = Instant.parse(time).toEpochMilli();
    return "{\"eventId\":\"" + id + "\",\"amount\":\"1.10\",\"bookedAt\":" + millis + ",\"eventTime\":" + millis + "}";
  }

  @Test
  void aLogicalTableReadsEachRowOnOneSideOfItsTimeBoundary() {
    // Without offline rows there is no boundary, and the realtime side answers alone.
    assertEquals(10, engine.count("transaction_booked"));
    // The realtime rows are of 2026-11-20; the boundary is the last offline time less a day.
    ingest(offline("a", "2026-11-18T00:00:00Z"), offline("b", "2026-11-19T00:00:00Z"),
        offline("c", "2026-11-20T00:00:00Z"));
    assertEquals(12, engine.count("transaction_booked"));
    assertEquals(List.of(List.of("a"), List.of("b")), engine.rows(
        "SELECT eventId FROM Transaction_Booked WHERE eventId IN ('a','b','c') ORDER BY eventId"));
    assertEquals(List.of(List.of(12, 12)), engine.rows("SELECT COUNT(*), DISTINCTCOUNT(eventId) FROM transaction_booked"));
    JsonNode answer = engine.query("SELECT COUNT(*) FROM transaction_booked");
    assertEquals("[\"transaction_booked\"]", answer.get("tablesQueried").toString());
    // Offline rows of a later day hide the realtime rows before the boundary.
    ingest(offline("d", "2026-11-23T00:00:00Z"), offline("e", "2026-11-21T00:00:00Z"));
    assertEquals(List.of(List.of("e")), engine.rows("SELECT eventId FROM transaction_booked"));
    engine.plane().deleteLogicalTable("transaction_booked");
    assertEquals(190, error("SELECT COUNT(*) FROM transaction_booked").get("errorCode").asInt());
    Schema logical = Engine.schema(BOOKED, schema -> schema.put("schemaName", "transaction_booked"));
    engine.plane().putLogicalTable(Engine.logicalTable("transaction_booked"), logical);
  }

  @Test
  void aHybridTableLoadedHourlyReadsUpToAnHourBeforeTheLastOfflineTime() {
    Schema schema = Engine.schema("transaction_booked_offline", json -> json.put("schemaName", "hybrid"));
    TableConfig offline = Engine.table("transaction_booked_offline", table -> {
      table.put("tableName", "hybrid");
      ((ObjectNode) table.withObject("/ingestionConfig/batchIngestionConfig")).put("segmentIngestionType", "APPEND")
          .put("segmentIngestionFrequency", "HOURLY");
    });
    TableConfig realtime = Engine.table(BOOKED, table -> {
      table.put("tableName", "hybrid").remove("dedupConfig");
      table.remove("routing");
    });
    engine.plane().createTable(offline, schema);
    engine.plane().createTable(realtime, schema);
    engine.awaitConsumed("hybrid_REALTIME", 10);
    String rows = offline("x", "2026-11-20T07:00:00Z") + offline("y", "2026-11-20T08:30:00Z");
    engine.plane().ingestFile("hybrid_OFFLINE", new ByteArrayInputStream(rows.getBytes(StandardCharsets.UTF_8)),
        Map.of("inputFormat", "json"));
    assertEquals(11, engine.count("hybrid"));
    assertEquals(2, engine.count("hybrid_OFFLINE"));
    assertEquals(10, engine.count("hybrid_REALTIME"));
    assertFalse(engine.query("EXPLAIN PLAN FOR SELECT COUNT(*) FROM hybrid").at("/resultTable/rows").isEmpty());
  }
}
