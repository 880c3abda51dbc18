package com.paymentic.pinot.engine.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paymentic.pinot.engine.DataPlane.JobStatus;
import com.paymentic.pinot.engine.DataPlane.PartitionStatus;
import com.paymentic.pinot.engine.DataPlane.SegmentInfo;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From the stream into rows: thresholds, commits, pauses, restarts, failures. */
class ConsumptionTest {
  private static final String WALLET = "transaction_wallet_registered_rt";
  private static final String TABLE = WALLET + "_REALTIME";

  @TempDir
  Path directory;
  private Engine engine;

  @BeforeEach
  void start() {
    engine = new Engine(directory, new MemoryStream(2));
  }

  @AfterEach
  void stop() {
    engine.close();
  }

  private void send(int from, int to) {
    for (int i = from; i < to; i++) {
      engine.stream().add(i % 2, Events.registered(i));
    }
  }

  private void createWithRows(int rows) {
    engine.plane().createTable(Engine.table(WALLET, table -> Engine.stream(table)
        .put("realtime.segment.flush.threshold.rows", String.valueOf(rows))), Engine.schema(WALLET));
  }

  private List<SegmentInfo> committed() {
    return engine.plane().segments(TABLE).stream().filter(segment -> !segment.consuming()).toList();
  }

  @Test
  void duplicatesAreStoredOnceAlsoAfterCommitAndRestart() {
    engine.create("transaction_booked_rt");
    for (int i = 0; i < 20; i++) {
      engine.stream().add(0, Events.booked(i));
      engine.stream().add(0, Events.booked(i));
    }
    engine.awaitConsumed("transaction_booked_rt_REALTIME", 40);
    assertEquals(20, engine.count("transaction_booked_rt"));
    engine.commit("transaction_booked_rt_REALTIME");
    engine.stream().add(0, Events.booked(3));
    engine.awaitConsumed("transaction_booked_rt_REALTIME", 41);
    assertEquals(20, engine.count("transaction_booked_rt"));
    engine.restart();
    engine.create("transaction_booked_rt");
    engine.stream().add(0, Events.booked(4));
    engine.stream().add(0, Events.booked(20));
    engine.awaitConsumed("transaction_booked_rt_REALTIME", 43);
    assertEquals(21, engine.count("transaction_booked_rt"));
  }

  @Test
  void segmentsAreCommittedByTheRowThresholdDividedAmongPartitions() {
    createWithRows(100);
    send(0, 500);
    engine.awaitConsumed(TABLE, 500);
    Engine.await("8 commits", () -> committed().size() >= 8);
    assertEquals(500, engine.count(WALLET));
    for (SegmentInfo segment : committed()) {
      assertEquals(50, segment.rows());
      assertEquals(50, segment.endOffset() - segment.startOffset());
      assertTrue(segment.sizeBytes() > 0);
    }
    Engine.await("the next segments", () -> engine.plane().consumption(TABLE).consumingSegments().size() == 2);
  }

  @Test
  void segmentsAreCommittedByTime() {
    engine.plane().createTable(Engine.table(WALLET, table -> Engine.stream(table)
        .put("realtime.segment.flush.threshold.time", "1s")), Engine.schema(WALLET));
    send(0, 10);
    engine.awaitConsumed(TABLE, 10);
    Engine.await("commits by time", () -> committed().size() == 2);
    assertEquals(10, engine.count(WALLET));
  }

  @Test
  void nothingIsLostOrDoubledWhereverTheProcessStops() {
    createWithRows(60);
    for (int round = 0; round < 4; round++) {
      send(round * 100, round * 100 + 100);
      // The first two rounds are stopped in the middle of whatever happens then.
      if (round > 1) {
        engine.awaitConsumed(TABLE, round * 100 + 100);
      }
      engine.restart();
      createWithRows(60);
    }
    engine.awaitConsumed(TABLE, 400);
    assertEquals(400, engine.count(WALLET));
    assertEquals(400L, ((Number) engine.rows("SELECT DISTINCTCOUNT(eventId) FROM " + WALLET).get(0).get(0)).longValue());
  }

  @Test
  void queriesSeeNoGapAndNoDoubleDuringCommits() throws InterruptedException {
    createWithRows(200);
    Thread producer = new Thread(() -> send(0, 4000));
    producer.start();
    long before = 0;
    long sum = 0;
    while (before < 4000) {
      List<Object> row = engine.rows("SELECT COUNT(*), DISTINCTCOUNT(eventId) FROM " + WALLET).get(0);
      long count = ((Number) row.get(0)).longValue();
      assertTrue(count >= before, count + " rows after " + before);
      assertEquals(count, ((Number) row.get(1)).longValue());
      before = count;
      sum++;
    }
    producer.join();
    assertTrue(sum > 20, "only " + sum + " queries ran");
  }

  @Test
  void rowsThatFailAreCountedAndTheReasonNamesNoValue() {
    engine.create(WALLET);
    engine.stream().add(0, Events.registered(1));
    engine.stream().add(0, Events.registered(2, event -> Events.data(event).put("amount", "secret-amount")));
    engine.stream().add(0, "not json, secret");
    engine.stream().add(0, "");
    engine.stream().add(0, null);
    engine.stream().add(0, Events.booked(3));
    engine.stream().add(0, Events.registered(4));
    engine.awaitConsumed(TABLE, 7);
    PartitionStatus status = engine.plane().consumption(TABLE).partitions().get(0);
    assertEquals(2, status.rowsIndexed());
    assertEquals(1, status.rowsFiltered());
    assertEquals(3, status.rowsWithErrors());
    assertEquals("CONSUMING", status.state());
    assertEquals(7, status.currentOffset());
    assertEquals(2, engine.count(WALLET));

    RowPipeline pipeline = new RowPipeline(Engine.table(WALLET), Engine.schema(WALLET));
    RowPipeline.Outcome outcome = pipeline.process(null,
        Events.registered(2, event -> Events.data(event).put("amount", "secret-amount")).getBytes());
    assertEquals(RowPipeline.Fate.FAILED, outcome.fate());
    assertTrue(outcome.reason().contains("column amount"), outcome.reason());
    assertFalse(outcome.reason().contains("secret"), outcome.reason());
  }

  @Test
  void hostileValuesStopNothing() {
    engine.plane().createTable(Engine.table(WALLET, table -> table.withObject("/ingestionConfig/filterConfig")
        .put("filterFunction", "regexpLike(buyerId, '^(a|b)*$') OR isNull(amount)")), Engine.schema(WALLET));
    String deep = "[".repeat(100_000) + "]".repeat(100_000);
    List<String> hostile = List.of(
        deep, "{\"type\":" + deep + "}", "null", "true", "1e400", "\"\\ud800\"", "{\"id\":\"\\ud800\",\"data\":{}}",
        // Java's regular expressions overflow the stack on this one.
        Events.registered(1, event -> Events.data(event).withObject("/buyer").put("id", "ab".repeat(100_000))),
        Events.registered(2, event -> Events.data(event).withObject("/buyer").put("email", "x".repeat(3_000_000))),
        Events.registered(3, event -> event.put("data", "x".repeat(100_000))),
        Events.registered(4, event -> event.putArray("data").add(1)));
    hostile.forEach(value -> engine.stream().add(0, value));
    engine.stream().add(0, Events.registered(99));
    engine.awaitConsumed(TABLE, hostile.size() + 1L);
    assertEquals(List.of(List.of("registered-2"), List.of("registered-99")),
        engine.rows("SELECT eventId FROM " + WALLET + " ORDER BY eventId"));
    assertNull(engine.plane().consumption(TABLE).partitions().get(0).error());
    engine.commit(TABLE);
    assertEquals(2, engine.count(WALLET));
  }

  @Test
  void pauseCommitsAndHoldsOverARestartUntilResume() {
    engine.create(WALLET);
    send(0, 10);
    engine.awaitConsumed(TABLE, 10);
    engine.plane().pauseConsumption(TABLE);
    Engine.await("the pause", () -> engine.plane().consumption(TABLE).consumingSegments().isEmpty());
    assertTrue(engine.plane().consumption(TABLE).paused());
    assertEquals("PAUSED", engine.plane().consumption(TABLE).partitions().get(0).state());
    Engine.await("the commits", () -> committed().size() == 2);
    send(10, 20);
    engine.restart();
    engine.create(WALLET);
    Engine.await("the partitions", () -> engine.plane().consumption(TABLE).partitions().size() == 2
        && engine.plane().consumption(TABLE).partitions().get(0).partition() == 0);
    assertTrue(engine.plane().consumption(TABLE).paused());
    assertEquals(10, engine.count(WALLET));
    engine.plane().resumeConsumption(TABLE);
    engine.awaitConsumed(TABLE, 20);
    assertEquals(20, engine.count(WALLET));
    assertFalse(engine.plane().consumption(TABLE).paused());
  }

  @Test
  void aMissingStreamIsAStateNotAFailureAndIsReadWhenItComes() {
    engine.stream().fail("Topic payments does not exist at nowhere");
    engine.create(WALLET);
    Engine.await("the error", () -> "ERROR".equals(engine.plane().consumption(TABLE).partitions().get(0).state()));
    assertEquals("Topic payments does not exist at nowhere",
        engine.plane().consumption(TABLE).partitions().get(0).error());
    assertEquals(0, engine.count(WALLET));
    send(0, 4);
    engine.stream().fail(null);
    engine.awaitConsumed(TABLE, 4);
    assertEquals(4, engine.count(WALLET));
    assertNull(engine.plane().consumption(TABLE).partitions().get(0).error());

    engine.stream().fail("Kafka at nowhere did not answer");
    Engine.await("the error", () -> "ERROR".equals(engine.plane().consumption(TABLE).partitions().get(0).state()));
    engine.stream().fail(null);
    send(4, 6);
    engine.awaitConsumed(TABLE, 6);
    assertEquals(6, engine.count(WALLET));
  }

  @Test
  void aNewFilterHoldsFromTheNextSegmentOn() {
    engine.create(WALLET);
    send(0, 4);
    engine.awaitConsumed(TABLE, 4);
    engine.plane().updateTable(Engine.table(WALLET, table -> table.withObject("/ingestionConfig/filterConfig")
        .put("filterFunction", "isNotNull(eventId)")));
    send(4, 6);
    engine.awaitConsumed(TABLE, 6);
    assertEquals(6, engine.count(WALLET));
    engine.commit(TABLE);
    send(6, 10);
    engine.awaitConsumed(TABLE, 10);
    assertEquals(6, engine.count(WALLET));
    // What the filter dropped stays dropped when the filter goes, also over a restart.
    engine.plane().updateTable(Engine.table(WALLET));
    engine.commit(TABLE);
    engine.restart();
    engine.create(WALLET);
    send(10, 12);
    engine.awaitConsumed(TABLE, 12);
    assertEquals(8, engine.count(WALLET));
  }

  @Test
  void aSegmentThatCannotBeBuiltKeepsItsRowsAndIsBuiltOnceTheTableIsCorrected() {
    engine.plane().createTable(Engine.table(WALLET, Engine::withRangeIndexOnRawAmount), Engine.schema(WALLET));
    send(0, 10);
    engine.awaitConsumed(TABLE, 10);
    engine.plane().forceCommit(TABLE);
    Engine.await("the failed builds", () -> engine.plane().consumption(TABLE).partitions().stream()
        .allMatch(partition -> partition.error() != null));
    PartitionStatus failed = engine.plane().consumption(TABLE).partitions().get(0);
    assertTrue(failed.error().contains("cannot be built"), failed.error());
    assertEquals(10, engine.count(WALLET));
    // Consumption goes on; the next segments cannot be committed before, the sealed ones have nothing to be reloaded.
    send(10, 14);
    engine.awaitConsumed(TABLE, 14);
    String reload = engine.plane().reload(TABLE, null);
    Engine.await("the reload", () -> {
      JobStatus job = engine.plane().reloadStatus(reload).orElseThrow();
      return job.total() == 4 && job.succeeded() == 2 && job.failed() == 2;
    });
    engine.plane().updateTable(Engine.table(WALLET, table ->
        Engine.field(table, "amount").put("encodingType", "RAW").remove("indexes")));
    Engine.await("the builds", () -> committed().size() == 2
        && engine.plane().consumption(TABLE).partitions().stream().allMatch(partition -> partition.error() == null));
    assertEquals(14, engine.count(WALLET));
    engine.commit(TABLE);
    assertEquals(4, committed().size());
  }

  @Test
  void aNewPartitionIsReadFromItsBeginning() {
    engine.create(WALLET);
    send(0, 4);
    engine.awaitConsumed(TABLE, 4);
    engine.stream().addPartition();
    engine.stream().add(2, Events.registered(100));
    engine.awaitConsumed(TABLE, 5);
    assertEquals(5, engine.count(WALLET));
  }

  @Test
  void aDeletedTableLeavesNothingAndCanBeMadeAgain() {
    createWithRows(20);
    send(0, 50);
    engine.awaitConsumed(TABLE, 50);
    engine.plane().deleteTable(TABLE);
    assertFalse(directory.resolve(TABLE).toFile().exists());
    assertEquals(190, engine.query("SELECT COUNT(*) FROM " + WALLET).at("/exceptions/0/errorCode").asInt());
    createWithRows(20);
    engine.awaitConsumed(TABLE, 50);
    assertEquals(50, engine.count(WALLET));
  }
}
