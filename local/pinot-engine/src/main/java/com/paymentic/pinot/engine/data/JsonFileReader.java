package com.paymentic.pinot.engine.data;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.MappingIterator;
import java.io.File;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import org.apache.pinot.spi.data.readers.GenericRow;
import org.apache.pinot.spi.data.readers.RecordReader;
import org.apache.pinot.spi.data.readers.RecordReaderConfig;
import org.apache.pinot.spi.utils.JsonUtils;

/** Reads a file of JSON objects, one after the other or in one array, as Pinot's pinot-json plugin does. */
public final class JsonFileReader implements RecordReader {
  private static final long serialVersionUID = 1L;

  private transient File _file;
  private transient JsonExtractor _extractor;
  private transient MappingIterator<Map<String, Object>> _objects;

  @Override
  public void init(File file, Set<String> fields, RecordReaderConfig config) throws IOException {
    _file = file;
    _extractor = new JsonExtractor();
    _extractor.init(fields, null);
    open();
  }

  private void open() throws IOException {
    _objects = JsonUtils.DEFAULT_READER.forType(new TypeReference<Map<String, Object>>() { }).readValues(_file);
  }

  @Override
  public boolean hasNext() {
    return _objects.hasNext();
  }

  @Override
  public GenericRow next(GenericRow reuse) throws IOException {
    return _extractor.extract(_objects.next(), reuse);
  }

  @Override
  public void rewind() throws IOException {
    _objects.close();
    open();
  }

  @Override
  public void close() throws IOException {
    _objects.close();
  }
}
