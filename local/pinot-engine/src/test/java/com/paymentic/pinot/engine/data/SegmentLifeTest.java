package com.paymentic.pinot.engine.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.paymentic.pinot.engine.EngineException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Committed segments: star-trees, reloads, files that replace, what a crash leaves. */
class SegmentLifeTest {
  private static final String WALLET = "transaction_wallet_registered_rt";
  private static final String TABLE = WALLET + "_REALTIME";
  private static final String OFFLINE = "transaction_booked_offline_OFFLINE";
  private static final String BY_TYPE =
      "SELECT transactionType, currency, SUMPRECISION(amount) FROM " + WALLET + " GROUP BY transactionType, currency";

  @TempDir
  Path directory;
  private Engine engine;

  @BeforeEach
  void start() {
    engine = new Engine(directory, new MemoryStream(1));
  }

  @AfterEach
  void stop() {
    engine.close();
  }

  private void sendWallet(int from, int to) {
    for (int i = from; i < to; i++) {
      engine.stream().add(0, Events.registered(i));
    }
    engine.awaitConsumed(TABLE, to);
  }

  private String plan(String sql) {
    return engine.query("EXPLAIN PLAN FOR " + sql).at("/resultTable/rows").toString();
  }

  private static Consumer<ObjectNode> withoutStarTree() {
    return table -> table.withObject("/tableIndexConfig").remove("starTreeIndexConfigs");
  }

  @Test
  void committedSegmentsAnswerFromTheirStarTreeWithAndWithoutNullHandling() {
    engine.create(WALLET);
    sendWallet(0, 50);
    assertFalse(plan(BY_TYPE).contains("FILTER_STARTREE_INDEX"));
    List<List<Object>> consuming = engine.rows(BY_TYPE + " ORDER BY transactionType, currency LIMIT 100");
    engine.commit(TABLE);
    assertTrue(plan(BY_TYPE).contains("FILTER_STARTREE_INDEX"), plan(BY_TYPE));
    assertEquals(consuming, engine.rows(BY_TYPE + " ORDER BY transactionType, currency LIMIT 100"));
  }

  @Test
  void aReloadBuildsAndRemovesIndexesStarTreesAndAddsColumns() {
    engine.plane().createTable(Engine.table(WALLET, withoutStarTree()), Engine.schema(WALLET));
    sendWallet(0, 50);
    engine.commit(TABLE);
    assertFalse(plan(BY_TYPE).contains("FILTER_STARTREE_INDEX"));
    String bySeller = "SELECT COUNT(*) FROM " + WALLET + " WHERE checkoutId = 'c-1'";
    assertTrue(plan(bySeller).contains("FILTER_FULL_SCAN"), plan(bySeller));
    assertFalse(engine.plane().needsReload(TABLE));

    engine.plane().updateTable(Engine.table(WALLET, table -> Engine.field(table, "checkoutId")
        .put("encodingType", "DICTIONARY").putObject("indexes").putObject("inverted")));
    engine.plane().updateSchema(Engine.schema(WALLET, schema -> schema.withArray("dimensionFieldSpecs").addObject()
        .put("name", "channel").put("dataType", "STRING").put("defaultNullValue", "unknown")));
    assertTrue(engine.plane().needsReload(TABLE));
    engine.reload(TABLE);
    assertFalse(engine.plane().needsReload(TABLE));
    assertTrue(plan(BY_TYPE).contains("FILTER_STARTREE_INDEX"), plan(BY_TYPE));
    assertTrue(plan(bySeller).contains("FILTER_INVERTED_INDEX"), plan(bySeller));
    assertEquals(List.of(List.of("unknown", 50)),
        engine.rows("SELECT channel, COUNT(*) FROM " + WALLET + " GROUP BY channel"));

    engine.restart();
    engine.plane().createTable(Engine.table(WALLET, withoutStarTree()), Engine.schema(WALLET));
    engine.awaitConsumed(TABLE, 50);
    assertFalse(plan(BY_TYPE).contains("FILTER_STARTREE_INDEX"), "a restart follows the configuration as it is");
    assertEquals(50, engine.count(WALLET));
  }

  @Test
  void timestampIndexesAreUsedByDateTrunc() {
    engine.create(WALLET);
    sendWallet(0, 10);
    engine.commit(TABLE);
    String sql = "SELECT dateTrunc('DAY', registeredAt), COUNT(*) FROM " + WALLET + " GROUP BY 1";
    assertTrue(plan(sql).contains("$registeredAt$DAY"), plan(sql));
    assertEquals(List.of(List.of("2026-11-20 00:00:00.0", 10)), engine.rows(sql));
  }

  @Test
  void bloomAndJsonIndexesAnswer() {
    engine.create(WALLET);
    sendWallet(0, 10);
    for (int round = 0; round < 2; round++) {
      assertEquals(5, engine.count(WALLET + " WHERE JSON_MATCH(metadata, '\"$.channel\"=''web''')"));
      assertEquals(1, engine.count(WALLET + " WHERE eventId = 'registered-3'"));
      assertEquals(0, engine.count(WALLET + " WHERE eventId = 'none'"));
      assertEquals(4, engine.count(WALLET + " WHERE amount >= 6.25"));
      engine.commit(TABLE);
    }
  }

  @Test
  void whatAnInterruptedBuildOrReloadLeftIsRepairedAtTheStart() throws IOException {
    engine.create(WALLET);
    sendWallet(0, 20);
    engine.commit(TABLE);
    String segment = engine.plane().segments(TABLE).get(0).name();
    engine.restart();
    Path table = directory.resolve(TABLE);
    // A reload that was stopped after it had put the old files aside, and a build that was stopped half way.
    Files.move(table.resolve(segment), table.resolve(segment + ".segment.bak"));
    Files.createDirectories(table.resolve(segment).resolve("v3"));
    Files.writeString(table.resolve(segment).resolve("v3").resolve("columns.psf"), "half");
    Files.createDirectories(table.resolve("tmp").resolve("build-x").resolve("v3"));
    engine.create(WALLET);
    sendWallet(20, 30);
    assertEquals(30, engine.count(WALLET));
    assertFalse(Files.exists(table.resolve(segment + ".segment.bak")));
    assertFalse(Files.exists(table.resolve("tmp").resolve("build-x")));
  }

  private String ingest(String rows, Map<String, String> config) {
    return engine.plane().ingestFile(OFFLINE, new ByteArrayInputStream(rows.getBytes(StandardCharsets.UTF_8)), config);
  }

  private static String row(String id, long bookedAt) {
    return "{\"eventId\":\"" + id + "\",\"transactionId\":\"t-" + id + "\",\"amount\":\"1.10\",\"currency\":\"EUR\","
        + "\"bookedAt\":" + bookedAt + ",\"eventTime\":" + bookedAt + "}\n";
  }

  @Test
  void aFileIsAddedUnderANewNameAndReplacesUnderAFixedOne() {
    engine.create("transaction_booked_offline");
    long time = 1_795_000_000_000L;
    Map<String, String> json = Map.of("inputFormat", "json");
    String first = ingest(row("1", time) + row("2", time), json);
    String second = ingest("[" + row("1", time) + "," + row("2", time) + "," + row("3", time) + "]", json);
    assertEquals(5, engine.count("transaction_booked_offline"));
    assertTrue(first.startsWith("transaction_booked_offline_" + time), first);
    assertFalse(first.equals(second));

    Map<String, String> fixed = Map.of("inputFormat", "json", "segmentNameGenerator.type", "fixed",
        "segmentNameGenerator.configs.segment.name", "booked_2026_11_18");
    assertEquals("booked_2026_11_18", ingest(row("7", time), fixed));
    assertEquals(6, engine.count("transaction_booked_offline"));
    ingest(row("8", time) + row("9", time), fixed);
    assertEquals(7, engine.count("transaction_booked_offline"));
    assertEquals(0, engine.count("transaction_booked_offline WHERE eventId = '7'"));
    engine.restart();
    engine.create("transaction_booked_offline");
    assertEquals(7, engine.count("transaction_booked_offline"));
    assertEquals(3, engine.plane().segments(OFFLINE).size());
  }

  @Test
  void aFileThatCannotBeReadChangesNothingAndSaysWhatWithoutTheValue() {
    engine.create("transaction_booked_offline");
    EngineException broken = assertThrows(EngineException.class, () -> ingest(
        "{\"eventId\":\"1\",\"bookedAt\":\"secret\"}", Map.of("inputFormat", "json")));
    assertEquals(500, broken.status());
    assertFalse(broken.getMessage().contains("secret"), broken.getMessage());
    assertEquals(501, assertThrows(EngineException.class,
        () -> ingest("x", Map.of("inputFormat", "avro"))).status());
    assertEquals(0, engine.count("transaction_booked_offline"));
    engine.create(WALLET);
    assertThrows(EngineException.class, () -> engine.plane().ingestFile(TABLE,
        new ByteArrayInputStream(new byte[0]), Map.of("inputFormat", "json")));
  }
}
