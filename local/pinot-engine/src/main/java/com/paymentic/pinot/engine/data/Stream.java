package com.paymentic.pinot.engine.data;

import org.apache.pinot.spi.stream.OffsetCriteria;
import org.apache.pinot.spi.stream.StreamConfig;

/** A table's stream: a Kafka topic, or a list in memory in tests. */
interface Stream extends AutoCloseable {

  /** Makes a stream from a table's stream configuration, without connecting yet. */
  @FunctionalInterface
  interface Factory {
    Stream of(StreamConfig config);
  }

  /** @throws StreamException when the stream is missing or cannot be reached */
  int partitionCount() throws StreamException;

  /** The offset that the criteria of a table's stream configuration mean now. */
  long offset(int partition, OffsetCriteria criteria) throws StreamException;

  StreamPartition open(int partition) throws StreamException;

  @Override
  void close();
}
