package com.paymentic.pinot.engine;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeSet;
import org.apache.commons.lang3.tuple.Pair;
import org.apache.pinot.segment.local.utils.SchemaUtils;
import org.apache.pinot.segment.local.utils.TableConfigUtils;
import org.apache.pinot.spi.config.table.TableConfig;
import org.apache.pinot.spi.data.Schema;
import org.apache.pinot.spi.utils.JsonUtils;
import org.apache.pinot.spi.utils.builder.TableNameBuilder;

/**
 * A schema and a table from files, checked by Pinot's own validators without a server.
 *
 * @param schema as it is in its file
 * @param table as it is in its file
 */
record TableFiles(Schema schema, TableConfig table) {

  /** A file that Pinot refuses, or would take while dropping a part of it. */
  static final class InvalidException extends Exception {
    private static final long serialVersionUID = 1L;

    InvalidException(Path file, String why) {
      super(file + ": " + why);
    }
  }

  /**
   * @throws InvalidException naming the file and what is wrong with it
   * @throws IOException when a file cannot be read
   */
  static TableFiles load(Path schemaFile, Path tableFile) throws InvalidException, IOException {
    Schema schema = read(schemaFile, Schema.class);
    try {
      SchemaUtils.validate(schema);
    } catch (RuntimeException e) {
      throw new InvalidException(schemaFile, e.getMessage());
    }
    TableConfig table = read(tableFile, TableConfig.class);
    String rawName = TableNameBuilder.extractRawTableName(table.getTableName());
    if (!rawName.equals(schema.getSchemaName())) {
      throw new InvalidException(tableFile, "table " + rawName + " needs a schema of its own name; the schema in "
          + schemaFile + " is named " + schema.getSchemaName());
    }
    TableConfigUtils.setDisableGroovy(true);
    try {
      TableConfigUtils.validate(table, schema);
    } catch (RuntimeException e) {
      throw new InvalidException(tableFile, e.getMessage());
    }
    return new TableFiles(schema, table);
  }

  private static <T> T read(Path file, Class<T> type) throws InvalidException, IOException {
    Pair<T, Map<String, Object>> parsed;
    try {
      parsed = JsonUtils.stringToObjectAndUnrecognizedProperties(Files.readString(file), type);
    } catch (JsonProcessingException e) {
      throw new InvalidException(file, e.getOriginalMessage());
    }
    if (!parsed.getRight().isEmpty()) {
      throw new InvalidException(file, "Pinot does not know " + String.join(", ", new TreeSet<>(parsed.getRight().keySet()))
          + " and would drop it without an error; correct the name or take it out");
    }
    return parsed.getLeft();
  }
}
