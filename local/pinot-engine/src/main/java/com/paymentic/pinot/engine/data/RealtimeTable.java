package com.paymentic.pinot.engine.data;

import com.paymentic.pinot.engine.DataPlane.ConsumptionStatus;
import com.paymentic.pinot.engine.DataPlane.PartitionStatus;
import com.paymentic.pinot.engine.DataPlane.SegmentInfo;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import org.apache.pinot.segment.local.utils.TableConfigUtils;
import org.apache.pinot.spi.config.table.TableConfig;
import org.apache.pinot.spi.stream.OffsetCriteria;
import org.apache.pinot.spi.stream.StreamConfig;
import org.apache.pinot.spi.utils.IngestionConfigUtils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A REALTIME table: its committed segments, and a consumer for each partition of its stream.
 *
 * <p>The stream need not be there: the table says so in its status and looks again with growing pauses; later it looks
 * now and then for new partitions and for a stream that went away.
 */
final class RealtimeTable extends LocalTable {
  private static final Logger LOGGER = LoggerFactory.getLogger(RealtimeTable.class);
  private static final long FIRST_LOOK_MS = 500;
  private static final long LONGEST_RETRY_MS = 3_000;

  private final Stream.Factory _streams;
  private final long _longestLookMs;
  private final ScheduledExecutorService _watcher;
  private final ScheduledExecutorService _builder;
  private final RealtimeSegments _segments;
  private final SegmentCommitter _committer;
  private final Map<Integer, PartitionConsumer> _consumers = new ConcurrentSkipListMap<>();
  private List<SegmentStore.Committed> _committed = List.of();

  private volatile StreamConfig _streamConfig;
  private volatile Stream _stream;
  private volatile int _partitions;
  private volatile String _streamError;
  private volatile boolean _paused;
  private boolean _stopped;
  private long _lookMs = FIRST_LOOK_MS;
  private Future<?> _look;

  /**
   * @param lookMs how often to look for new partitions and for a stream that went away
   * @param watcher looks for streams and their partitions; may wait for a server that does not answer
   * @param builder builds segments, one at a time
   */
  RealtimeTable(PinotInstance instance, TableDefinition definition, Stream.Factory streams, long lookMs,
      ScheduledExecutorService watcher, ScheduledExecutorService builder) {
    super(instance, definition);
    _streams = streams;
    _longestLookMs = lookMs;
    _watcher = watcher;
    _builder = builder;
    _segments = new RealtimeSegments(instance, definition);
    _committer = new SegmentCommitter(_segments, store());
    _streamConfig = streamConfig(definition.table());
  }

  private static StreamConfig streamConfig(TableConfig table) {
    return new StreamConfig(table.getTableName(), IngestionConfigUtils.getFirstStreamConfigMap(table));
  }

  @Override
  void start() {
    _committed = store().recover();
    _segments.start(instance());
    load(_committed);
    _paused = store().isPaused();
    _stream = _streams.of(_streamConfig);
    _look = _watcher.submit(this::look);
  }

  /** Begins to consume partitions that are new; Pinot reads those that appear later from their beginning. */
  private void look() {
    try {
      int partitions = _stream.partitionCount();
      OffsetCriteria from =
          _consumers.isEmpty() ? _streamConfig.getOffsetCriteria() : OffsetCriteria.SMALLEST_OFFSET_CRITERIA;
      _partitions = Math.max(_partitions, partitions);
      for (int partition = 0; partition < partitions; partition++) {
        if (!_consumers.containsKey(partition)) {
          consume(partition, from);
        }
      }
      if (_streamError != null) {
        LOGGER.info("The stream of table {} is there", name());
      }
      _streamError = null;
      _lookMs = _longestLookMs;
    } catch (StreamException e) {
      if (_streamError == null) {
        LOGGER.warn("Table {}: {}", name(), e.getMessage());
      }
      _streamError = e.getMessage();
      _lookMs = Math.min(_lookMs * 2, Math.min(LONGEST_RETRY_MS, _longestLookMs));
    } catch (RuntimeException e) {
      _streamError = "The stream cannot be used: " + Failures.ofSegment(e);
      LOGGER.error("Table {}: {}", name(), _streamError);
      _lookMs = _longestLookMs;
    }
    synchronized (this) {
      if (!_stopped) {
        _look = _watcher.schedule(this::look, _lookMs, TimeUnit.MILLISECONDS);
      }
    }
  }

  private void consume(int partition, OffsetCriteria from) throws StreamException {
    SegmentStore.Progress known = store().progress(partition, _committed).orElse(null);
    SegmentStore.Progress progress = known != null ? known
        : new SegmentStore.Progress(0, _stream.offset(partition, from), System.currentTimeMillis());
    synchronized (this) {
      if (!_stopped) {
        if (known == null) {
          // Noted at once: "largest" means the end of the stream when the table was made, not when it was restarted.
          store().note(partition, progress);
        }
        PartitionConsumer consumer = new PartitionConsumer(this, partition, progress, _paused);
        _consumers.put(partition, consumer);
        consumer.start();
      }
    }
  }

  SegmentBuild build(ConsumingSegment sealed, SegmentStore.Progress next, Lock merging, List<Jobs.Job> jobs,
      FlushThreshold threshold) {
    SegmentBuild build =
        new SegmentBuild(sealed, next, merging, jobs, _committer, definition()::table, threshold, _builder);
    _builder.execute(build);
    return build;
  }

  @Override
  void update(TableConfig table) {
    StreamConfig before = _streamConfig;
    super.update(table);
    _streamConfig = streamConfig(table);
    if (!_streamConfig.getStreamConfigsMap().equals(before.getStreamConfigsMap())) {
      LOGGER.info("Table {}: the stream configuration changed; each partition's next segment uses it", name());
      Stream old = _stream;
      _stream = _streams.of(_streamConfig);
      // Not here: it may have to wait for a server that does not answer.
      _watcher.execute(old::close);
    }
  }

  @Override
  RealtimeSegments segments() {
    return _segments;
  }

  StreamConfig streamConfig() {
    return _streamConfig;
  }

  Stream stream() {
    return _stream;
  }

  int partitionCount() {
    return _partitions;
  }

  /** Whether a commit at any time could merge rows in another order on another replica; Pinot skips reloads then. */
  boolean mergesByOrder() {
    return TableConfigUtils.isTableTypeInconsistentDuringConsumption(definition().sharedTable());
  }

  List<PartitionConsumer> consuming() {
    return _consumers.values().stream().filter(consumer -> consumer.segment() != null).toList();
  }

  synchronized void setPaused(boolean paused) {
    store().setPaused(paused);
    _paused = paused;
    _consumers.values().forEach(consumer -> consumer.setPaused(paused));
  }

  ConsumptionStatus consumption() {
    List<PartitionStatus> partitions = new ArrayList<>();
    List<String> segments = new ArrayList<>();
    for (PartitionConsumer consumer : _consumers.values()) {
      ConsumingSegment segment = consumer.segment();
      if (segment != null) {
        segments.add(segment.getSegmentName());
      }
      partitions.add(consumer.status(_streamError));
    }
    if (partitions.isEmpty()) {
      String error = _streamError;
      partitions.add(new PartitionStatus(-1, -1, -1, 0, 0, 0, error != null ? "ERROR" : _paused ? "PAUSED" : "CONSUMING",
          error));
    }
    return new ConsumptionStatus(_paused, segments, partitions);
  }

  @Override
  SegmentInfo consumingInfo(ConsumingSegment segment) {
    return new SegmentInfo(segment.getSegmentName(), true, segment.rows(), 0, segment.partition(),
        segment.startOffset(), -1);
  }

  @Override
  void unload() {
    Collection<PartitionConsumer> consumers;
    synchronized (this) {
      _stopped = true;
      _look.cancel(false);
      consumers = List.copyOf(_consumers.values());
    }
    consumers.forEach(PartitionConsumer::stop);
    try {
      for (PartitionConsumer consumer : consumers) {
        consumer.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    _segments.shutDown();
    _stream.close();
  }
}
