package com.paymentic.pinot.engine.data;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.pinot.spi.utils.JsonUtils;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Events, rows and answers recorded on a real 1.5.1 cluster come out the same here, consuming and committed. */
class GoldenTest {
  private static final List<String> TABLES =
      List.of("transaction_wallet_registered_rt", "transaction_booked_rt", "payment_analytics");

  @TempDir
  static Path directory;
  private static Engine consuming;
  private static Engine committed;

  @BeforeAll
  static void replay() throws IOException {
    MemoryStream stream = new MemoryStream(1);
    for (String line : lines("events.jsonl")) {
      JsonNode value = JsonUtils.stringToJsonNode(line).get("value");
      stream.add(0, value.isNull() ? null : value.asText());
    }
    consuming = new Engine(directory.resolve("consuming"), stream);
    committed = new Engine(directory.resolve("committed"), stream);
    int events = lines("events.jsonl").size();
    for (Engine engine : List.of(consuming, committed)) {
      TABLES.forEach(engine::create);
      TABLES.forEach(table -> engine.awaitConsumed(table + "_REALTIME", events));
    }
    TABLES.forEach(table -> committed.commit(table + "_REALTIME"));
  }

  @AfterAll
  static void close() {
    consuming.close();
    committed.close();
  }

  private static List<String> lines(String file) throws IOException {
    return Files.readAllLines(Engine.DATA.resolve("golden").resolve(file));
  }

  @TestFactory
  Stream<DynamicTest> rowsAreThoseOfTheCluster() {
    return TABLES.stream().flatMap(table -> Stream.of(
        DynamicTest.dynamicTest(table + " consuming", () -> checkRows(consuming, table)),
        DynamicTest.dynamicTest(table + " committed", () -> checkRows(committed, table))));
  }

  private static void checkRows(Engine engine, String table) throws IOException {
    List<Map<String, String>> expected = new ArrayList<>();
    for (String line : lines("rows-" + table + ".jsonl")) {
      expected.add(cells(JsonUtils.stringToJsonNode(line)));
    }
    JsonNode answer = engine.query("SET enableNullHandling=true; SELECT * FROM " + table + " LIMIT 100000");
    JsonNode names = answer.at("/resultTable/dataSchema/columnNames");
    List<Map<String, String>> found = new ArrayList<>();
    for (JsonNode row : answer.at("/resultTable/rows")) {
      Map<String, String> cells = new TreeMap<>();
      for (int i = 0; i < names.size(); i++) {
        cells.put(names.get(i).asText(), row.get(i).asText());
      }
      found.add(cells);
    }
    assertEquals(text(expected), text(found));
  }

  private static Map<String, String> cells(JsonNode row) {
    Map<String, String> cells = new TreeMap<>();
    row.fields().forEachRemaining(cell -> cells.put(cell.getKey(), cell.getValue().asText()));
    return cells;
  }

  private static String text(List<Map<String, String>> rows) {
    return String.join("\n", rows.stream().map(Map::toString).sorted().toList());
  }

  @TestFactory
  Stream<DynamicTest> answersAreThoseOfTheCluster() throws IOException {
    List<DynamicTest> tests = new ArrayList<>();
    for (String line : lines("queries.jsonl")) {
      JsonNode golden = JsonUtils.stringToJsonNode(line);
      for (Engine engine : List.of(consuming, committed)) {
        String name = (engine == consuming ? "consuming: " : "committed: ") + golden.get("queryOptions").asText() + " "
            + golden.get("sql").asText();
        tests.add(DynamicTest.dynamicTest(name, () -> checkAnswer(engine, golden)));
      }
    }
    return tests.stream();
  }

  private static void checkAnswer(Engine engine, JsonNode golden) {
    Map<String, String> options =
        golden.get("queryOptions").asText().isEmpty() ? Map.of() : Map.of("enableNullHandling", "true");
    JsonNode answer = engine.plane().query(golden.get("sql").asText(), options);
    JsonNode exceptions = golden.get("exceptions");
    if (exceptions.isEmpty()) {
      assertEquals("[]", answer.get("exceptions").toString());
      assertEquals(golden.at("/resultTable/dataSchema"), answer.at("/resultTable/dataSchema"));
      // A star-tree adds up doubles in an order of its own: the 16th digit of SUM may differ, SUMPRECISION is exact.
      assertEquals(cells(golden.at("/resultTable/rows"), engine == committed),
          cells(answer.at("/resultTable/rows"), engine == committed));
      return;
    }
    assertEquals(exceptions.at("/0/errorCode"), answer.at("/exceptions/0/errorCode"));
    String message = exceptions.at("/0/message").asText();
    if (!message.contains("multi-stage")) {
      assertEquals(message, answer.at("/exceptions/0/message").asText());
    }
  }

  /** One server shows a null group as "", several show null: both mean the same. */
  private static List<String> cells(JsonNode rows, boolean rounded) {
    List<String> texts = new ArrayList<>();
    for (JsonNode row : rows) {
      List<String> cells = new ArrayList<>();
      for (JsonNode cell : row) {
        boolean fraction = rounded && cell.isFloatingPointNumber();
        cells.add(cell.isNull() ? "" : fraction ? String.format("%.14e", cell.asDouble()) : cell.asText());
      }
      texts.add(String.join("|", cells));
    }
    return texts;
  }
}
