package com.paymentic.pinot.engine.control;

import com.paymentic.pinot.engine.DataPlane;
import com.paymentic.pinot.engine.ServeOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.pinot.spi.config.user.AccessType;
import org.apache.pinot.spi.utils.CommonConstants.Helix;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The controller's and the broker's REST APIs over a {@link DataPlane}, with Pinot 1.5.1's paths, statuses and messages.
 *
 * <p>What a cluster keeps in ZooKeeper lives as JSON files under {@code metadata/} of the data directory.
 */
public final class ControlPlane implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ControlPlane.class);
  private static final int CONTROLLER_THREADS = 4;
  private static final int BROKER_THREADS = 8;

  private final MetadataStore _store;
  private final TableLifecycle _lifecycle;
  private final HttpFront _controller;
  private final HttpFront _broker;

  /**
   * Reads the metadata and binds both ports; nothing is answered before {@link #start}.
   *
   * @throws IllegalStateException when a metadata file is damaged, another engine uses the directory, or a port is taken
   */
  public ControlPlane(ServeOptions options, DataPlane data) {
    this(options, data, KafkaTopics.asking(KafkaTopics.DEADLINE));
  }

  ControlPlane(ServeOptions options, DataPlane data, KafkaTopics topics) {
    _store = new MetadataStore(options.dataDir().resolve("metadata"));
    HttpFront controller = null;
    HttpFront broker = null;
    try {
      ClusterState state = new ClusterState(_store);
      AccessControl access = new AccessControl(state, options.admin());
      TableRules rules = new TableRules(state);
      _lifecycle = new TableLifecycle(state, data, rules);
      Routes controllerRoutes = new Routes();
      controller = new HttpFront("controller", options.host(), options.controllerPort(), CONTROLLER_THREADS,
          controllerRoutes, access::checkController);
      Set<String> live = join(state, options, controller.port());
      register(controllerRoutes, options, state, data, access, rules, topics, live);
      Routes brokerRoutes = new Routes();
      new QueryResource(state, data, access).registerBroker(brokerRoutes);
      brokerRoutes.addUnsupported(PinotCalls.of("broker"));
      broker = new HttpFront("broker", options.host(), options.brokerPort(), BROKER_THREADS, brokerRoutes,
          (request, route) -> { });
    } catch (RuntimeException e) {
      closeAll(broker, controller);
      throw e;
    }
    _controller = controller;
    _broker = broker;
  }

  /** The configured instances join the cluster; new ones are untagged, as with cluster.tenant.isolation.enable=false. */
  private static Set<String> join(ClusterState state, ServeOptions options, int controllerPort) {
    Instance controller =
        new Instance("Controller_" + options.host() + "_" + controllerPort, List.of("controller"), true);
    state.putTransientInstance(controller);
    Set<String> live = new TreeSet<>(Set.of(controller.id()));
    List<Instance> configured = new ArrayList<>();
    options.serverInstances()
        .forEach(id -> configured.add(new Instance(id, List.of(Helix.UNTAGGED_SERVER_INSTANCE), true)));
    options.brokerInstances()
        .forEach(id -> configured.add(new Instance(id, List.of(Helix.UNTAGGED_BROKER_INSTANCE), true)));
    options.minionInstances()
        .forEach(id -> configured.add(new Instance(id, List.of(Helix.UNTAGGED_MINION_INSTANCE), true)));
    for (Instance instance : configured) {
      live.add(instance.id());
      if (state.instance(instance.id()).isEmpty()) {
        state.putInstance(instance);
      }
    }
    return live;
  }

  private void register(Routes routes, ServeOptions options, ClusterState state, DataPlane data, AccessControl access,
      TableRules rules, KafkaTopics topics, Set<String> live) {
    new SystemResource(state, access).register(routes);
    new InstancesResource(state, live).register(routes);
    new TenantsResource(state, data).register(routes);
    new SchemasResource(state, data, access, new SchemaRules(state), _lifecycle).register(routes);
    new TablesResource(state, access, rules, _lifecycle, topics).register(routes);
    new TableViewsResource(state, data, live).register(routes);
    new TableConfigsResource(state, data, access, rules, _lifecycle, topics).register(routes);
    new LogicalTablesResource(state, data, access).register(routes);
    new ConsumptionResource(state, data).register(routes);
    new RebalanceResource(state, data, rules).register(routes);
    new SegmentsResource(state, data).register(routes);
    new IngestionResource(state, data, options.dataDir().resolve("uploads")).register(routes);
    new UsersResource(state).register(routes);
    new QueryResource(state, data, access).registerController(routes);
    routes.add(AccessType.READ, "GET", "/", request -> Reply.text("Apache Pinot 1.5.1, local engine"))
        .addUnsupported(PinotCalls.of("controller"));
  }

  /** Loads all tables and answers from then on. */
  public void start() {
    _lifecycle.loadAll();
    _broker.start();
    _controller.start();
    LOG.info("controller on port {}, broker on port {}", controllerPort(), brokerPort());
  }

  /** @return the controller's port, also when 0 was asked for */
  public int controllerPort() {
    return _controller.port();
  }

  /** @return the broker's port, also when 0 was asked for */
  public int brokerPort() {
    return _broker.port();
  }

  /** Stops answering and releases the data directory. */
  @Override
  public void close() {
    closeAll(_controller, _broker);
  }

  private void closeAll(HttpFront... fronts) {
    for (HttpFront front : fronts) {
      if (front != null) {
        front.close();
      }
    }
    _store.close();
  }
}
