package com.paymentic.pinot.engine.data;

import java.util.List;
import java.util.Optional;
import org.apache.pinot.spi.data.Schema;

/**
 * What a table name in SQL stands for.
 *
 * @param rawName the name without type, or the logical table's
 * @param schema names and types of the columns that a query may use
 * @param members the physical tables to read, with rows on both sides of the time boundary told apart
 * @param timeoutMs the table's or logical table's own query timeout
 */
record QueryTarget(String rawName, Schema schema, List<Member> members, Optional<Long> timeoutMs) {

  /** @param boundary restricts the rows read, so that none is counted on both sides; null: all rows */
  record Member(LocalTable table, Boundary boundary) { }

  /**
   * The time boundary between offline and realtime rows.
   *
   * @param value in the time column's own format
   * @param offline whether rows up to the value are meant, or those after it
   */
  record Boundary(String column, String value, boolean offline) { }
}
