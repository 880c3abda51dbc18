package com.paymentic.pinot.engine.data;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.pinot.segment.local.data.manager.SegmentDataManager;
import org.apache.pinot.segment.spi.SegmentMetadata;
import org.apache.pinot.spi.config.table.TableConfig;
import org.apache.pinot.spi.data.DateTimeFieldSpec;
import org.apache.pinot.spi.data.DateTimeFormatSpec;
import org.apache.pinot.spi.utils.IngestionConfigUtils;

/**
 * Up to when the offline side answers, by the rule of Pinot's broker: the last offline time less a day (less an hour when
 * the table is loaded hourly and its time column is finer than a day), because the last period may be incomplete.
 *
 * @param column the offline table's time column
 * @param value the boundary in the column's format
 * @param millis the boundary as it reads back from that format
 */
record TimeBoundary(String column, String value, long millis) {

  /** Pinot's strategy "min": the earliest boundary of the tables that have one. */
  static Optional<TimeBoundary> earliest(List<LocalTable> tables) {
    return tables.stream().flatMap(table -> of(table).stream())
        .min((one, other) -> Long.compare(one.millis(), other.millis()));
  }

  /** @return empty when the table has no segment with rows and a time */
  static Optional<TimeBoundary> of(LocalTable table) {
    TableConfig config = table.definition().sharedTable();
    String column = config.getValidationConfig().getTimeColumnName();
    DateTimeFieldSpec spec =
        column == null ? null : table.definition().sharedSchema().getSpecForTimeColumn(column);
    if (spec == null) {
      return Optional.empty();
    }
    DateTimeFormatSpec format = spec.getFormatSpec();
    long last = lastTimeMs(table);
    boolean hourly = "HOURLY".equalsIgnoreCase(IngestionConfigUtils.getBatchSegmentIngestionFrequency(config))
        && format.getColumnUnit() != TimeUnit.DAYS;
    long boundary = last - (hourly ? TimeUnit.HOURS.toMillis(1) : TimeUnit.DAYS.toMillis(1));
    if (last <= 0 || boundary <= 0) {
      return Optional.empty();
    }
    String value = format.fromMillisToFormat(boundary);
    return Optional.of(new TimeBoundary(column, value, format.fromFormatToMillis(value)));
  }

  private static long lastTimeMs(LocalTable table) {
    long last = -1;
    for (SegmentDataManager segment : table.segments().acquireAllSegments()) {
      try {
        SegmentMetadata metadata = segment.getSegment().getSegmentMetadata();
        if (metadata.getTotalDocs() > 0 && metadata.getTimeInterval() != null) {
          last = Math.max(last, metadata.getTimeInterval().getEndMillis());
        }
      } finally {
        table.segments().releaseSegment(segment);
      }
    }
    return last;
  }
}
