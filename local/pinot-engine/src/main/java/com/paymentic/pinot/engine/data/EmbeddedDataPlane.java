package com.paymentic.pinot.engine.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.paymentic.pinot.engine.DataPlane;
import com.paymentic.pinot.engine.EngineException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.apache.pinot.common.function.FunctionRegistry;
import org.apache.pinot.segment.spi.index.IndexService;
import org.apache.pinot.segment.spi.loader.SegmentDirectoryLoaderRegistry;
import org.apache.pinot.spi.config.table.TableConfig;
import org.apache.pinot.spi.config.table.TableType;
import org.apache.pinot.spi.data.LogicalTableConfig;
import org.apache.pinot.spi.data.Schema;
import org.apache.pinot.spi.utils.JsonUtils;
import org.apache.pinot.spi.utils.builder.TableNameBuilder;
import org.apache.pinot.sql.parsers.CalciteSqlParser;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The data plane in this process: tables below one directory, consumption from Kafka, queries.
 *
 * <p>Segments are not removed by age here, as a controller's retention manager would: local stacks are short-lived, and a
 * test of retention needs a cluster.
 */
public final class EmbeddedDataPlane implements DataPlane {
  private static final Logger LOGGER = LoggerFactory.getLogger(EmbeddedDataPlane.class);

  private static final long LOOK_MS = 10_000;

  private final Stream.Factory _streams;
  private final long _lookMs;
  private final PinotInstance _instance;
  private final TableCatalog _catalog = new TableCatalog();
  private final Jobs _jobs = new Jobs();
  private final ExecutorService _pinotReloads = Executors.newSingleThreadExecutor(Threads.named("pinot-reload"));
  private final ScheduledExecutorService _watcher = Threads.scheduler("stream-watcher", 3);
  private final ScheduledExecutorService _builder = Threads.scheduler("segment-builder", 1);
  private final ScheduledExecutorService _rowHelpers =
      Threads.scheduler("row-helper", Math.max(1, Runtime.getRuntime().availableProcessors() - 1));
  private final QueryEngine _queries;

  /**
   * @param tablesDir made when it is not there
   * @param serverInstanceId the server that holds the segments, as queries and segments show it
   */
  public EmbeddedDataPlane(Path tablesDir, String serverInstanceId) {
    this(tablesDir, serverInstanceId, serverInstanceId.replaceFirst("^Server_", "Broker_"), KafkaStream::new, LOOK_MS);
  }

  /** @param brokerInstanceId the broker that answers show */
  public EmbeddedDataPlane(Path tablesDir, String serverInstanceId, String brokerInstanceId) {
    this(tablesDir, serverInstanceId, brokerInstanceId, KafkaStream::new, LOOK_MS);
  }

  EmbeddedDataPlane(Path tablesDir, String serverInstanceId, String brokerInstanceId, Stream.Factory streams,
      long lookMs) {
    _streams = streams;
    _lookMs = lookMs;
    try {
      Files.createDirectories(tablesDir);
    } catch (IOException e) {
      throw new UncheckedIOException("Directory " + tablesDir + " for the tables cannot be made: " + e, e);
    }
    Threads.named("warm-up").newThread(EmbeddedDataPlane::warmUp).start();
    SegmentStore.removeDeleted(tablesDir);
    _instance = new PinotInstance(serverInstanceId, tablesDir, _pinotReloads, _rowHelpers);
    _queries = new QueryEngine(_instance, brokerInstanceId, _catalog);
  }

  /** Pinot finds its functions and loaders by searching the class path at first use; here, while nobody waits for it. */
  private static void warmUp() {
    FunctionRegistry.init();
    IndexService.getInstance();
    SegmentDirectoryLoaderRegistry.getSegmentDirectoryLoader(
        SegmentDirectoryLoaderRegistry.DEFAULT_SEGMENT_DIRECTORY_LOADER_NAME);
    CalciteSqlParser.compileToPinotQuery("SELECT 1");
  }

  @Override
  public void createTable(TableConfig table, Schema schema) {
    TableDefinition definition = new TableDefinition(table, schema);
    LocalTable local;
    try {
      local = table.getTableType() == TableType.OFFLINE ? new OfflineTable(_instance, definition)
          : new RealtimeTable(_instance, definition, _streams, _lookMs, _watcher, _builder);
      local.start();
    } catch (EngineException e) {
      throw e;
    } catch (RuntimeException e) {
      LOGGER.error("Table {} cannot be made: {}", table.getTableName(), e.getMessage());
      throw new EngineException(500, "Table " + table.getTableName() + " cannot be made: " + e.getMessage(), e);
    }
    _catalog.put(local);
  }

  @Override
  public void updateTable(TableConfig table) {
    table(table.getTableName()).update(table);
  }

  @Override
  public void updateSchema(Schema schema) {
    for (LocalTable table : _catalog.all()) {
      if (TableNameBuilder.extractRawTableName(table.name()).equals(schema.getSchemaName())) {
        table.update(schema);
      }
    }
    _catalog.updateSchema(schema);
  }

  @Override
  public void deleteTable(String tableNameWithType) {
    LocalTable table = table(tableNameWithType);
    _catalog.remove(tableNameWithType);
    table.delete();
  }

  @Override
  public void putLogicalTable(LogicalTableConfig logicalTable, Schema schema) {
    _catalog.putLogical(logicalTable, schema);
  }

  @Override
  public void deleteLogicalTable(String name) {
    _catalog.removeLogical(name);
  }

  @Override
  public List<SegmentInfo> segments(String tableNameWithType) {
    return table(tableNameWithType).segmentInfos();
  }

  @Override
  public String reload(String tableNameWithType, String segment) {
    LocalTable table = table(tableNameWithType);
    if (segment != null) {
      table.requireSegment(segment);
    }
    List<String> segments = segment != null ? List.of(segment) : table.segments().segmentNames();
    List<PartitionConsumer> consuming = new ArrayList<>();
    List<String> committed = new ArrayList<>(segments);
    if (table instanceof RealtimeTable realtime) {
      for (PartitionConsumer consumer : realtime.consuming()) {
        ConsumingSegment current = consumer.segment();
        if (current != null && committed.remove(current.getSegmentName())) {
          consuming.add(consumer);
        }
      }
    }
    Jobs.Job job = _jobs.begin(tableNameWithType, committed.size() + consuming.size());
    boolean commits = table instanceof RealtimeTable realtime && !realtime.mergesByOrder();
    for (PartitionConsumer consumer : consuming) {
      if (commits) {
        consumer.forceCommit(job);
      } else {
        // As Pinot: such a segment is skipped, it gets the new configuration when it is full.
        job.segmentDone(true);
      }
    }
    // Where segments are built, so that none is just being built by the configuration of before.
    _builder.execute(() -> committed.forEach(name -> reload(table, name, job)));
    return job.id();
  }

  private static void reload(LocalTable table, String segment, Jobs.Job job) {
    try {
      table.reload(segment, job.id());
      job.segmentDone(true);
    } catch (Exception e) {
      LOGGER.error("Segment {} of table {} cannot be reloaded: {}", segment, table.name(), Failures.ofSegment(e));
      job.segmentDone(false);
    }
  }

  @Override
  public Optional<JobStatus> reloadStatus(String jobId) {
    return _jobs.status(jobId);
  }

  @Override
  public boolean needsReload(String tableNameWithType) {
    try {
      return table(tableNameWithType).segments().needReloadSegments();
    } catch (EngineException e) {
      throw e;
    } catch (Exception e) {
      throw new EngineException(500, "Segments of " + tableNameWithType + " cannot be compared with its configuration: "
          + Failures.ofSegment(e), e);
    }
  }

  @Override
  public String forceCommit(String tableNameWithType) {
    List<PartitionConsumer> consuming = realtime(tableNameWithType).consuming();
    Jobs.Job job = _jobs.begin(tableNameWithType, consuming.size());
    consuming.forEach(consumer -> consumer.forceCommit(job));
    return job.id();
  }

  @Override
  public Optional<JobStatus> forceCommitStatus(String jobId) {
    return _jobs.status(jobId);
  }

  @Override
  public void pauseConsumption(String tableNameWithType) {
    realtime(tableNameWithType).setPaused(true);
  }

  @Override
  public void resumeConsumption(String tableNameWithType) {
    realtime(tableNameWithType).setPaused(false);
  }

  @Override
  public ConsumptionStatus consumption(String tableNameWithType) {
    return realtime(tableNameWithType).consumption();
  }

  @Override
  public String ingestFile(String tableNameWithType, InputStream file, Map<String, String> batchConfig) {
    if (table(tableNameWithType) instanceof OfflineTable offline) {
      return FileIngestion.ingest(offline, file, batchConfig);
    }
    throw new EngineException(500, "Caught exception when ingesting file into table: " + tableNameWithType
        + ". Cannot ingest file into REALTIME table: " + tableNameWithType);
  }

  @Override
  public JsonNode query(String sql, Map<String, String> queryOptions) {
    return JsonUtils.objectToJsonNode(_queries.query(sql, queryOptions));
  }

  @Override
  public List<String> tablesOf(String sql) {
    return QueryEngine.tablesOf(sql);
  }

  private LocalTable table(String tableNameWithType) {
    LocalTable table = _catalog.get(tableNameWithType);
    if (table == null) {
      throw new EngineException(404, "Table " + tableNameWithType + " not found");
    }
    return table;
  }

  private RealtimeTable realtime(String tableNameWithType) {
    if (table(tableNameWithType) instanceof RealtimeTable realtime) {
      return realtime;
    }
    throw new EngineException(400, "Table " + tableNameWithType + " is no REALTIME table");
  }

  @Override
  public void close() {
    _catalog.all().parallelStream().forEach(LocalTable::stop);
    _queries.close();
    // Without interrupts: they close files that are being written.
    List.of(_pinotReloads, _watcher, _builder, _rowHelpers).forEach(ExecutorService::shutdown);
  }
}
