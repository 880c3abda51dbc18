package com.paymentic.pinot.engine.data;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.apache.calcite.sql.SqlBasicCall;
import org.apache.calcite.sql.SqlCall;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlJoin;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlNodeList;
import org.apache.calcite.sql.SqlOrderBy;
import org.apache.calcite.sql.SqlSelect;
import org.apache.calcite.sql.SqlWith;
import org.apache.calcite.sql.SqlWithItem;

/** What a parsed statement reads, and whether Pinot's single-stage engine can answer it. */
final class SqlShape {
  private final Set<String> _tables = new LinkedHashSet<>();
  private final Set<String> _defined = new LinkedHashSet<>();
  private final List<String> _multiStage = new ArrayList<>();
  private int _selects;

  private SqlShape() {
  }

  static SqlShape of(SqlNode statement) {
    SqlShape shape = new SqlShape();
    shape.visit(statement);
    return shape;
  }

  /** Tables as written, without what the statement itself defines. */
  List<String> tables() {
    List<String> tables = new ArrayList<>(_tables);
    tables.removeAll(_defined);
    return tables;
  }

  /** What needs the multi-stage engine, in words; empty when nothing does. */
  List<String> multiStage() {
    return _multiStage;
  }

  private void visit(SqlNode node) {
    if (node instanceof SqlSelect select) {
      select(select);
    } else if (node instanceof SqlOrderBy ordered) {
      visit(ordered.query);
    } else if (node instanceof SqlWith with) {
      _multiStage.add("WITH");
      for (SqlNode item : with.withList) {
        _defined.add(((SqlWithItem) item).name.getSimple());
        visit(((SqlWithItem) item).query);
      }
      visit(with.body);
    } else if (node instanceof SqlNodeList list) {
      list.forEach(this::visit);
    } else if (node instanceof SqlCall call) {
      if (call.getKind() == SqlKind.OVER) {
        _multiStage.add("OVER");
      } else if (SqlKind.SET_QUERY.contains(call.getKind())) {
        _multiStage.add(call.getKind().name());
      }
      call.getOperandList().forEach(this::visit);
    }
  }

  private void select(SqlSelect select) {
    _selects++;
    if (_selects == 2 && _multiStage.isEmpty()) {
      _multiStage.add("a SELECT inside another");
    }
    from(select.getFrom());
    visit(select.getSelectList());
    visit(select.getWhere());
    visit(select.getGroup());
    visit(select.getHaving());
  }

  private void from(SqlNode from) {
    if (from instanceof SqlIdentifier table) {
      _tables.add(String.join(".", table.names));
    } else if (from instanceof SqlJoin join) {
      _multiStage.add("JOIN");
      from(join.getLeft());
      from(join.getRight());
    } else if (from instanceof SqlBasicCall call && call.getKind() == SqlKind.AS) {
      from(call.operand(0));
    } else {
      visit(from);
    }
  }
}
