package com.paymentic.pinot.engine.data;

import com.paymentic.pinot.engine.DataPlane.SegmentInfo;

/** An OFFLINE table: segments that were made from files. */
final class OfflineTable extends LocalTable {
  private final OfflineSegments _segments;

  OfflineTable(PinotInstance instance, TableDefinition definition) {
    super(instance, definition);
    _segments = new OfflineSegments(instance, definition);
  }

  @Override
  void start() {
    var committed = store().recover();
    _segments.start(instance());
    load(committed);
  }

  @Override
  void unload() {
    _segments.shutDown();
  }

  @Override
  OfflineSegments segments() {
    return _segments;
  }

  @Override
  SegmentInfo consumingInfo(ConsumingSegment segment) {
    throw new IllegalStateException("OFFLINE table " + name() + " has no consuming segment");
  }
}
