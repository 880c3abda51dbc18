package com.paymentic.pinot.engine.data;

import com.paymentic.pinot.engine.DataPlane.PartitionStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.pinot.common.utils.LLCSegmentName;
import org.apache.pinot.spi.utils.builder.TableNameBuilder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads one partition of a table's stream into consuming segments, in one thread of its own; another may help it to make
 * the rows ({@link RowBatches}).
 *
 * <p>The thread alone touches the consuming segment and the reader. Requests (pause, force commit, stop) are left in fields
 * and the thread is woken. It waits in the stream's poll, or for a request when there is nothing to poll, never in a loop.
 */
final class PartitionConsumer implements Runnable {
  private static final Logger LOGGER = LoggerFactory.getLogger(PartitionConsumer.class);
  private static final Duration POLL = Duration.ofMillis(250);
  private static final long FIRST_RETRY_MS = 500;
  private static final long LONGEST_RETRY_MS = 10_000;
  private static final long STUCK_MS = 500;

  private final RealtimeTable _table;
  private final int _partition;
  private final Thread _thread;
  private final FlushThreshold _threshold = new FlushThreshold();
  private final List<Jobs.Job> _forced = new ArrayList<>();
  /** Held while rows are added; fair, or a partition with many events to catch up with would never let it go. */
  private final Lock _merging = new ReentrantLock(true);

  private volatile boolean _stopped;
  private volatile boolean _paused;
  private volatile StreamPartition _reader;
  private volatile ConsumingSegment _segment;
  private volatile SegmentStore.Progress _progress;
  private volatile SegmentBuild _build;
  private volatile String _error;
  private volatile long _indexed;
  private volatile long _filtered;
  private volatile long _failed;
  private volatile long _endOffset = -1;
  private Stream _stream;
  private int _flushRows;
  private long _flushMs;
  private long _retryAtMs;
  private long _retryMs = FIRST_RETRY_MS;

  /** Pinot took the configuration but cannot work by it; no event has been touched, so its message may be shown. */
  private static final class ConfigurationException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ConfigurationException(String message, Throwable cause) {
      super(message, cause);
    }
  }

  PartitionConsumer(RealtimeTable table, int partition, SegmentStore.Progress progress, boolean paused) {
    _table = table;
    _partition = partition;
    _progress = progress;
    _paused = paused;
    _thread = new Thread(this, table.name() + "-" + partition);
    _thread.setDaemon(true);
  }

  void start() {
    _thread.start();
  }

  @Override
  public void run() {
    while (!_stopped) {
      try {
        step();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        break;
      } catch (StreamException | ConfigurationException e) {
        retryLater(e.getMessage());
      } catch (Exception e) {
        LOGGER.error("Partition {} of table {} failed: {}", _partition, _table.name(), Failures.ofSegment(e));
        retryLater("Partition " + _partition + " failed: " + Failures.ofSegment(e));
      } catch (Error e) {
        // Out of memory and the like: said, not swallowed, and the partition shows it; the others go on.
        LOGGER.error("Partition {} of table {} stopped: {}", _partition, _table.name(), Failures.ofSegment(e));
        retryLater("Partition " + _partition + " stopped: " + Failures.ofSegment(e));
      }
    }
    closeReader();
  }

  private void step() throws StreamException, InterruptedException {
    SegmentBuild build = _build;
    if (build != null && build.isDone()) {
      _build = null;
      build = null;
    }
    List<Jobs.Job> forced = takeForced();
    if (build != null && build.error() != null) {
      // The segment before cannot be built, so this one cannot be committed; it takes rows as long as there is room.
      forced.forEach(job -> job.segmentDone(false));
      if (_paused || _segment != null && isFull()) {
        awaitRequest(STUCK_MS);
        return;
      }
    } else if (_segment != null && (!forced.isEmpty() || _paused || isFull() || isOld())) {
      roll(forced);
    } else {
      forced.forEach(job -> job.segmentDone(true));
    }
    if (_paused) {
      closeReader();
      awaitRequest(0);
      // The next segment's time begins when it does, not when the pause did.
      _progress = new SegmentStore.Progress(_progress.sequence(), _progress.startOffset(), System.currentTimeMillis());
    } else if (System.currentTimeMillis() < _retryAtMs) {
      awaitRequest(_retryAtMs - System.currentTimeMillis());
    } else {
      consume();
    }
  }

  private void consume() throws StreamException, InterruptedException {
    if (_segment == null) {
      begin();
    }
    StreamPartition reader = _reader;
    if (reader == null) {
      _stream = _table.stream();
      reader = _stream.open(_partition);
      reader.seek(_segment.nextOffset());
      _reader = reader;
    }
    StreamBatch batch = reader.poll(POLL);
    _endOffset = reader.endOffset();
    if (_error != null) {
      LOGGER.info("Partition {} of table {} is read again", _partition, _table.name());
      _error = null;
      _retryMs = FIRST_RETRY_MS;
    }
    take(batch);
  }

  private void take(StreamBatch batch) throws InterruptedException {
    _merging.lock();
    try {
      if (_segment.batches().each(batch.records(), this::take)) {
        _segment.consumedTo(batch.nextOffset());
      } else {
        // The rest of the batch is read again from where the next segment begins.
        _reader.seek(_segment.nextOffset());
      }
    } finally {
      _merging.unlock();
    }
  }

  private boolean take(StreamRecord record, RowPipeline.Outcome made) {
    if (isFull()) {
      return false;
    }
    if (made != null) {
      count(_segment.add(record, made));
    }
    _segment.consumedTo(record.offset() + 1);
    return true;
  }

  private void count(RowPipeline.Outcome outcome) {
    switch (outcome.fate()) {
      case ROWS -> _indexed++;
      case FILTERED -> _filtered++;
      default -> {
        if (_failed == 0) {
          LOGGER.warn("Partition {} of table {} drops events that fail; the first one by {}", _partition, _table.name(),
              outcome.reason());
        }
        _failed++;
      }
    }
  }

  private void begin() {
    if (_stream != _table.stream()) {
      closeReader();
    }
    _flushRows = _threshold.rows(_table.streamConfig(), _table.partitionCount());
    _flushMs = _table.streamConfig().getFlushThresholdTimeMillis();
    SegmentStore.Progress progress = _progress;
    LLCSegmentName name = new LLCSegmentName(TableNameBuilder.extractRawTableName(_table.name()), _partition,
        progress.sequence(), progress.createdMs());
    try {
      _segment = _table.segments().begin(name, _table.streamConfig().getTopicName(), _table.partitionCount(),
          progress.startOffset(), progress.createdMs(), _flushRows);
    } catch (RuntimeException e) {
      throw new ConfigurationException("Segment " + name.getSegmentName()
          + " cannot begin with the table's configuration: " + e.getMessage()
          + ". Correct it, the engine tries again", e);
    }
    LOGGER.info("Segment {} consumes from offset {}", name.getSegmentName(), progress.startOffset());
  }

  private boolean isFull() {
    return _segment.rows() >= _flushRows || _segment.isIndexFull();
  }

  private boolean isOld() {
    return System.currentTimeMillis() - _segment.createdMs() >= _flushMs;
  }

  /** Ends the consuming segment; the next one begins with the table's configuration as it is then. */
  private void roll(List<Jobs.Job> forced) throws InterruptedException {
    awaitBuild();
    if (_stopped) {
      return;
    }
    ConsumingSegment sealed = _segment;
    boolean empty = sealed.rows() == 0;
    SegmentStore.Progress next = new SegmentStore.Progress(sealed.sequence() + (empty ? 0 : 1), sealed.nextOffset(),
        System.currentTimeMillis());
    if (empty) {
      // Nothing to build, but records that the old configuration dropped stay dropped under the next one.
      _table.store().note(_partition, next);
      _segment = null;
      _progress = next;
      _table.segments().drop(sealed);
      forced.forEach(job -> job.segmentDone(true));
      return;
    }
    SegmentBuild build = _table.build(sealed, next, _merging, forced, _threshold);
    _build = build;
    _progress = next;
    _segment = null;
  }

  /** At most one segment of a partition is being built: what is committed has no gaps, and memory has a bound. */
  private void awaitBuild() throws InterruptedException {
    SegmentBuild build = _build;
    if (build != null) {
      build.await();
      // A build that was cancelled may still be running; whoever stops this table waits for it.
      if (build.isDone()) {
        _build = null;
      }
    }
  }

  private void retryLater(String error) {
    if (!error.equals(_error)) {
      LOGGER.warn("{}", error);
    }
    _error = error;
    _retryAtMs = System.currentTimeMillis() + _retryMs;
    _retryMs = Math.min(_retryMs * 2, LONGEST_RETRY_MS);
    closeReader();
  }

  private void closeReader() {
    StreamPartition reader = _reader;
    _reader = null;
    if (reader != null) {
      reader.close();
    }
  }

  private synchronized List<Jobs.Job> takeForced() {
    List<Jobs.Job> taken = new ArrayList<>(_forced);
    _forced.clear();
    return taken;
  }

  /** @param millis 0: as long as it takes */
  private synchronized void awaitRequest(long millis) throws InterruptedException {
    if (!_stopped && _forced.isEmpty() && (millis > 0 || _paused)) {
      wait(millis);
    }
  }

  private synchronized void wake() {
    notifyAll();
    StreamPartition reader = _reader;
    if (reader != null) {
      reader.wakeUp();
    }
  }

  synchronized void forceCommit(Jobs.Job job) {
    _forced.add(job);
    wake();
  }

  void setPaused(boolean paused) {
    _paused = paused;
    wake();
  }

  /** Ends consumption without a commit; what was not committed is read again at the next start. */
  void stop() {
    _stopped = true;
    SegmentBuild build = _build;
    if (build != null) {
      build.cancel();
    }
    wake();
  }

  /** Waits until the thread and a build in progress have ended. */
  void join() throws InterruptedException {
    _thread.join();
    SegmentBuild build = _build;
    if (build != null) {
      build.cancel();
      build.awaitEnd();
    }
  }

  /** The segment that takes rows now, null when none does. */
  ConsumingSegment segment() {
    return _segment;
  }

  /** @param streamError what the table as a whole knows about its stream, null when nothing is wrong */
  PartitionStatus status(String streamError) {
    SegmentBuild build = _build;
    String error = build != null && build.error() != null ? build.error() : _error != null ? _error : streamError;
    ConsumingSegment segment = _segment;
    String state = error != null ? "ERROR" : _paused && segment == null ? "PAUSED" : "CONSUMING";
    long current = segment != null ? segment.nextOffset() : _progress.startOffset();
    return new PartitionStatus(_partition, current, Math.max(_endOffset, current), _indexed, _filtered, _failed, state,
        error);
  }
}
