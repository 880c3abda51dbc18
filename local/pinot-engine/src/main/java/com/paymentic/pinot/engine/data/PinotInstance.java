package com.paymentic.pinot.engine.data;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.function.Function;
import org.apache.helix.HelixManager;
import org.apache.pinot.core.data.manager.InstanceDataManager;
import org.apache.pinot.segment.local.data.manager.TableDataManager;
import org.apache.pinot.segment.local.utils.SegmentLocks;
import org.apache.pinot.segment.local.utils.SegmentReloadSemaphore;
import org.apache.pinot.segment.local.utils.ServerReloadJobStatusCache;
import org.apache.pinot.spi.config.instance.InstanceDataManagerConfig;
import org.apache.pinot.spi.config.table.TableConfig;
import org.apache.pinot.spi.data.Schema;
import org.apache.pinot.spi.env.PinotConfiguration;
import org.apache.pinot.spi.utils.ReadMode;

/**
 * The surroundings that Pinot's table managers and query executor expect of a server in a Helix cluster.
 *
 * <p>Pinot's classes take interfaces of dozens of methods and call a few of them. Proxies answer those few; any other
 * gets the answer of a server without that setting ({@code false}, 0, an empty map, {@code null}).
 */
final class PinotInstance {
  private final String _instanceId;
  private final Path _tablesDir;
  private final InstanceDataManagerConfig _config;
  private final HelixManager _helix;
  private final SegmentLocks _segmentLocks = new SegmentLocks();
  private final SegmentReloadSemaphore _reloads = new SegmentReloadSemaphore(1);
  private final ServerReloadJobStatusCache _reloadJobs;
  private final ExecutorService _background;
  private final Executor _rowHelpers;

  /**
   * @param background runs Pinot's own reloads of segments
   * @param rowHelpers makes rows beside the consumers' threads, when it can
   */
  PinotInstance(String instanceId, Path tablesDir, ExecutorService background, Executor rowHelpers) {
    _instanceId = instanceId;
    _tablesDir = tablesDir;
    _background = background;
    _rowHelpers = rowHelpers;
    _config = proxy(InstanceDataManagerConfig.class, this::instanceSetting);
    _helix = proxy(HelixManager.class, method -> method.getName().equals("getInstanceName") ? _instanceId : null);
    _reloadJobs = new ServerReloadJobStatusCache(instanceId);
  }

  /** Initialises a table manager; {@code null}s switch off what needs a cluster (preload, error cache, throttling). */
  void init(TableDataManager tableManager, TableConfig table, Schema schema) {
    tableManager.init(_config, _helix, _segmentLocks, table, schema, _reloads, _background, null, null, null, false,
        _reloadJobs);
    tableManager.start();
  }

  InstanceDataManagerConfig config() {
    return _config;
  }

  Executor rowHelpers() {
    return _rowHelpers;
  }

  String id() {
    return _instanceId;
  }

  Path tablesDir() {
    return _tablesDir;
  }

  /** What the query executor asks for: tables by name with type. */
  InstanceDataManager dataManager(Function<String, TableDataManager> tables) {
    return (InstanceDataManager) Proxy.newProxyInstance(InstanceDataManager.class.getClassLoader(),
        new Class<?>[] {InstanceDataManager.class}, (self, method, arguments) -> switch (method.getName()) {
          case "getTableDataManager" -> tables.apply((String) arguments[0]);
          case "getInstanceId" -> _instanceId;
          case "getInstanceDataDir" -> _tablesDir.toString();
          default -> answer(self, method, arguments, null);
        });
  }

  private Object instanceSetting(Method method) {
    return switch (method.getName()) {
      case "getInstanceId" -> _instanceId;
      case "getInstanceDataDir" -> _tablesDir.toString();
      case "getReadMode" -> ReadMode.mmap;
      case "getUpsertConfig", "getDedupConfig" -> new PinotConfiguration(Map.of());
      case "getDeletedSegmentsCacheSize" -> 1000;
      case "getDeletedSegmentsCacheTtlMinutes", "getDeletedTablesCacheTtlMinutes" -> 10;
      case "isRealtimeOffHeapAllocation", "isDirectRealtimeOffHeapAllocation", "shouldReloadConsumingSegment" -> true;
      default -> null;
    };
  }

  private static <T> T proxy(Class<T> type, Function<Method, Object> answers) {
    return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type},
        (self, method, arguments) -> answer(self, method, arguments, answers.apply(method))));
  }

  private static Object answer(Object self, Method method, Object[] arguments, Object known) {
    if (known != null) {
      return known;
    }
    if (method.getDeclaringClass() == Object.class) {
      return switch (method.getName()) {
        case "equals" -> self == arguments[0];
        case "hashCode" -> System.identityHashCode(self);
        default -> "local engine";
      };
    }
    Class<?> type = method.getReturnType();
    if (type == boolean.class) {
      return false;
    }
    if (type == int.class) {
      return 0;
    }
    if (type == long.class) {
      return 0L;
    }
    return type == Map.class ? Map.of() : null;
  }
}
