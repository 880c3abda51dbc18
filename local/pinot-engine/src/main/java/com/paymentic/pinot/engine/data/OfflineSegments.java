package com.paymentic.pinot.engine.data;

import java.util.List;
import org.apache.commons.lang3.tuple.Pair;
import org.apache.pinot.common.metadata.segment.SegmentZKMetadata;
import org.apache.pinot.core.data.manager.offline.OfflineTableDataManager;
import org.apache.pinot.segment.local.data.manager.SegmentDataManager;
import org.apache.pinot.segment.local.segment.index.loader.IndexLoadingConfig;

/** Pinot's manager of an OFFLINE table's segments, with configurations from memory instead of ZooKeeper. */
final class OfflineSegments extends OfflineTableDataManager implements PinotSegments {
  private final PinotInstance _instance;
  private final TableDefinition _definition;

  OfflineSegments(PinotInstance instance, TableDefinition definition) {
    _instance = instance;
    _definition = definition;
  }

  void start(PinotInstance instance) {
    instance.init(this, _definition.table(), _definition.schema());
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
