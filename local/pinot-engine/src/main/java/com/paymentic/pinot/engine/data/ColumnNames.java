package com.paymentic.pinot.engine.data;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import org.apache.pinot.common.request.Expression;
import org.apache.pinot.common.request.Function;
import org.apache.pinot.common.request.PinotQuery;
import org.apache.pinot.common.utils.request.RequestUtils;
import org.apache.pinot.spi.data.Schema;

/**
 * The columns of a table as a query may write them: without regard to case, with the table's name before them.
 *
 * <p>A broker does this with its table cache before the servers see the query.
 */
final class ColumnNames {
  private static final String STAR = "*";

  private final String _prefix;
  private final Map<String, String> _byLowerCase = new HashMap<>();
  private final TreeSet<String> _stored = new TreeSet<>();

  /** A name that no column has. */
  static final class UnknownColumnException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UnknownColumnException(String column) {
      super("Unknown columnName '" + column + "' found in the query");
    }
  }

  ColumnNames(String rawTableName, Schema schema) {
    _prefix = rawTableName.toLowerCase(Locale.ROOT) + ".";
    for (String column : schema.getColumnNames()) {
      _byLowerCase.put(column.toLowerCase(Locale.ROOT), column);
      if (!column.startsWith("$")) {
        _stored.add(column);
      }
    }
    for (String column : List.of("$docId", "$hostName", "$segmentName")) {
      _byLowerCase.put(column.toLowerCase(Locale.ROOT), column);
    }
  }

  /**
   * Writes the query's columns as the schema has them.
   *
   * @throws UnknownColumnException for the first that it does not have
   */
  void apply(PinotQuery query) {
    List<Expression> select = query.getSelectList();
    select.forEach(this::apply);
    if (select.size() > 1 && select.stream().anyMatch(ColumnNames::isStar)) {
      query.setSelectList(expandStar(select));
    }
    if (query.getFilterExpression() != null) {
      apply(query.getFilterExpression());
    }
    if (query.getGroupByList() != null) {
      query.getGroupByList().forEach(this::apply);
    }
    if (query.getOrderByList() != null) {
      query.getOrderByList().forEach(this::apply);
    }
    if (query.getHavingExpression() != null) {
      apply(query.getHavingExpression());
    }
  }

  private List<Expression> expandStar(List<Expression> select) {
    List<Expression> expanded = new ArrayList<>();
    for (Expression expression : select) {
      if (isStar(expression)) {
        _stored.forEach(column -> expanded.add(RequestUtils.getIdentifierExpression(column)));
      } else {
        expanded.add(expression);
      }
    }
    return expanded;
  }

  private static boolean isStar(Expression expression) {
    return expression.isSetIdentifier() && expression.getIdentifier().getName().equals(STAR);
  }

  private void apply(Expression expression) {
    if (expression.isSetIdentifier()) {
      expression.getIdentifier().setName(actual(expression.getIdentifier().getName()));
    } else if (expression.isSetFunctionCall()) {
      Function function = expression.getFunctionCall();
      if (function.getOperator().equals("as")) {
        apply(function.getOperands().get(0));
      } else if (!function.getOperator().equals("lookup")) {
        function.getOperands().forEach(this::apply);
      }
    }
  }

  private String actual(String name) {
    if (name.equals(STAR)) {
      return name;
    }
    String lower = name.toLowerCase(Locale.ROOT);
    String column = _byLowerCase.get(lower.startsWith(_prefix) ? lower.substring(_prefix.length()) : lower);
    if (column != null) {
      return column;
    }
    if (name.startsWith("$")) {
      return name;
    }
    throw new UnknownColumnException(name);
  }
}
