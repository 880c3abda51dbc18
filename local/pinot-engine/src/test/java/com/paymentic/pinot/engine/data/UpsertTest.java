package com.paymentic.pinot.engine.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.paymentic.pinot.engine.DataPlane.PartitionStatus;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One row a transaction, whichever event comes first, consuming, committed and after a restart. */
class UpsertTest {
  private static final String RAW = "payment_analytics";
  private static final String TABLE = RAW + "_REALTIME";
  private static final String ROW =
      "SET enableNullHandling=true; SELECT transactionId, checkoutId, journalEntryId, bookingStatus, processingTimeMs, "
          + "registeredAt, bookedAt, walletMetadata FROM payment_analytics ";

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

  private void send(String... events) {
    long before = engine.plane().consumption(TABLE).partitions().get(0).currentOffset();
    for (String event : events) {
      engine.stream().add(0, event);
    }
    engine.awaitConsumed(TABLE, Math.max(0, before) + events.length);
  }

  private List<Object> row(int number) {
    List<List<Object>> rows = engine.rows(ROW + "WHERE transactionId = 't-" + number + "'");
    assertEquals(1, rows.size());
    return rows.get(0);
  }

  private static List<Object> merged(int number) {
    String at = Events.time(number).replace('T', ' ').replace("Z", "");
    return List.of("t-" + number, "c-" + number, "j-" + number, "SUCCESS", 1500, at + ".0",
        at.substring(0, at.length() - 2) + String.format("%02d", number + 1) + ".5",
        "{\"channel\":\"" + (number % 2 == 0 ? "web" : "app") + "\"}");
  }

  @Test
  void bothEventsMergeInEitherOrderAcrossCommitsAndARestart() {
    engine.create(RAW);
    send(Events.registered(1), Events.booked(1), Events.booked(2), Events.registered(2), Events.registered(3));
    assertEquals(merged(1), row(1));
    assertEquals(merged(2), row(2));
    assertNull(row(3).get(2));
    engine.commit(TABLE);
    assertEquals(merged(1), row(1));
    send(Events.booked(3), Events.booked(4));
    assertEquals(merged(3), row(3));
    engine.commit(TABLE);
    send(Events.registered(4));
    assertEquals(merged(4), row(4));
    engine.restart();
    engine.create(RAW);
    engine.awaitConsumed(TABLE, 8);
    for (int number = 1; number <= 4; number++) {
      assertEquals(merged(number), row(number));
    }
    assertEquals(4, engine.count(RAW));
  }

  @Test
  void rowsTakenWhileASegmentIsBuiltMergeWithThoseInIt() {
    engine.plane().createTable(Engine.table(RAW, table ->
        Engine.stream(table).put("realtime.segment.flush.threshold.rows", "50")), Engine.schema(RAW));
    for (int i = 0; i < 400; i++) {
      engine.stream().add(0, Events.registered(i % 58));
    }
    for (int i = 0; i < 400; i++) {
      engine.stream().add(0, Events.booked(i % 58));
    }
    engine.awaitConsumed(TABLE, 800);
    assertEquals(58, engine.count(RAW));
    for (int number = 0; number < 58; number++) {
      assertEquals(merged(number), row(number));
    }
    engine.restart();
    engine.create(RAW);
    engine.awaitConsumed(TABLE, 800);
    assertEquals(58, engine.count(RAW));
    assertEquals(merged(57), row(57));
  }

  @Test
  void aTableWhoseSegmentCannotBeBuiltGoesOnTakingRows() {
    engine.plane().createTable(Engine.table(RAW, table -> {
      Engine.withRangeIndexOnRawAmount(table);
      Engine.field(table, "amount").withObject("/indexes").putObject("range");
    }), Engine.schema(RAW));
    send(Events.registered(1), Events.registered(2));
    engine.plane().forceCommit(TABLE);
    Engine.await("the failed build", () -> engine.plane().consumption(TABLE).partitions().get(0).error() != null);
    send(Events.booked(1), Events.registered(3));
    assertEquals(merged(1), row(1));
    assertEquals(3, engine.count(RAW));
    engine.plane().updateTable(Engine.table(RAW, table ->
        Engine.field(table, "amount").put("encodingType", "RAW").remove("indexes")));
    Engine.await("the build", () -> engine.plane().consumption(TABLE).partitions().get(0).error() == null
        && engine.plane().segments(TABLE).stream().anyMatch(segment -> !segment.consuming()));
    send(Events.booked(2));
    assertEquals(merged(1), row(1));
    assertEquals(merged(2), row(2));
    assertEquals(3, engine.count(RAW));
  }

  @Test
  void aReloadDoesNotMindSegmentsThatAreBeingBuilt() {
    engine.create(RAW);
    for (int round = 0; round < 5; round++) {
      send(Events.registered(round), Events.booked(round));
      engine.plane().pauseConsumption(TABLE);
      engine.plane().resumeConsumption(TABLE);
      engine.reload(TABLE);
    }
    assertEquals(5, engine.count(RAW));
  }

  @Test
  void anOlderEventDoesNotOverwriteANewerOne() {
    engine.create(RAW);
    send(Events.registered(1), Events.registered(1, event -> {
      Events.data(event).put("registeredAt", "2020-01-01T00:00:00Z").put("checkoutId", "older");
    }));
    assertEquals("c-1", row(1).get(1));
  }

  @Test
  void aDeletedTransactionIsHiddenAndStaysSo() {
    engine.create(RAW);
    send(Events.registered(1), Events.registered(2));
    send(Events.registered(1, event -> Events.data(event).put("deleted", true).put("registeredAt", Events.time(30))));
    assertEquals(1, engine.count(RAW));
    engine.commit(TABLE);
    assertEquals(1, engine.count(RAW));
    engine.restart();
    engine.create(RAW);
    engine.awaitConsumed(TABLE, 3);
    send(Events.registered(1));
    assertEquals(1, engine.count(RAW));
    assertEquals(4, ((Number) engine.rows("SET skipUpsert=true; SELECT COUNT(*) FROM payment_analytics").get(0).get(0))
        .intValue());
  }

  @Test
  void anEventWithBothComparisonColumnsIsCountedAsAnError() {
    Consumer<ObjectNode> both = table -> {
      for (var transform : table.withArray("/ingestionConfig/transformConfigs")) {
        if (transform.get("columnName").asText().equals("registeredAt")) {
          ((ObjectNode) transform).put("transformFunction", "fromIso8601(jsonPathString(data,'$.registeredAt'))");
        }
      }
    };
    engine.plane().createTable(Engine.table(RAW, both), Engine.schema(RAW));
    send(Events.booked(1));
    PartitionStatus status = engine.plane().consumption(TABLE).partitions().get(0);
    assertEquals(1, status.rowsWithErrors());
    assertEquals(0, status.rowsIndexed());
    assertEquals(0, engine.count(RAW));
  }

  @Test
  void fullUpsertKeepsTheLatestEvent() {
    engine.plane().createTable(Engine.table(RAW, table -> {
      ObjectNode upsert = table.putObject("upsertConfig");
      upsert.put("mode", "FULL");
      upsert.putArray("comparisonColumns").add("transactionTime");
    }), Engine.schema(RAW));
    send(Events.registered(1), Events.booked(1));
    assertEquals("j-1", row(1).get(2));
    assertNull(row(1).get(1));
    engine.commit(TABLE);
    send(Events.registered(1));
    assertNotNull(row(1).get(2));
    assertEquals(1, engine.count(RAW));
  }
}
