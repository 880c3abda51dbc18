package com.paymentic.pinot.engine.data;

import java.util.List;
import org.apache.commons.lang3.tuple.Pair;
import org.apache.pinot.common.request.Expression;
import org.apache.pinot.common.request.Function;
import org.apache.pinot.common.request.PinotQuery;
import org.apache.pinot.common.response.broker.BrokerResponseNative;
import org.apache.pinot.common.response.broker.ResultTable;
import org.apache.pinot.common.utils.DataSchema;
import org.apache.pinot.common.utils.DataSchema.ColumnDataType;
import org.apache.pinot.common.utils.request.RequestUtils;
import org.apache.pinot.spi.exception.QueryErrorCode;
import org.apache.pinot.sql.parsers.CalciteSqlParser;

/** {@code SELECT 1}: what a broker answers without asking a server. */
final class LiteralQuery {
  private LiteralQuery() {
  }

  static boolean isLiteralOnly(PinotQuery query) {
    return query.getSelectList().stream().allMatch(CalciteSqlParser::isLiteralOnlyExpression);
  }

  static BrokerResponseNative answer(PinotQuery query) {
    if (query.isExplain()) {
      BrokerResponseNative plan = new BrokerResponseNative();
      plan.setResultTable(BrokerResponseNative.BROKER_ONLY_EXPLAIN_PLAN_OUTPUT.getResultTable());
      return plan;
    }
    List<Expression> select = query.getSelectList();
    String[] names = new String[select.size()];
    ColumnDataType[] types = new ColumnDataType[select.size()];
    Object[] row = new Object[select.size()];
    for (int i = 0; i < select.size(); i++) {
      Expression expression = select.get(i);
      String alias = null;
      while (expression.isSetFunctionCall() && expression.getFunctionCall().getOperator().equals("as")) {
        Function as = expression.getFunctionCall();
        alias = alias == null ? as.getOperands().get(1).getIdentifier().getName() : alias;
        expression = as.getOperands().get(0);
      }
      if (!expression.isSetLiteral()) {
        return new BrokerResponseNative(QueryErrorCode.QUERY_VALIDATION, "Data source (FROM clause) not found");
      }
      Pair<ColumnDataType, Object> value = RequestUtils.getLiteralTypeAndValue(expression.getLiteral());
      names[i] = alias != null ? alias : RequestUtils.prettyPrint(expression.getLiteral());
      types[i] = value.getLeft();
      row[i] = value.getRight();
    }
    BrokerResponseNative response = new BrokerResponseNative();
    response.setResultTable(new ResultTable(new DataSchema(names, types), List.<Object[]>of(row)));
    return response;
  }
}
