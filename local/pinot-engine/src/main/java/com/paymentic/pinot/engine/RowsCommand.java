package com.paymentic.pinot.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.paymentic.pinot.engine.data.RowPipeline;
import com.paymentic.pinot.engine.data.RowText;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.pinot.segment.local.segment.index.loader.IndexLoadingConfig;
import org.apache.pinot.spi.data.readers.GenericRow;
import org.apache.pinot.spi.utils.JsonUtils;

/**
 * What a table makes of events, without any server: a JSON line for each event, the row or why there is none.
 *
 * <p>Each event stands for itself: dedup and upsert, which need the events before it, are not part of this.
 */
final class RowsCommand {
  private static final String USAGE =
      "rows --schema SCHEMA.json --table TABLE.json --events EVENTS.jsonl [--records]; with --records a line is "
          + "{\"key\": …, \"value\": \"…\"}, else it is the value itself";

  private RowsCommand() {
  }

  /**
   * @param out a line {@code {"offset":n,"row":{…}}} or {@code {"offset":n,"dropped":"filter"|"error","reason":"…"}} for
   *     each event, the reason without any value of the event
   */
  static void run(List<String> arguments, PrintStream out) throws IOException, TableFiles.InvalidException {
    Arguments given = Arguments.parse(arguments, USAGE, "--schema", "--table", "--events", "--records!");
    TableFiles files = TableFiles.load(Path.of(given.required("--schema")), Path.of(given.required("--table")));
    // Makes the columns that timestamp indexes add, as a server does before it consumes.
    IndexLoadingConfig loading = new IndexLoadingConfig(files.table(), files.schema());
    RowPipeline pipeline = new RowPipeline(loading.getTableConfig(), loading.getSchema());
    RowText text = new RowText(loading.getSchema());
    try (BufferedReader events = Files.newBufferedReader(Path.of(given.required("--events")))) {
      long offset = 0;
      for (String line = events.readLine(); line != null; line = events.readLine()) {
        print(offset++, line, given.flag("--records"), pipeline, text, out);
      }
    }
    out.flush();
  }

  private static void print(long offset, String line, boolean record, RowPipeline pipeline, RowText text,
      PrintStream out) throws IOException {
    String key = null;
    String value = line;
    if (record) {
      JsonNode parsed = parse(offset, line);
      key = parsed.path("key").isTextual() ? parsed.get("key").asText() : null;
      value = parsed.path("value").isTextual() ? parsed.get("value").asText() : null;
    }
    if (value == null) {
      out.println(dropped(offset, "error", "the record is a tombstone: it has no value"));
      return;
    }
    RowPipeline.Outcome outcome = pipeline.process(key == null ? null : key.getBytes(StandardCharsets.UTF_8),
        value.getBytes(StandardCharsets.UTF_8));
    switch (outcome.fate()) {
      case FILTERED -> out.println(dropped(offset, "filter", outcome.reason()));
      case FAILED -> out.println(dropped(offset, "error", outcome.reason()));
      default -> {
        for (GenericRow row : outcome.rows()) {
          ObjectNode json = JsonUtils.newObjectNode();
          json.put("offset", offset);
          json.set("row", text.json(row));
          out.println(json);
        }
      }
    }
  }

  private static JsonNode parse(long offset, String line) {
    try {
      return JsonUtils.stringToJsonNode(line);
    } catch (IOException e) {
      // The parser's message quotes the event.
      throw new IllegalArgumentException("line " + (offset + 1)
          + " of the events is no JSON object with \"key\" and \"value\", as --records asks for");
    }
  }

  private static ObjectNode dropped(long offset, String by, String reason) {
    return JsonUtils.newObjectNode().put("offset", offset).put("dropped", by).put("reason", reason);
  }
}
