package com.paymentic.pinot.engine.data;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.pinot.spi.stream.OffsetCriteria;

/** A topic in memory; it outlives the data planes that read it, as Kafka does. */
final class MemoryStream implements Stream {
  private static final int RECORDS_A_POLL = 500;

  private final List<List<StreamRecord>> _partitions = new ArrayList<>();
  private String _failure;

  MemoryStream(int partitions) {
    for (int i = 0; i < partitions; i++) {
      _partitions.add(new ArrayList<>());
    }
  }

  synchronized void add(int partition, String value) {
    List<StreamRecord> records = _partitions.get(partition);
    records.add(new StreamRecord(records.size(), System.currentTimeMillis(), null,
        value == null ? null : value.getBytes(StandardCharsets.UTF_8)));
    notifyAll();
  }

  synchronized void addPartition() {
    _partitions.add(new ArrayList<>());
  }

  /** From now on reading fails with this message; null: it works again. */
  synchronized void fail(String message) {
    _failure = message;
    notifyAll();
  }

  private void check() throws StreamException {
    if (_failure != null) {
      throw new StreamException(_failure);
    }
  }

  @Override
  public synchronized int partitionCount() throws StreamException {
    check();
    return _partitions.size();
  }

  @Override
  public synchronized long offset(int partition, OffsetCriteria criteria) throws StreamException {
    check();
    return criteria.isSmallest() ? 0 : _partitions.get(partition).size();
  }

  @Override
  public StreamPartition open(int partition) {
    return new Partition(partition);
  }

  @Override
  public void close() {
    // Nothing is held.
  }

  private final class Partition implements StreamPartition {
    private final int _partition;
    private int _next;
    private boolean _woken;

    Partition(int partition) {
      _partition = partition;
    }

    @Override
    public void seek(long offset) {
      _next = (int) offset;
    }

    @Override
    public StreamBatch poll(Duration timeout) throws StreamException {
      synchronized (MemoryStream.this) {
        check();
        List<StreamRecord> records = _partitions.get(_partition);
        if (_next >= records.size() && !_woken) {
          try {
            MemoryStream.this.wait(timeout.toMillis());
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        }
        _woken = false;
        check();
        List<StreamRecord> batch =
            List.copyOf(records.subList(_next, Math.min(records.size(), _next + RECORDS_A_POLL)));
        _next += batch.size();
        return new StreamBatch(batch, _next);
      }
    }

    @Override
    public long endOffset() {
      synchronized (MemoryStream.this) {
        return _partitions.get(_partition).size();
      }
    }

    @Override
    public void wakeUp() {
      synchronized (MemoryStream.this) {
        _woken = true;
        MemoryStream.this.notifyAll();
      }
    }

    @Override
    public void close() {
      // Nothing is held.
    }
  }
}
