package com.paymentic.pinot.engine.data;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.pinot.segment.local.segment.creator.TransformPipeline;
import org.apache.pinot.segment.local.utils.IngestionUtils;
import org.apache.pinot.spi.config.table.TableConfig;
import org.apache.pinot.spi.data.Schema;
import org.apache.pinot.spi.data.readers.GenericRow;
import org.apache.pinot.spi.stream.StreamDataDecoderImpl;
import org.apache.pinot.spi.utils.JsonUtils;

/**
 * From an event's bytes to the rows of a table, by Pinot's own transforms; used by one thread.
 */
public final class RowPipeline {
  private final TransformPipeline _transforms;
  private final JsonExtractor _extractor = new JsonExtractor();
  private final boolean _readsKey;
  private final GenericRow _row = new GenericRow();

  /** What became of an event. */
  public enum Fate { ROWS, FILTERED, FAILED }

  /**
   * @param rows none unless the fate is ROWS
   * @param reason why it is no row, without any of the event's values; null for ROWS
   */
  public record Outcome(Fate fate, List<GenericRow> rows, String reason) { }

  private static final Outcome FILTERED =
      new Outcome(Fate.FILTERED, List.of(), "the table's filterFunction is true for it");

  /**
   * @param table the configuration, timestamp indexes already made into columns
   * @param schema the schema that goes with it
   */
  public RowPipeline(TableConfig table, Schema schema) {
    _transforms = new TransformPipeline(table, schema);
    Set<String> fields = IngestionUtils.getFieldsForRecordExtractor(table, schema);
    _readsKey = fields.contains(StreamDataDecoderImpl.KEY);
    _extractor.init(fields, null);
  }

  /** The rows are valid until the next event. */
  public Outcome process(byte[] key, byte[] value) {
    return process(key, value, _row);
  }

  /**
   * @param key the record's key, null when it has none
   * @param value JSON of one object
   * @param row where the event is put, and what most often becomes the outcome's row
   */
  Outcome process(byte[] key, byte[] value, GenericRow row) {
    row.clear();
    try {
      Map<String, Object> event = JsonUtils.bytesToMap(value);
      if (event == null) {
        return new Outcome(Fate.FAILED, List.of(), "the value is not a JSON object");
      }
      _extractor.extract(event, row);
    } catch (Exception | StackOverflowError e) {
      // The parser's message quotes the value. A value that is nested too deeply must not end the consumer.
      return new Outcome(Fate.FAILED, List.of(), "the value is not a JSON object");
    }
    // What StreamDataDecoderImpl puts on every row of a stream, over anything of that name in the event.
    row.putValue(StreamDataDecoderImpl.RECORD_SERIALIZED_VALUE_SIZE_KEY, value.length);
    if (_readsKey && key != null) {
      row.putValue(StreamDataDecoderImpl.KEY, new String(key, StandardCharsets.UTF_8));
    }
    try {
      List<GenericRow> rows = _transforms.processRow(row).getTransformedRows();
      return rows.isEmpty() ? FILTERED : new Outcome(Fate.ROWS, rows, null);
    } catch (Exception | StackOverflowError e) {
      return new Outcome(Fate.FAILED, List.of(), Failures.ofRow(e));
    }
  }
}
