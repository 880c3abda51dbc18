package com.paymentic.pinot.engine.data;

import java.util.List;

/**
 * What one poll brought.
 *
 * @param nextOffset where the next poll goes on; beyond the last record's offset + 1 where the stream holds records
 *     that are no data (transaction markers, compacted records)
 */
record StreamBatch(List<StreamRecord> records, long nextOffset) { }
