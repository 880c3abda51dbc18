package com.paymentic.pinot.engine.data;

import com.paymentic.pinot.engine.DataPlane.SegmentInfo;
import com.paymentic.pinot.engine.EngineException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.pinot.common.utils.LLCSegmentName;
import org.apache.pinot.segment.local.data.manager.SegmentDataManager;
import org.apache.pinot.segment.local.indexsegment.immutable.ImmutableSegmentImpl;
import org.apache.pinot.segment.local.indexsegment.immutable.ImmutableSegmentLoader;
import org.apache.pinot.segment.local.segment.index.loader.IndexLoadingConfig;
import org.apache.pinot.segment.spi.ImmutableSegment;
import org.apache.pinot.segment.spi.SegmentMetadata;
import org.apache.pinot.spi.config.table.TableConfig;
import org.apache.pinot.spi.data.Schema;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A physical table of this engine: its definition, its files and its loaded segments. */
abstract class LocalTable {
  private static final Logger LOGGER = LoggerFactory.getLogger(LocalTable.class);

  private final PinotInstance _instance;
  private final TableDefinition _definition;
  private final SegmentStore _store;
  private final Object _reloading = new Object();
  private boolean _stopped;

  LocalTable(PinotInstance instance, TableDefinition definition) {
    _instance = instance;
    _definition = definition;
    _store = new SegmentStore(instance.tablesDir(), definition.tableNameWithType());
  }

  /** Loads what is on disk and begins to consume. */
  abstract void start();

  /** Ends consumption and unloads the segments; files stay. */
  abstract void unload();

  abstract PinotSegments segments();

  abstract SegmentInfo consumingInfo(ConsumingSegment segment);

  String name() {
    return _definition.tableNameWithType();
  }

  PinotInstance instance() {
    return _instance;
  }

  TableDefinition definition() {
    return _definition;
  }

  SegmentStore store() {
    return _store;
  }

  void update(TableConfig table) {
    _definition.setTable(table);
  }

  void update(Schema schema) {
    _definition.setSchema(schema);
  }

  /** Ends consumption and unloads the segments, after a reload in progress; files stay. */
  final void stop() {
    synchronized (_reloading) {
      _stopped = true;
      unload();
    }
  }

  final void delete() {
    stop();
    _store.delete();
  }

  /** Brings a committed segment up to the table's configuration as it is now, by Pinot's own reload. */
  final void reload(String segment, String jobId) throws Exception {
    synchronized (_reloading) {
      if (_stopped) {
        throw new IllegalStateException("Table " + name() + " is gone");
      }
      // One that is sealed and waits for its build will be built by the configuration as it is now.
      if (!segments().isConsuming(segment)) {
        segments().reloadSegment(segment, false, jobId);
      }
    }
  }

  /**
   * Loads committed segments as they are on disk; those that lack an index or a column of the present configuration are
   * then brought up to it, each by Pinot's reload, which keeps the old files until the new ones are whole.
   */
  final void load(List<SegmentStore.Committed> committed) {
    // Dedup and upsert metadata of one partition come to be in the order of its segments; partitions are independent.
    Map<Integer, List<SegmentStore.Committed>> independent = committed.stream().collect(
        Collectors.groupingBy(stored -> partition(stored.segment()).orElseGet(stored::hashCode)));
    independent.values().parallelStream().forEach(segments -> segments.forEach(this::load));
    if (!committed.isEmpty()) {
      LOGGER.info("Table {} has {} committed segments with {} rows", name(), committed.size(),
          committed.stream().mapToLong(SegmentStore.Committed::rows).sum());
    }
  }

  private void load(SegmentStore.Committed stored) {
    String segment = stored.segment();
    try {
      IndexLoadingConfig loading = segments().fetchIndexLoadingConfig();
      ImmutableSegment loaded =
          ImmutableSegmentLoader.load(_store.segmentDirectory(segment).toFile(), loading, false, null, null);
      segments().addSegment(loaded, TableDefinition.committed(segment));
      if (loaded instanceof ImmutableSegmentImpl immutable && immutable.isReloadNeeded(loading)) {
        segments().reloadSegment(segment, false, null);
      }
    } catch (Exception e) {
      throw new IllegalStateException("Segment " + segment + " of table " + name() + " cannot be loaded from "
          + _store.segmentDirectory(segment) + ": " + Failures.ofSegment(e), e);
    }
  }

  private static Optional<Integer> partition(String segment) {
    return Optional.ofNullable(LLCSegmentName.of(segment)).map(LLCSegmentName::getPartitionGroupId);
  }

  /** @throws EngineException 404 when the table has no such segment */
  final void requireSegment(String segment) {
    if (!segments().hasSegment(segment)) {
      throw new EngineException(404, "Failed to find segment: " + segment + " in table: " + name());
    }
  }

  final List<SegmentInfo> segmentInfos() {
    List<SegmentInfo> infos = new ArrayList<>();
    for (String name : segments().segmentNames()) {
      SegmentDataManager segment = segments().acquireSegment(name);
      if (segment == null) {
        continue;
      }
      try {
        infos.add(segment instanceof ConsumingSegment consuming ? consumingInfo(consuming) : committedInfo(segment));
      } finally {
        segments().releaseSegment(segment);
      }
    }
    return infos;
  }

  private SegmentInfo committedInfo(SegmentDataManager segment) {
    String name = segment.getSegmentName();
    SegmentMetadata metadata = segment.getSegment().getSegmentMetadata();
    return new SegmentInfo(name, false, metadata.getTotalDocs(), _store.sizeBytes(name),
        partition(name).orElse(-1), offset(metadata.getStartOffset()),
        offset(metadata.getEndOffset()));
  }

  private static long offset(String text) {
    return text == null || text.isEmpty() ? -1 : Long.parseLong(text);
  }
}
