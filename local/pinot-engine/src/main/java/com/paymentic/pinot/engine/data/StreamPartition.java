package com.paymentic.pinot.engine.data;

import java.time.Duration;

/** A reader of one partition of a stream; used by one thread, except for {@link #wakeUp}. */
interface StreamPartition extends AutoCloseable {

  /** Reads from this offset on. */
  void seek(long offset);

  /**
   * Waits for records, at most for {@code timeout}.
   *
   * @throws StreamException when the stream cannot be read now
   */
  StreamBatch poll(Duration timeout) throws StreamException;

  /** The offset after the partition's last record, as far as known; -1 when not known yet. */
  long endOffset();

  /** Ends a poll that is waiting, from any thread. */
  void wakeUp();

  @Override
  void close();
}
