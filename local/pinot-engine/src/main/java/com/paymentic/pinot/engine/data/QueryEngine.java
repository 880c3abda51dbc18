package com.paymentic.pinot.engine.data;

import com.paymentic.pinot.engine.EngineException;
import java.io.IOException;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.pinot.common.datatable.DataTable;
import org.apache.pinot.common.datatable.DataTableFactory;
import org.apache.pinot.common.metrics.BrokerMetrics;
import org.apache.pinot.common.metrics.ServerMetrics;
import org.apache.pinot.common.request.BrokerRequest;
import org.apache.pinot.common.request.InstanceRequest;
import org.apache.pinot.common.request.PinotQuery;
import org.apache.pinot.common.response.broker.BrokerResponseNative;
import org.apache.pinot.common.utils.DataSchema;
import org.apache.pinot.common.utils.config.QueryOptionsUtils;
import org.apache.pinot.core.query.executor.ServerQueryExecutorV1Impl;
import org.apache.pinot.core.query.optimizer.QueryOptimizer;
import org.apache.pinot.core.query.reduce.BrokerReduceService;
import org.apache.pinot.core.query.request.ServerQueryRequest;
import org.apache.pinot.core.transport.ServerRoutingInstance;
import org.apache.pinot.spi.accounting.ThreadAccountantUtils;
import org.apache.pinot.spi.config.table.TableType;
import org.apache.pinot.spi.data.FieldSpec;
import org.apache.pinot.spi.data.Schema;
import org.apache.pinot.spi.env.PinotConfiguration;
import org.apache.pinot.spi.exception.QueryErrorCode;
import org.apache.pinot.spi.exception.QueryException;
import org.apache.pinot.spi.query.QueryExecutionContext;
import org.apache.pinot.spi.query.QueryThreadContext;
import org.apache.pinot.spi.utils.CommonConstants.Broker.Request.QueryOptionKey;
import org.apache.pinot.sql.parsers.CalciteSqlCompiler;
import org.apache.pinot.sql.parsers.CalciteSqlParser;
import org.apache.pinot.sql.parsers.PinotSqlType;
import org.apache.pinot.sql.parsers.SqlCompilationException;
import org.apache.pinot.sql.parsers.SqlNodeAndOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers SQL as a broker and its servers do on the single-stage engine: compile, read each physical table by Pinot's own
 * executor, reduce by Pinot's own reducer.
 *
 * <p>Statements are never logged: their literals may be personal data.
 */
final class QueryEngine implements AutoCloseable {
  private static final Logger LOGGER = LoggerFactory.getLogger(QueryEngine.class);
  private static final long DEFAULT_TIMEOUT_MS = 10_000;
  private static final int THREADS = Math.max(4, 2 * Runtime.getRuntime().availableProcessors());

  private final String _instanceId;
  private final String _brokerId;
  private final TableCatalog _catalog;
  private final ExecutorService _pool = Executors.newFixedThreadPool(THREADS, Threads.named("query"));
  private final ExecutorService _workers = QueryThreadContext.contextAwareExecutorService(_pool);
  private final ServerQueryExecutorV1Impl _executor = new ServerQueryExecutorV1Impl();
  private final BrokerReduceService _reducer = new BrokerReduceService(new PinotConfiguration(Map.of()));
  private final QueryOptimizer _optimizer = new QueryOptimizer();
  private final AtomicLong _requests = new AtomicLong();

  QueryEngine(PinotInstance instance, String brokerId, TableCatalog catalog) {
    _instanceId = instance.id();
    _brokerId = brokerId;
    _catalog = catalog;
    try {
      _executor.init(new PinotConfiguration(Map.of()), instance.dataManager(name -> {
        LocalTable table = catalog.get(name);
        return table == null ? null : table.segments();
      }), ServerMetrics.get());
    } catch (Exception e) {
      throw new IllegalStateException("Pinot's query executor cannot be started", e);
    }
  }

  /** @return the answer, errors in its exceptions */
  BrokerResponseNative query(String sql, Map<String, String> options) {
    long arrivedMs = System.currentTimeMillis();
    long requestId = _requests.incrementAndGet();
    BrokerResponseNative response = answer(sql, options, requestId, arrivedMs);
    response.setRequestId(Long.toString(requestId));
    response.setBrokerId(_brokerId);
    response.setTimeUsedMs(System.currentTimeMillis() - arrivedMs);
    return response;
  }

  private BrokerResponseNative answer(String sql, Map<String, String> options, long requestId, long arrivedMs) {
    SqlNodeAndOptions statement;
    try {
      statement = CalciteSqlParser.compileToSqlNodeAndOptions(sql);
      statement.setExtraOptions(options);
    } catch (SqlCompilationException e) {
      return new BrokerResponseNative(QueryErrorCode.SQL_PARSING, e.getMessage());
    }
    Optional<String> unsupported = unsupported(statement);
    if (unsupported.isPresent()) {
      return new BrokerResponseNative(QueryErrorCode.SQL_PARSING, unsupported.get());
    }
    PinotQuery query;
    try {
      query = CalciteSqlParser.compileToPinotQuery(statement);
    } catch (RuntimeException e) {
      return new BrokerResponseNative(QueryErrorCode.SQL_PARSING, e.getMessage());
    }
    if (LiteralQuery.isLiteralOnly(query)) {
      return LiteralQuery.answer(query);
    }
    if (query.getDataSource() == null || query.getDataSource().getTableName() == null) {
      return new BrokerResponseNative(QueryErrorCode.QUERY_VALIDATION, "Data source (FROM clause) not found");
    }
    Optional<QueryTarget> target = _catalog.resolve(query.getDataSource().getTableName());
    if (target.isEmpty()) {
      return new BrokerResponseNative(QueryErrorCode.TABLE_DOES_NOT_EXIST);
    }
    long timeoutMs;
    try {
      timeoutMs = timeoutMs(query, target.get());
    } catch (IllegalArgumentException e) {
      return new BrokerResponseNative(QueryErrorCode.QUERY_VALIDATION, e.getMessage());
    }
    QueryExecutionContext context = new QueryExecutionContext(QueryExecutionContext.QueryType.SSE, requestId,
        Long.toString(requestId), "default", arrivedMs, arrivedMs + timeoutMs, arrivedMs + timeoutMs, _brokerId,
        _instanceId, "");
    try (QueryThreadContext ignored = QueryThreadContext.open(context, ThreadAccountantUtils.getNoOpAccountant())) {
      return execute(query, target.get(), requestId, arrivedMs, timeoutMs);
    } catch (ColumnNames.UnknownColumnException e) {
      return new BrokerResponseNative(QueryErrorCode.UNKNOWN_COLUMN, e.getMessage());
    } catch (QueryException e) {
      return new BrokerResponseNative(e.getErrorCode(), e.getMessage());
    } catch (RuntimeException | IOException e) {
      LOGGER.error("Query {} failed: {}", requestId, Failures.ofSegment(e));
      return new BrokerResponseNative(QueryErrorCode.QUERY_EXECUTION, e.getMessage());
    }
  }

  private static Optional<String> unsupported(SqlNodeAndOptions statement) {
    if (statement.getSqlType() != PinotSqlType.DQL) {
      return Optional.of("only queries are supported by the local engine; "
          + "INSERT INTO … FROM FILE is not supported by the local engine");
    }
    List<String> multiStage = SqlShape.of(statement.getSqlNode()).multiStage();
    if (!multiStage.isEmpty()) {
      return Optional.of("not supported by the local engine: " + String.join(", ", multiStage)
          + " needs the multi-stage query engine of a Pinot cluster");
    }
    if (Boolean.parseBoolean(statement.getOptions().get(QueryOptionKey.USE_MULTISTAGE_ENGINE))) {
      return Optional.of("not supported by the local engine: useMultistageEngine=true needs a Pinot cluster; leave the "
          + "option out to have the query answered by the single-stage engine");
    }
    return Optional.empty();
  }

  private static long timeoutMs(PinotQuery query, QueryTarget target) {
    Long asked = QueryOptionsUtils.getTimeoutMs(query.getQueryOptions());
    return asked != null ? asked : target.timeoutMs().orElse(DEFAULT_TIMEOUT_MS);
  }

  private BrokerResponseNative execute(PinotQuery query, QueryTarget target, long requestId, long arrivedMs,
      long timeoutMs) throws IOException {
    query.getDataSource().setTableName(target.rawName());
    new ColumnNames(target.rawName(), target.schema()).apply(query);
    QueryRewrites.forMultiValueColumns(query, target.schema());
    _optimizer.optimize(query, target.schema());
    query.getQueryOptions().put(QueryOptionKey.TIMEOUT_MS, Long.toString(timeoutMs));
    // A server that returns final results shows null groups as "".
    query.getQueryOptions().putIfAbsent(QueryOptionKey.SERVER_RETURN_FINAL_RESULT, "false");

    Map<ServerRoutingInstance, DataTable> answers = new LinkedHashMap<>();
    boolean onlyOffline = query.isExplain() && target.members().stream().anyMatch(m -> m.table() instanceof OfflineTable);
    Set<TableType> types = EnumSet.noneOf(TableType.class);
    for (QueryTarget.Member member : target.members()) {
      if (onlyOffline && !(member.table() instanceof OfflineTable)) {
        // As a broker does: a hybrid table's plan is shown by its offline side.
        continue;
      }
      TableType type = member.table() instanceof OfflineTable ? TableType.OFFLINE : TableType.REALTIME;
      if (member.table().segments().getNumSegments() > 0) {
        types.add(type);
      }
      answers.put(new ServerRoutingInstance("localhost", answers.size() + 1, type),
          read(query, target, member, requestId, arrivedMs));
    }
    BrokerRequest request = CalciteSqlCompiler.convertToBrokerRequest(query);
    long left = Math.max(1, arrivedMs + timeoutMs - System.currentTimeMillis());
    BrokerResponseNative response =
        _reducer.reduceOnDataTable(request, request, answers, left, BrokerMetrics.get());
    response.setTablesQueried(Set.of(target.rawName()));
    response.setNumServersQueried(types.size());
    response.setNumServersResponded(types.size());
    fillTypesOfEmptyResult(response, target.schema());
    return response;
  }

  private DataTable read(PinotQuery query, QueryTarget target, QueryTarget.Member member, long requestId,
      long arrivedMs) throws IOException {
    PinotQuery own = query.deepCopy();
    own.setQueryOptions(new HashMap<>(query.getQueryOptions()));
    own.getDataSource().setTableName(member.table().name());
    if (member.boundary() != null) {
      QueryRewrites.attachBoundary(own, member.boundary());
    }
    QueryRewrites.useTimestampIndexes(own, member.table().definition().sharedTable());
    if (member.boundary() != null) {
      _optimizer.optimize(own, target.schema());
    }
    InstanceRequest request = new InstanceRequest(requestId, CalciteSqlCompiler.convertToBrokerRequest(own));
    request.setSearchSegments(member.table().segments().segmentNames());
    request.setBrokerId(_brokerId);
    request.setEnableTrace(false);
    ServerQueryRequest serverRequest = new ServerQueryRequest(request, ServerMetrics.get(), arrivedMs);
    DataTable answer = _executor.execute(serverRequest, _workers).toDataTable();
    return DataTableFactory.getDataTable(answer.toBytes());
  }

  /** Without rows, servers say STRING for every selected column; the schema knows better. */
  private static void fillTypesOfEmptyResult(BrokerResponseNative response, Schema schema) {
    if (response.getResultTable() == null || response.getNumRowsResultSet() > 0) {
      return;
    }
    DataSchema result = response.getResultTable().getDataSchema();
    for (int i = 0; i < result.size(); i++) {
      FieldSpec column = schema.getFieldSpecFor(result.getColumnName(i));
      if (column != null) {
        result.getColumnDataTypes()[i] =
            DataSchema.ColumnDataType.fromDataType(column.getDataType(), column.isSingleValueField());
      }
    }
  }

  /** @throws EngineException 400 when the SQL cannot be parsed */
  static List<String> tablesOf(String sql) {
    try {
      return SqlShape.of(CalciteSqlParser.compileToSqlNodeAndOptions(sql).getSqlNode()).tables();
    } catch (SqlCompilationException e) {
      throw new EngineException(400, e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    _reducer.shutDown();
    _pool.shutdownNow();
  }
}
