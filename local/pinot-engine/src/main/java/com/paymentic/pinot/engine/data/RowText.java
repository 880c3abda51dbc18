package com.paymentic.pinot.engine.data;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.TreeSet;
import org.apache.pinot.common.utils.DataSchema.ColumnDataType;
import org.apache.pinot.spi.data.FieldSpec;
import org.apache.pinot.spi.data.Schema;
import org.apache.pinot.spi.data.readers.GenericRow;
import org.apache.pinot.spi.utils.JsonUtils;

/**
 * A row as a query with null handling would show it: the columns of the schema in the order of their names, times in UTC
 * as {@code 2026-11-20 08:00:01.439}, BIG_DECIMAL as exact text.
 *
 * <p>A missing value of a column that may be null is null; of a column that may not, it is the default that Pinot stores
 * (the text "null", 0).
 */
public final class RowText {
  private final List<FieldSpec> _columns;
  private final boolean _byColumn;

  public RowText(Schema schema) {
    _columns = new TreeSet<>(schema.getColumnNames()).stream().filter(column -> !column.startsWith("$"))
        .map(schema::getFieldSpecFor).toList();
    _byColumn = schema.isEnableColumnBasedNullHandling();
  }

  public ObjectNode json(GenericRow row) {
    ObjectNode json = JsonUtils.newObjectNode();
    for (FieldSpec column : _columns) {
      String name = column.getName();
      Object value = row.getValue(name);
      if (value == null || row.isNullValue(name) && (!_byColumn || column.isNullable())) {
        json.putNull(name);
      } else if (column.isSingleValueField()) {
        json.set(name, JsonUtils.objectToJsonNode(shown(column, value)));
      } else {
        ArrayNode values = json.putArray(name);
        for (Object element : (Object[]) value) {
          values.add(JsonUtils.objectToJsonNode(shown(column, element)));
        }
      }
    }
    return json;
  }

  private static Object shown(FieldSpec column, Object stored) {
    ColumnDataType type = ColumnDataType.fromDataTypeSV(column.getDataType());
    return type.format(type.toExternal(stored));
  }
}
