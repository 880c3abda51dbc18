package com.paymentic.pinot.engine;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.pinot.spi.config.table.TableConfig;
import org.apache.pinot.spi.data.LogicalTableConfig;
import org.apache.pinot.spi.data.Schema;

/**
 * What the control plane asks of the part that holds rows: a server's and a broker's work without Helix.
 *
 * <p>The control plane validates and persists configurations; every configuration handed over here is valid. Table names
 * are names with type ({@code payment_analytics_REALTIME}). Methods throw {@link EngineException} with the status and
 * message of a Pinot 1.5.1 controller.
 */
public interface DataPlane extends AutoCloseable {
  /**
   * Makes the table (on disk segments are loaded); a REALTIME table starts to consume every partition of its topic. It never
   * waits for the stream: a topic that is missing or cannot be reached is a state of the table.
   */
  void createTable(TableConfig table, Schema schema);

  /** The configuration of segments from the next one on; loaded segments follow at {@link #reload}. */
  void updateTable(TableConfig table);

  /** The schema of the tables of its name; loaded segments follow at {@link #reload}. */
  void updateSchema(Schema schema);

  /** Stops consumption and removes rows, segments and offsets. */
  void deleteTable(String tableNameWithType);

  void putLogicalTable(LogicalTableConfig logicalTable, Schema schema);

  void deleteLogicalTable(String name);

  /** Committed and consuming segments, in the order of their names. */
  List<SegmentInfo> segments(String tableNameWithType);

  /** Starts a reload of one segment, or of all when {@code segment} is null. @return the job's id */
  String reload(String tableNameWithType, String segment);

  Optional<JobStatus> reloadStatus(String jobId);

  /** Whether some loaded segment lacks what the current configuration or schema asks for. */
  boolean needsReload(String tableNameWithType);

  /** Seals the consuming segments; rows consumed later go to new ones. @return the job's id */
  String forceCommit(String tableNameWithType);

  Optional<JobStatus> forceCommitStatus(String jobId);

  void pauseConsumption(String tableNameWithType);

  void resumeConsumption(String tableNameWithType);

  ConsumptionStatus consumption(String tableNameWithType);

  /**
   * Builds one segment of an OFFLINE table from a file, as {@code POST /ingestFromFile} does.
   *
   * @param batchConfig the request's batchConfigMapStr ({@code inputFormat: json}, segmentNameGenerator.*)
   * @return the name of the segment; a segment of the same name is replaced
   */
  String ingestFile(String tableNameWithType, InputStream file, Map<String, String> batchConfig);

  /** Answers SQL as {@code POST /query/sql} does: a BrokerResponse, errors in its {@code exceptions}. */
  JsonNode query(String sql, Map<String, String> queryOptions);

  /** The physical and logical tables that the SQL reads, as written; empty for literal-only SQL. */
  List<String> tablesOf(String sql);

  @Override
  void close();

  /**
   * One segment.
   *
   * @param name the segment's name (LLC name for REALTIME)
   * @param consuming whether it still takes rows
   * @param rows number of rows held (upsert: before hiding old versions)
   * @param sizeBytes on disk; 0 while consuming
   * @param partition stream partition; -1 for OFFLINE
   * @param startOffset first stream offset; -1 for OFFLINE
   * @param endOffset offset after the last row; -1 while consuming and for OFFLINE
   */
  record SegmentInfo(String name, boolean consuming, long rows, long sizeBytes, int partition, long startOffset,
      long endOffset) { }

  /** @param total segments in the job */
  record JobStatus(String jobId, String tableNameWithType, int total, int succeeded, int failed, long startedAtMs) { }

  /**
   * @param paused whether consumption is paused
   * @param consumingSegments names of the segments that take rows now
   * @param partitions one per stream partition; while none is known yet, one of number -1 that says why
   */
  record ConsumptionStatus(boolean paused, List<String> consumingSegments, List<PartitionStatus> partitions) { }

  /**
   * @param currentOffset next offset to be read
   * @param latestOffset the partition's end when last seen
   * @param rowsIndexed rows stored since start
   * @param rowsFiltered rows dropped by the table's filter since start
   * @param rowsWithErrors rows dropped because they failed since start
   * @param state CONSUMING, PAUSED, or ERROR
   * @param error what stopped it, without any event's value; null when none
   */
  record PartitionStatus(int partition, long currentOffset, long latestOffset, long rowsIndexed, long rowsFiltered,
      long rowsWithErrors, String state, String error) { }
}
