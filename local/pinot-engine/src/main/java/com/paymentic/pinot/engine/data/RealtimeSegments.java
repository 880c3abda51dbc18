package com.paymentic.pinot.engine.data;

import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.Lock;
import org.apache.commons.lang3.tuple.Pair;
import org.apache.pinot.common.metadata.segment.SegmentZKMetadata;
import org.apache.pinot.common.metrics.ServerMetrics;
import org.apache.pinot.common.utils.LLCSegmentName;
import org.apache.pinot.core.data.manager.realtime.RealtimeTableDataManager;
import org.apache.pinot.segment.local.data.manager.SegmentDataManager;
import org.apache.pinot.segment.local.dedup.PartitionDedupMetadataManager;
import org.apache.pinot.segment.local.indexsegment.mutable.MutableSegmentImpl;
import org.apache.pinot.segment.local.io.writer.impl.DirectMemoryManager;
import org.apache.pinot.segment.local.realtime.impl.RealtimeSegmentConfig;
import org.apache.pinot.segment.local.segment.index.loader.IndexLoadingConfig;
import org.apache.pinot.segment.local.segment.virtualcolumn.VirtualColumnProviderFactory;
import org.apache.pinot.segment.local.upsert.PartitionUpsertMetadataManager;
import org.apache.pinot.segment.spi.ImmutableSegment;
import org.apache.pinot.segment.spi.partition.PartitionFunctionFactory;
import org.apache.pinot.spi.config.table.ColumnPartitionConfig;
import org.apache.pinot.spi.config.table.IndexingConfig;
import org.apache.pinot.spi.config.table.SegmentPartitionConfig;
import org.apache.pinot.spi.config.table.TableConfig;
import org.apache.pinot.spi.data.DateTimeFieldSpec;
import org.apache.pinot.spi.data.DateTimeFormatSpec;
import org.apache.pinot.spi.data.Schema;
import org.apache.pinot.spi.utils.CommonConstants.Segment.Realtime.Status;
import org.apache.pinot.spi.utils.IngestionConfigUtils;
import org.apache.pinot.spi.utils.TimeUtils;

/**
 * Pinot's manager of a REALTIME table's segments: dedup and upsert metadata, queries, reloads are Pinot's; only the
 * consuming segment's life (begin, replace by the committed one) is done here instead of by Helix transitions.
 */
final class RealtimeSegments extends RealtimeTableDataManager implements PinotSegments {
  /**
   * Rows that a mutable segment makes room for at first; it grows beyond in steps of the same size. A segment's threshold
   * (5 million rows by default) would reserve memory that most local tables never fill.
   */
  private static final int ROWS_AT_FIRST = 10_000;

  private final PinotInstance _instance;
  private final TableDefinition _definition;

  RealtimeSegments(PinotInstance instance, TableDefinition definition) {
    super(new Semaphore(1));
    _instance = instance;
    _definition = definition;
  }

  void start(PinotInstance instance) {
    instance.init(this, _definition.table(), _definition.schema());
  }

  /**
   * Makes the partition's next consuming segment and shows it to queries.
   *
   * @param partitions how many partitions the stream has
   * @param flushRows rows at which it will be committed
   */
  ConsumingSegment begin(LLCSegmentName name, String topic, int partitions, long startOffset, long createdMs,
      int flushRows) {
    IndexLoadingConfig loading = fetchIndexLoadingConfig();
    TableConfig table = loading.getTableConfig();
    Schema schema = loading.getSchema();
    SegmentZKMetadata metadata = new SegmentZKMetadata(name.getSegmentName());
    metadata.setCreationTime(createdMs);
    metadata.setStartOffset(Long.toString(startOffset));
    metadata.setStatus(Status.IN_PROGRESS);
    VirtualColumnProviderFactory.addBuiltInVirtualColumnsToSegmentSchema(schema, name.getSegmentName());
    useCreationTimeForMissingTimes(table, schema, createdMs);

    int partition = name.getPartitionGroupId();
    PartitionUpsertMetadataManager upsert =
        isUpsertEnabled() ? getTableUpsertMetadataManager().getOrCreatePartitionManager(partition) : null;
    PartitionDedupMetadataManager dedup =
        isDedupEnabled() ? getTableDedupMetadataManager().getOrCreatePartitionManager(partition) : null;
    forgetExpiredKeys(upsert, dedup);

    IndexingConfig indexing = table.getIndexingConfig();
    RealtimeSegmentConfig.Builder config = new RealtimeSegmentConfig.Builder(loading)
        .setTableNameWithType(_tableNameWithType)
        .setSegmentName(name.getSegmentName())
        .setStreamName(topic)
        .setSchema(schema)
        .setTimeColumnName(table.getValidationConfig().getTimeColumnName())
        .setCapacity(Math.min(flushRows, ROWS_AT_FIRST))
        .setAvgNumMultiValues(loading.getRealtimeAvgMultiValueCount())
        .setSegmentZKMetadata(metadata)
        .setOffHeap(true)
        .setMemoryManager(new DirectMemoryManager(name.getSegmentName(), ServerMetrics.get()))
        .setStatsHistory(getStatsHistory())
        .setAggregateMetrics(indexing.isAggregateMetrics())
        .setIngestionAggregationConfigs(IngestionConfigUtils.getAggregationConfigs(table))
        .setDefaultNullHandlingEnabled(indexing.isNullHandlingEnabled())
        .setPartitionUpsertMetadataManager(upsert)
        .setPartitionDedupMetadataManager(dedup)
        .setConsumerDir(getConsumerDir())
        .setTextIndexConfig(indexing.getMultiColumnTextIndexConfig());
    setPartitioning(config, indexing.getSegmentPartitionConfig(), partition, partitions);

    ConsumingSegment segment = new ConsumingSegment(name, new MutableSegmentImpl(config.build(), ServerMetrics.get()),
        table, schema, startOffset, createdMs, _instance.rowHelpers());
    registerSegment(name.getSegmentName(), segment, upsert);
    if (upsert != null) {
      upsert.trackNewlyAddedSegment(name.getSegmentName());
    }
    return segment;
  }

  /** Takes a consuming segment without rows away; a segment with rows is replaced, never dropped. */
  void drop(ConsumingSegment segment) {
    offloadSegment(segment.getSegmentName());
  }

  /**
   * Puts a committed segment in its consuming segment's place.
   *
   * <p>A server of Pinot's lets a partial-upsert table's partition wait from the commit's begin to its end, since copies
   * on other servers would merge in another order. Here is one copy: rows are taken while the segment is being built and
   * merge with the sealed rows. Only while the keys move to the committed segment none may come, or a query could see a
   * transaction in both.
   *
   * @param merging held while rows of the partition are added
   */
  void replaceConsuming(ImmutableSegment committed, Lock merging) {
    String name = committed.getSegmentName();
    if (!isUpsertEnabled()) {
      addSegment(committed, TableDefinition.committed(name));
      return;
    }
    merging.lock();
    try {
      addSegment(committed, TableDefinition.committed(name));
    } finally {
      merging.unlock();
    }
  }

  /** Pinot does this when a partition's segment begins to consume; keys older than the table's TTLs are forgotten. */
  private static void forgetExpiredKeys(PartitionUpsertMetadataManager upsert, PartitionDedupMetadataManager dedup) {
    if (upsert != null) {
      if (upsert.getContext().getMetadataTTL() > 0) {
        upsert.takeSnapshot();
        upsert.removeExpiredPrimaryKeys();
      } else {
        upsert.removeExpiredPrimaryKeys();
        upsert.takeSnapshot();
      }
    }
    if (dedup != null && dedup.getContext().getMetadataTTL() > 0) {
      dedup.removeExpiredPrimaryKeys();
    }
  }

  private static void setPartitioning(RealtimeSegmentConfig.Builder config, SegmentPartitionConfig partitioning,
      int partition, int partitions) {
    if (partitioning == null || partitioning.getColumnPartitionMap().size() != 1) {
      return;
    }
    Map.Entry<String, ColumnPartitionConfig> column = partitioning.getColumnPartitionMap().entrySet().iterator().next();
    config.setPartitionColumn(column.getKey());
    config.setPartitionFunction(PartitionFunctionFactory.getPartitionFunction(column.getValue().getFunctionName(),
        partitions, null));
    config.setPartitionId(partition);
  }

  /** Pinot's rule for a row without time: the default of the time column, or else the segment's creation time. */
  private void useCreationTimeForMissingTimes(TableConfig table, Schema schema, long createdMs) {
    String timeColumn = table.getValidationConfig().getTimeColumnName();
    if (timeColumn == null || timeColumn.isEmpty()) {
      return;
    }
    DateTimeFieldSpec spec = schema.getSpecForTimeColumn(timeColumn);
    if (spec == null) {
      throw new IllegalStateException("Time column " + timeColumn + " of table " + _tableNameWithType
          + " is not in schema " + schema.getSchemaName());
    }
    DateTimeFormatSpec format = spec.getFormatSpec();
    boolean valid;
    try {
      valid = TimeUtils.timeValueInValidRange(format.fromFormatToMillis(spec.getDefaultNullValueString()));
    } catch (IllegalArgumentException e) {
      valid = false;
    }
    if (!valid) {
      spec.setDefaultNullValue(spec.getDataType().convert(format.fromMillisToFormat(createdMs)));
    }
  }

  @Override
  public long getPartitionIngestionTimeMs(String segmentName) {
    SegmentDataManager segment = _segmentDataManagerMap.get(segmentName);
    return segment instanceof ConsumingSegment consuming ? consuming.lastRecordMs() : Long.MIN_VALUE;
  }

  @Override
  public List<String> segmentNames() {
    return PinotSegments.ordered(_segmentDataManagerMap.keySet());
  }

  @Override
  public IndexLoadingConfig fetchIndexLoadingConfig() {
    IndexLoadingConfig config = _definition.loadingConfig(_instance, _tableDataDir);
    _cachedTableConfigAndSchema = Pair.of(config.getTableConfig(), config.getSchema());
    return config;
  }

  @Override
  public SegmentZKMetadata fetchZKMetadata(String segmentName) {
    return TableDefinition.committed(segmentName);
  }

  @Override
  public SegmentZKMetadata fetchZKMetadataNullable(String segmentName) {
    return fetchZKMetadata(segmentName);
  }

  @Override
  public List<SegmentDataManager> acquireSegments(List<String> names, List<String> optionalNames,
      List<String> missing) {
    return PinotSegments.acquire(_segmentDataManagerMap, names, optionalNames, missing);
  }
}
