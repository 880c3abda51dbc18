package com.paymentic.pinot.engine.data;

import org.apache.pinot.spi.stream.StreamConfig;

/**
 * When a partition's consuming segment is full, by the table's {@code realtime.segment.flush.*} settings.
 *
 * <p>The rules are those of Pinot's controller: {@code threshold.rows} is for the table and is divided among its
 * partitions (one server holds them all here), {@code threshold.segment.rows} is for one segment, otherwise the number of
 * rows follows from the size that committed segments turned out to have ({@code threshold.segment.size}), beginning with
 * {@code autotune.initialRows}.
 */
final class FlushThreshold {
  private static final long DEFAULT_SEGMENT_BYTES = StreamConfig.DEFAULT_FLUSH_THRESHOLD_SEGMENT_SIZE_BYTES;
  private static final double GROWTH_A_SEGMENT = 1.5;
  private static final int LEAST_ROWS = 10_000;

  private double _rowsByte;
  private long _mostRows;

  /** @return number of rows at which a segment is full, at least 1 */
  int rows(StreamConfig config, int partitions) {
    if (config.getFlushThresholdRows() > 0) {
      return Math.max(1, config.getFlushThresholdRows() / Math.max(1, partitions));
    }
    if (config.getFlushThresholdSegmentRows() > 0) {
      return config.getFlushThresholdSegmentRows();
    }
    boolean bySize = config.getFlushThresholdRows() == 0 || config.getFlushThresholdSegmentSizeBytes() > 0;
    if (!bySize) {
      return Math.max(1, StreamConfig.DEFAULT_FLUSH_THRESHOLD_ROWS / Math.max(1, partitions));
    }
    if (_rowsByte == 0) {
      return config.getFlushAutotuneInitialRows();
    }
    _mostRows = Math.max(_mostRows, config.getFlushAutotuneInitialRows());
    long wanted = config.getFlushThresholdSegmentSizeBytes() > 0 ? config.getFlushThresholdSegmentSizeBytes()
        : DEFAULT_SEGMENT_BYTES;
    double rows = Math.min(wanted * _rowsByte, _mostRows * GROWTH_A_SEGMENT);
    return (int) Math.max(LEAST_ROWS, Math.min(rows, StreamConfig.DEFAULT_FLUSH_THRESHOLD_ROWS));
  }

  /** Learns from a committed segment. */
  void committed(long rows, long bytes) {
    if (rows > 0 && bytes > 0) {
      _rowsByte = (double) rows / bytes;
      _mostRows = Math.max(_mostRows, rows);
    }
  }
}
