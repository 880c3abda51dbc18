package com.paymentic.pinot.engine.data;

import java.io.IOException;
import java.util.concurrent.Executor;
import org.apache.pinot.common.utils.LLCSegmentName;
import org.apache.pinot.segment.local.data.manager.SegmentDataManager;
import org.apache.pinot.segment.local.indexsegment.mutable.MutableSegmentImpl;
import org.apache.pinot.segment.spi.IndexSegment;
import org.apache.pinot.spi.config.table.TableConfig;
import org.apache.pinot.spi.data.Schema;
import org.apache.pinot.spi.data.readers.GenericRow;

/**
 * A segment that takes rows, with the configuration that was in force when it began.
 *
 * <p>One thread adds rows; queries read beside it. Once sealed, it takes no more and waits to be replaced by the committed
 * segment of the same name.
 */
final class ConsumingSegment extends SegmentDataManager {
  private final LLCSegmentName _name;
  private final MutableSegmentImpl _segment;
  private final TableConfig _table;
  private final Schema _schema;
  private final RowBatches _batches;
  private final long _startOffset;
  private final long _createdMs;
  private volatile long _nextOffset;
  private volatile long _lastRecordMs = Long.MIN_VALUE;

  /**
   * @param schema with Pinot's virtual columns, as the mutable segment was made with it
   * @param rowHelpers makes rows beside the thread that adds them
   */
  ConsumingSegment(LLCSegmentName name, MutableSegmentImpl segment, TableConfig table, Schema schema, long startOffset,
      long createdMs, Executor rowHelpers) {
    _name = name;
    _segment = segment;
    _table = table;
    _schema = schema;
    _batches = new RowBatches(new RowPipeline(table, schema), new RowPipeline(table, schema), rowHelpers);
    _startOffset = startOffset;
    _nextOffset = startOffset;
    _createdMs = createdMs;
  }

  /** Makes the rows of records, by the table's configuration as it was when this segment began. */
  RowBatches batches() {
    return _batches;
  }

  /**
   * Takes a record of the stream.
   *
   * @param made what the table's functions made of it
   * @return what became of it
   */
  RowPipeline.Outcome add(StreamRecord record, RowPipeline.Outcome made) {
    if (made.fate() != RowPipeline.Fate.ROWS) {
      return made;
    }
    try {
      for (GenericRow row : made.rows()) {
        // Without the stream's metadata: the time of the last record is kept here.
        _segment.index(row, null);
      }
    } catch (IOException | RuntimeException | StackOverflowError e) {
      return new RowPipeline.Outcome(RowPipeline.Fate.FAILED, made.rows(), Failures.ofRow(e));
    }
    _lastRecordMs = record.timestampMs();
    return made;
  }

  void consumedTo(long nextOffset) {
    _nextOffset = nextOffset;
  }

  /** Whether one of its indexes or dictionaries cannot grow any more, however few rows it has. */
  boolean isIndexFull() {
    return !_segment.canAddMore();
  }

  int rows() {
    return _segment.getNumDocsIndexed();
  }

  MutableSegmentImpl mutable() {
    return _segment;
  }

  TableConfig table() {
    return _table;
  }

  Schema schema() {
    return _schema;
  }

  int partition() {
    return _name.getPartitionGroupId();
  }

  int sequence() {
    return _name.getSequenceNumber();
  }

  long startOffset() {
    return _startOffset;
  }

  /** The offset after the last record taken, whatever became of that record. */
  long nextOffset() {
    return _nextOffset;
  }

  long createdMs() {
    return _createdMs;
  }

  /** The stream's time of the last record that became a row; {@code Long.MIN_VALUE} when none did. */
  long lastRecordMs() {
    return _lastRecordMs;
  }

  @Override
  public String getSegmentName() {
    return _name.getSegmentName();
  }

  @Override
  public IndexSegment getSegment() {
    return _segment;
  }

  @Override
  public void doOffload() {
    _segment.offload();
  }

  @Override
  protected void doDestroy() {
    _segment.destroy();
  }
}
