package com.paymentic.pinot.engine.control;

import com.fasterxml.jackson.core.type.TypeReference;
import com.paymentic.pinot.engine.DataPlane;
import com.paymentic.pinot.engine.EngineException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.apache.pinot.spi.config.table.TableType;
import org.apache.pinot.spi.config.user.AccessType;
import org.apache.pinot.spi.utils.JsonUtils;
import org.apache.pinot.spi.utils.builder.TableNameBuilder;

/** /ingestFromFile: one file becomes one segment of an OFFLINE table. */
final class IngestionResource {
  private final ClusterState _state;
  private final DataPlane _data;
  private final Path _temporary;

  /** @param temporary directory that uploaded files pass through */
  IngestionResource(ClusterState state, DataPlane data, Path temporary) {
    _state = state;
    _data = data;
    _temporary = temporary;
  }

  void register(Routes routes) {
    routes.add(AccessType.CREATE, "POST", "/ingestFromFile", this::ingestFile)
        .addUnsupported("POST", "/ingestFromURI", "ingesting from a URI; send the file to ingestFromFile");
  }

  private Reply ingestFile(Request request) {
    String table = request.query("tableNameWithType").orElse("null");
    try {
      check(table);
      Map<String, String> batchConfig = batchConfig(request);
      String segment = ingest(request, table, batchConfig);
      return Reply.done("Successfully ingested file into table: " + table + " as segment: " + segment);
    } catch (IllegalStateException e) {
      throw new EngineException(500,
          "Caught exception when ingesting file into table: " + table + ". " + e.getMessage(), e);
    }
  }

  private void check(String table) {
    TableType type = TableNameBuilder.getTableTypeFromTableName(table);
    if (type == null) {
      throw new IllegalStateException("Must provide table name with type suffix for table: " + table);
    }
    if (type == TableType.REALTIME) {
      throw new IllegalStateException("Cannot ingest file into REALTIME table: " + table);
    }
    if (_state.table(table).isEmpty()) {
      throw new IllegalStateException("Table: " + table + " not found");
    }
  }

  private static Map<String, String> batchConfig(Request request) {
    try {
      return JsonUtils.stringToObject(request.query("batchConfigMapStr").orElse("null"),
          new TypeReference<Map<String, String>>() { });
    } catch (IOException e) {
      throw new IllegalStateException("batchConfigMapStr is not a JSON object of strings", e);
    }
  }

  private String ingest(Request request, String table, Map<String, String> batchConfig) {
    if (batchConfig == null) {
      throw new IllegalStateException("batchConfigMapStr is missing; it needs at least {\"inputFormat\":\"json\"}");
    }
    Path file = null;
    try {
      Files.createDirectories(_temporary);
      // Through a file: the upload is complete before the segment's build starts, and may be larger than the heap.
      file = Files.createTempFile(_temporary, "upload", ".tmp");
      try (OutputStream out = Files.newOutputStream(file)) {
        Multipart.copyFile(request, out);
      }
      try (InputStream in = Files.newInputStream(file)) {
        return _data.ingestFile(table, in, batchConfig);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      delete(file);
    }
  }

  private static void delete(Path file) {
    try {
      if (file != null) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("an uploaded file could not be removed: " + file, e);
    }
  }
}
