package com.paymentic.pinot.engine.data;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.pinot.common.request.Expression;
import org.apache.pinot.common.request.Function;
import org.apache.pinot.common.request.PinotQuery;
import org.apache.pinot.common.utils.request.RequestUtils;
import org.apache.pinot.spi.config.table.FieldConfig;
import org.apache.pinot.spi.config.table.TableConfig;
import org.apache.pinot.spi.config.table.TimestampConfig;
import org.apache.pinot.spi.data.FieldSpec;
import org.apache.pinot.spi.data.Schema;
import org.apache.pinot.spi.utils.TimestampIndexUtils;
import org.apache.pinot.sql.FilterKind;

/** Changes that a broker makes to a query before a server sees it. */
final class QueryRewrites {
  /** Aggregations that have a form of their own for multi-value columns. */
  private static final Set<String> WITH_MULTI_VALUE_FORM = Set.of("min", "max", "avg", "sum", "count", "minmaxrange",
      "distinctcount", "distinctcounthll", "distinctcountrawhll", "distinctcountbitmap", "distinctsum", "distinctavg",
      "percentile", "percentileest", "percentiletdigest");

  private QueryRewrites() {
  }

  /** Reads only the rows on this side of a hybrid or logical table's time boundary. */
  static void attachBoundary(PinotQuery query, QueryTarget.Boundary boundary) {
    FilterKind kind = boundary.offline() ? FilterKind.LESS_THAN_OR_EQUAL : FilterKind.GREATER_THAN;
    Expression side = RequestUtils.getFunctionExpression(kind.name(),
        RequestUtils.getIdentifierExpression(boundary.column()), RequestUtils.getLiteralExpression(boundary.value()));
    Expression filter = query.getFilterExpression();
    query.setFilterExpression(
        filter == null ? side : RequestUtils.getFunctionExpression(FilterKind.AND.name(), filter, side));
  }

  /** {@code dateTrunc} of a column with a timestamp index is read from the column that the index keeps. */
  static void useTimestampIndexes(PinotQuery query, TableConfig table) {
    Set<String> kept = new HashSet<>();
    if (table.getFieldConfigList() != null) {
      for (FieldConfig field : table.getFieldConfigList()) {
        TimestampConfig timestamp = field.getTimestampConfig();
        if (timestamp != null) {
          timestamp.getGranularities().forEach(granularity -> kept.add(
              TimestampIndexUtils.getColumnWithGranularity(field.getName(), granularity.name())));
        }
      }
    }
    if (!kept.isEmpty()) {
      forEachPart(query, expression -> useTimestampIndexes(expression, query, kept));
    }
  }

  private static void useTimestampIndexes(Expression expression, PinotQuery query, Set<String> kept) {
    if (expression.isSetFunctionCall()) {
      RequestUtils.applyTimestampIndexOverrideHints(expression, query, kept::contains);
      expression.getFunctionCall().getOperands().forEach(operand -> useTimestampIndexes(operand, query, kept));
    }
  }

  /** SUM of a multi-value column is SUMMV, and so on. */
  static void forMultiValueColumns(PinotQuery query, Schema schema) {
    forEachPart(query, expression -> forMultiValueColumns(expression, schema));
  }

  private static void forMultiValueColumns(Expression expression, Schema schema) {
    if (!expression.isSetFunctionCall()) {
      return;
    }
    Function function = expression.getFunctionCall();
    List<Expression> operands = function.getOperands();
    if (WITH_MULTI_VALUE_FORM.contains(function.getOperator()) && !operands.isEmpty()
        && operands.get(0).isSetIdentifier()) {
      FieldSpec column = schema.getFieldSpecFor(operands.get(0).getIdentifier().getName());
      if (column != null && !column.isSingleValueField()) {
        function.setOperator(function.getOperator() + "mv");
      }
      return;
    }
    operands.forEach(operand -> forMultiValueColumns(operand, schema));
  }

  private static void forEachPart(PinotQuery query, Consumer<Expression> action) {
    query.getSelectList().forEach(action);
    for (List<Expression> list : List.of(orEmpty(query.getGroupByList()), orEmpty(query.getOrderByList()))) {
      list.forEach(action);
    }
    for (Expression single : new Expression[] {query.getFilterExpression(), query.getHavingExpression()}) {
      if (single != null) {
        action.accept(single);
      }
    }
  }

  private static List<Expression> orEmpty(List<Expression> list) {
    return list == null ? List.of() : list;
  }
}
