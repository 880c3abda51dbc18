package com.paymentic.pinot.engine.data;

import com.paymentic.pinot.engine.EngineException;
import java.io.File;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.locks.Lock;
import org.apache.pinot.segment.local.indexsegment.immutable.ImmutableSegmentLoader;
import org.apache.pinot.segment.local.segment.creator.impl.SegmentIndexCreationDriverImpl;
import org.apache.pinot.segment.local.utils.IngestionUtils;
import org.apache.pinot.segment.spi.ImmutableSegment;
import org.apache.pinot.segment.spi.creator.SegmentGeneratorConfig;
import org.apache.pinot.spi.config.table.TableConfig;
import org.apache.pinot.spi.config.table.ingestion.BatchIngestionConfig;
import org.apache.pinot.spi.data.Schema;
import org.apache.pinot.spi.data.readers.FileFormat;
import org.apache.pinot.spi.data.readers.RecordReaderFactory;
import org.apache.pinot.spi.ingestion.batch.BatchConfigProperties;
import org.apache.pinot.spi.utils.IngestionConfigUtils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One segment of an OFFLINE table from one file, as the controller's {@code ingestFromFile} makes it: by the table's
 * transforms and filter, under a name of its own or under a fixed name, which replaces.
 *
 * <p>A format is supported by registering a record reader for it with Pinot's {@link RecordReaderFactory}.
 */
final class FileIngestion {
  private static final Logger LOGGER = LoggerFactory.getLogger(FileIngestion.class);
  private static final String POSTFIX =
      BatchConfigProperties.SEGMENT_NAME_GENERATOR_PROP_PREFIX + "." + BatchConfigProperties.SEGMENT_NAME_POSTFIX;
  private static final List<String> FORMATS = List.of("JSON");

  static {
    RecordReaderFactory.register(FileFormat.JSON, JsonFileReader.class.getName(), null);
  }

  private FileIngestion() {
  }

  /**
   * @param batchConfig {@code inputFormat}, {@code segmentNameGenerator.*} as in {@code batchConfigMapStr}
   * @return the segment's name
   * @throws EngineException 501 for a format without a reader, 500 with Pinot's words for all else
   */
  static String ingest(OfflineTable table, InputStream file, Map<String, String> batchConfig) {
    String format = batchConfig.getOrDefault(BatchConfigProperties.INPUT_FORMAT, "").toUpperCase(Locale.ROOT);
    if (!FORMATS.contains(format)) {
      throw new EngineException(501, "inputFormat \"" + batchConfig.get(BatchConfigProperties.INPUT_FORMAT)
          + "\" is not supported by the local engine; allowed is one of " + FORMATS);
    }
    try {
      Path directory = table.store().buildDirectory("ingest-" + System.nanoTime());
      try {
        Path input = directory.resolve("data." + format.toLowerCase(Locale.ROOT));
        Files.copy(file, input);
        return build(table, input, directory.resolve("segment"), batchConfig);
      } finally {
        DurableFiles.delete(directory);
      }
    } catch (EngineException e) {
      throw e;
    } catch (Exception e) {
      throw new EngineException(500, "Caught exception when ingesting file into table: " + table.name() + ". "
          + Failures.ofRow(e), e);
    }
  }

  private static String build(OfflineTable table, Path input, Path output, Map<String, String> batchConfig)
      throws Exception {
    TableConfig config = table.definition().table();
    Schema schema = table.definition().schema();
    Map<String, String> settings = new HashMap<>(batchConfig);
    settings.put(BatchConfigProperties.INPUT_DIR_URI, input.toString());
    settings.put(BatchConfigProperties.OUTPUT_DIR_URI, output.toString());
    // A second file of the same time range must not replace the first; only a fixed name may.
    settings.putIfAbsent(POSTFIX, String.valueOf(System.currentTimeMillis()));
    SegmentGeneratorConfig generator;
    try {
      generator = IngestionUtils.generateSegmentGeneratorConfig(config, schema, new BatchIngestionConfig(List.of(settings),
          IngestionConfigUtils.getBatchSegmentIngestionType(config),
          IngestionConfigUtils.getBatchSegmentIngestionFrequency(config)));
    } catch (IllegalArgumentException | IllegalStateException e) {
      // No row has been read yet: the message speaks of settings alone.
      throw new EngineException(500, "Caught exception when ingesting file into table: " + table.name() + ". "
          + e.getMessage(), e);
    }
    SegmentIndexCreationDriverImpl driver = new SegmentIndexCreationDriverImpl();
    driver.init(generator);
    driver.build();
    String segment = driver.getSegmentName();
    publish(table, output.resolve(segment).toFile(), segment);
    LOGGER.info("Segment {} of table {} was made from a file", segment, table.name());
    return segment;
  }

  private static void publish(OfflineTable table, File built, String segment) throws Exception {
    ImmutableSegmentLoader.preprocess(built, table.segments().fetchIndexLoadingConfig(), null, null);
    Lock lock = table.segments().getSegmentLock(segment);
    lock.lock();
    try {
      table.store().publish(built, segment);
      load(table, segment);
    } finally {
      lock.unlock();
    }
  }

  private static void load(OfflineTable table, String segment) throws Exception {
    ImmutableSegment loaded = ImmutableSegmentLoader.load(table.store().segmentDirectory(segment).toFile(),
        table.segments().fetchIndexLoadingConfig(), false, null, null);
    table.segments().addSegment(loaded, TableDefinition.committed(segment));
  }
}
