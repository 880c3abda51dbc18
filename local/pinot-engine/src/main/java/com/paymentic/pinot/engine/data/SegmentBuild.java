package com.paymentic.pinot.engine.data;

import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.function.Supplier;
import org.apache.pinot.spi.config.table.TableConfig;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The building of one sealed segment in the background, again and again until it succeeds or the table goes.
 *
 * <p>A configuration that Pinot accepts but cannot build by (a range index on a raw BIG_DECIMAL) fails here first. The rows
 * stay queryable in the sealed segment, and each try knows the table's configuration of then. A change between dictionary
 * and raw encoding cannot help a segment that was filled in the other one; a restart reads its rows from the stream again.
 */
final class SegmentBuild implements Runnable {
  private static final Logger LOGGER = LoggerFactory.getLogger(SegmentBuild.class);
  private static final long FIRST_RETRY_MS = 2_000;
  private static final long LONGEST_RETRY_MS = 60_000;

  private final ConsumingSegment _segment;
  private final SegmentStore.Progress _next;
  private final Lock _merging;
  private final List<Jobs.Job> _jobs;
  private final SegmentCommitter _committer;
  private final Supplier<TableConfig> _currentTable;
  private final FlushThreshold _threshold;
  private final ScheduledExecutorService _executor;
  private long _retryMs = FIRST_RETRY_MS;
  private boolean _done;
  private boolean _cancelled;
  private boolean _running;
  private String _error;

  /**
   * @param merging held while rows of the partition are added
   * @param jobs the force commits that wait for this segment
   */
  SegmentBuild(ConsumingSegment segment, SegmentStore.Progress next, Lock merging, List<Jobs.Job> jobs,
      SegmentCommitter committer, Supplier<TableConfig> currentTable, FlushThreshold threshold,
      ScheduledExecutorService executor) {
    _segment = segment;
    _next = next;
    _merging = merging;
    _jobs = jobs;
    _committer = committer;
    _currentTable = currentTable;
    _threshold = threshold;
    _executor = executor;
  }

  @Override
  public void run() {
    synchronized (this) {
      if (_cancelled) {
        return;
      }
      _running = true;
    }
    boolean first = error() == null;
    try {
      SegmentCommitter.Result result = build();
      _threshold.committed(result.rows(), result.sizeBytes());
      if (first) {
        _jobs.forEach(job -> job.segmentDone(true));
      }
      finish(null, true);
    } catch (Exception | OutOfMemoryError e) {
      if (first) {
        _jobs.forEach(job -> job.segmentDone(false));
      }
      retryLater("Segment " + _segment.getSegmentName() + " cannot be built: " + Failures.ofSegment(e)
          + ". Its rows stay queryable and the engine tries again: make room on the disk, or correct the "
          + "table's indexes (the encodings must stay)");
    }
  }

  /** By the configuration that the segment was filled by or, where that fails, by the table's present one. */
  private SegmentCommitter.Result build() throws Exception {
    try {
      return _committer.commit(_segment, _segment.table(), _next, _merging);
    } catch (Exception e) {
      TableConfig current = _currentTable.get();
      if (current.equals(_segment.table())) {
        throw e;
      }
      return _committer.commit(_segment, current, _next, _merging);
    }
  }

  private void retryLater(String error) {
    LOGGER.error("{} in {} ms", error, _retryMs);
    finish(error, false);
    _executor.schedule(this, _retryMs, TimeUnit.MILLISECONDS);
    _retryMs = Math.min(_retryMs * 2, LONGEST_RETRY_MS);
  }

  private synchronized void finish(String error, boolean done) {
    _error = error;
    _done = done;
    _running = false;
    notifyAll();
  }

  /** Why the last try failed, null while it has not. */
  synchronized String error() {
    return _error;
  }

  synchronized boolean isDone() {
    return _done;
  }

  /** Tries no more; a try that is running ends by itself. */
  synchronized void cancel() {
    _cancelled = true;
    notifyAll();
  }

  /** Waits until the segment is committed or the build cancelled. */
  synchronized void await() throws InterruptedException {
    while (!_done && !_cancelled) {
      wait();
    }
  }

  /** Waits until no try is running; after {@link #cancel} none begins. */
  synchronized void awaitEnd() throws InterruptedException {
    while (_running) {
      wait();
    }
  }
}
