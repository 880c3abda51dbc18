package com.paymentic.pinot.engine.data;

import java.io.File;
import java.nio.file.Path;
import java.util.concurrent.locks.Lock;
import org.apache.pinot.common.metrics.ServerMetrics;
import org.apache.pinot.segment.local.indexsegment.immutable.ImmutableSegmentLoader;
import org.apache.pinot.segment.local.realtime.converter.RealtimeSegmentConverter;
import org.apache.pinot.segment.local.segment.index.loader.IndexLoadingConfig;
import org.apache.pinot.segment.spi.ImmutableSegment;
import org.apache.pinot.spi.config.table.SegmentZKPropsConfig;
import org.apache.pinot.spi.config.table.TableConfig;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns sealed consuming segments of one table into committed ones: build aside, rename, load, swap.
 *
 * <p>Queries see the consuming segment until the swap and the committed one after it. Everything that may change files is
 * done before the rename, so a committed directory never is half of anything.
 */
final class SegmentCommitter {
  private static final Logger LOGGER = LoggerFactory.getLogger(SegmentCommitter.class);

  private final RealtimeSegments _segments;
  private final SegmentStore _store;

  /** @param sizeBytes on disk */
  record Result(long rows, long sizeBytes, long millis) { }

  SegmentCommitter(RealtimeSegments segments, SegmentStore store) {
    _segments = segments;
    _store = store;
  }

  /**
   * @param table the configuration to build by: the segment's own, or a newer one when that one could not be built
   * @param next where the partition goes on, noted once the segment is durable
   * @param merging held while rows of the partition are added
   * @throws Exception whatever Pinot throws; nothing has changed then, and it can be tried again
   */
  Result commit(ConsumingSegment segment, TableConfig table, SegmentStore.Progress next, Lock merging)
      throws Exception {
    long started = System.nanoTime();
    String name = segment.getSegmentName();
    Path directory = _store.buildDirectory(name);
    try {
      File built = build(segment, table, directory);
      IndexLoadingConfig loading = _segments.fetchIndexLoadingConfig();
      ImmutableSegmentLoader.preprocess(built, loading, null, null);
      _store.publish(built, name);
    } finally {
      DurableFiles.delete(directory);
    }
    _store.note(segment.partition(), next);
    IndexLoadingConfig loading = _segments.fetchIndexLoadingConfig();
    ImmutableSegment committed =
        ImmutableSegmentLoader.load(_store.segmentDirectory(name).toFile(), loading, false, null, null);
    _segments.replaceConsuming(committed, merging);
    Result result = new Result(committed.getSegmentMetadata().getTotalDocs(), _store.sizeBytes(name),
        (System.nanoTime() - started) / 1_000_000);
    LOGGER.info("Committed segment {}: {} rows, {} bytes, offsets {} to {}, in {} ms", name, result.rows(),
        result.sizeBytes(), segment.startOffset(), segment.nextOffset(), result.millis());
    return result;
  }

  private File build(ConsumingSegment segment, TableConfig table, Path directory) throws Exception {
    SegmentZKPropsConfig offsets = new SegmentZKPropsConfig();
    offsets.setStartOffset(Long.toString(segment.startOffset()));
    offsets.setEndOffset(Long.toString(segment.nextOffset()));
    RealtimeSegmentConverter converter = new RealtimeSegmentConverter(segment.mutable(), offsets, directory.toString(),
        segment.schema(), table.getTableName(), table, segment.getSegmentName(),
        table.getIndexingConfig().isNullHandlingEnabled());
    converter.build(null, ServerMetrics.get());
    return directory.resolve(segment.getSegmentName()).toFile();
  }
}
