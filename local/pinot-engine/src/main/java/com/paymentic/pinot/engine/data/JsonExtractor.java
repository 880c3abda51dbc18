package com.paymentic.pinot.engine.data;

import java.util.Map;
import java.util.Set;
import org.apache.pinot.spi.data.readers.BaseRecordExtractor;
import org.apache.pinot.spi.data.readers.GenericRow;
import org.apache.pinot.spi.data.readers.RecordExtractorConfig;

/**
 * Takes a JSON object's top-level fields as a row, as the extractor of Pinot's pinot-json plugin does (the plugin itself
 * cannot be had everywhere the engine is built).
 */
public final class JsonExtractor extends BaseRecordExtractor<Map<String, Object>> {
  private Set<String> _fields = Set.of();

  /** @param fields the fields that some transform, filter or column reads; empty for all */
  @Override
  public void init(Set<String> fields, RecordExtractorConfig config) {
    _fields = fields == null ? Set.of() : Set.copyOf(fields);
  }

  @Override
  public GenericRow extract(Map<String, Object> from, GenericRow to) {
    if (_fields.isEmpty()) {
      from.forEach((field, value) -> to.putValue(field, value == null ? null : convert(value)));
    } else {
      for (String field : _fields) {
        Object value = from.get(field);
        to.putValue(field, value == null ? null : convert(value));
      }
    }
    return to;
  }
}
