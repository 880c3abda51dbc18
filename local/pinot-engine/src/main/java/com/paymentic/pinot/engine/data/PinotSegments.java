package com.paymentic.pinot.engine.data;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ConcurrentMap;
import org.apache.pinot.common.utils.LLCSegmentName;
import org.apache.pinot.segment.local.data.manager.SegmentDataManager;
import org.apache.pinot.segment.local.data.manager.TableDataManager;

/** What the engine adds to Pinot's own table managers, REALTIME and OFFLINE alike. */
interface PinotSegments extends TableDataManager {

  /** Names of the loaded segments, in their order. */
  List<String> segmentNames();

  /** Whether the segment takes rows, or took them and is not committed yet. */
  default boolean isConsuming(String segment) {
    SegmentDataManager acquired = acquireSegment(segment);
    if (acquired == null) {
      return false;
    }
    try {
      return acquired instanceof ConsumingSegment;
    } finally {
      releaseSegment(acquired);
    }
  }

  /**
   * Pinot's acquireSegments looks a segment up and then takes hold of it. In a cluster the query is sent again when a
   * commit replaced the segment in between; here the lookup is repeated, so that no query misses rows.
   */
  static List<SegmentDataManager> acquire(ConcurrentMap<String, SegmentDataManager> segments, List<String> names,
      List<String> optionalNames, List<String> missing) {
    List<SegmentDataManager> acquired = new ArrayList<>(names.size());
    for (String name : names) {
      SegmentDataManager segment = acquire(segments, name);
      if (segment == null) {
        missing.add(name);
      } else {
        acquired.add(segment);
      }
    }
    if (optionalNames != null) {
      for (String name : optionalNames) {
        SegmentDataManager segment = acquire(segments, name);
        if (segment != null) {
          acquired.add(segment);
        }
      }
    }
    return acquired;
  }

  private static SegmentDataManager acquire(ConcurrentMap<String, SegmentDataManager> segments, String name) {
    for (SegmentDataManager segment = segments.get(name); segment != null; segment = segments.get(name)) {
      if (segment.increaseReferenceCount()) {
        return segment;
      }
    }
    return null;
  }

  /** By partition and sequence where names have them (sequence 9 before 10), else by name. */
  static List<String> ordered(Collection<String> names) {
    List<String> ordered = new ArrayList<>(names);
    ordered.sort(PinotSegments::compare);
    return ordered;
  }

  private static int compare(String one, String other) {
    LLCSegmentName first = LLCSegmentName.of(one);
    LLCSegmentName second = LLCSegmentName.of(other);
    if (first == null || second == null) {
      return one.compareTo(other);
    }
    int byPartition = Integer.compare(first.getPartitionGroupId(), second.getPartitionGroupId());
    return byPartition != 0 ? byPartition : Integer.compare(first.getSequenceNumber(), second.getSequenceNumber());
  }
}
