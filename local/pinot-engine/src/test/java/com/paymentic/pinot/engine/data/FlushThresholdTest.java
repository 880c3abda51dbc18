package com.paymentic.pinot.engine.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.Map;
import org.apache.pinot.spi.stream.StreamConfig;
import org.junit.jupiter.api.Test;

/** Pinot's controller's rules for when a segment is full. */
class FlushThresholdTest {
  private static StreamConfig config(String... settings) {
    Map<String, String> map = new HashMap<>(Map.of("streamType", "kafka", "stream.kafka.topic.name", "t",
        "stream.kafka.decoder.class.name", "d"));
    for (int i = 0; i < settings.length; i += 2) {
      map.put("realtime.segment.flush." + settings[i], settings[i + 1]);
    }
    return new StreamConfig("t_REALTIME", map);
  }

  @Test
  void rowsAreForTheTableAndSegmentRowsForASegment() {
    assertEquals(333, new FlushThreshold().rows(config("threshold.rows", "1000"), 3));
    assertEquals(1, new FlushThreshold().rows(config("threshold.rows", "2"), 3));
    assertEquals(1000, new FlushThreshold().rows(config("threshold.segment.rows", "1000"), 3));
    assertEquals(5_000_000 / 4, new FlushThreshold().rows(config(), 4));
  }

  @Test
  void aSizeBecomesRowsOnceASegmentShowedHowLargeARowIs() {
    StreamConfig bySize = config("threshold.rows", "0", "threshold.segment.size", "10M");
    FlushThreshold threshold = new FlushThreshold();
    assertEquals(100_000, threshold.rows(bySize, 3));
    threshold.committed(100_000, 20 << 20);
    assertEquals(50_000, threshold.rows(bySize, 3));
    threshold.committed(50_000, 1 << 20);
    assertTrue(threshold.rows(bySize, 3) <= 150_000, "it grows by half a segment at most");
    threshold.committed(1000, 1 << 30);
    assertEquals(10_000, threshold.rows(bySize, 3));
  }
}
