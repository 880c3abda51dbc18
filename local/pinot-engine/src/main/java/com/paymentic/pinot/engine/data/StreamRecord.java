package com.paymentic.pinot.engine.data;

/**
 * One record of a stream.
 *
 * @param offset the record's offset
 * @param timestampMs the stream's own time of the record, epoch milliseconds
 * @param key may be null
 * @param value null for a tombstone
 */
record StreamRecord(long offset, long timestampMs, byte[] key, byte[] value) { }
