package com.paymentic.pinot.engine.control;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.paymentic.pinot.engine.DataPlane;
import com.paymentic.pinot.engine.EngineException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.apache.pinot.common.utils.config.TagNameUtils;
import org.apache.pinot.segment.local.utils.TableConfigUtils;
import org.apache.pinot.spi.config.tenant.Tenant;
import org.apache.pinot.spi.config.tenant.TenantRole;
import org.apache.pinot.spi.config.table.TableType;
import org.apache.pinot.spi.config.user.AccessType;
import org.apache.pinot.spi.utils.CommonConstants.Helix;
import org.apache.pinot.spi.utils.InstanceTypeUtils;
import org.apache.pinot.spi.utils.JsonUtils;

/** /tenants: names for sets of tags; a tenant is nothing else. */
final class TenantsResource {
  private final ClusterState _state;
  private final DataPlane _data;

  TenantsResource(ClusterState state, DataPlane data) {
    _state = state;
    _data = data;
  }

  void register(Routes routes) {
    routes.add(AccessType.READ, "GET", "/tenants", this::list)
        .add(AccessType.CREATE, "POST", "/tenants", this::create)
        .addUnsupported("PUT", "/tenants", "scaling a tenant; set its instances' tags with updateTags")
        .add(AccessType.READ, "GET", "/tenants/{tenantName}", this::get)
        .add(AccessType.READ, "GET", "/tenants/{tenantName}/metadata", this::metadata)
        .add(AccessType.READ, "GET", "/tenants/{tenantName}/tables", this::tables)
        .add(AccessType.DELETE, "DELETE", "/tenants/{tenantName}", this::delete)
        .addUnsupported("POST", "/tenants/{tenantName}", "enabling or disabling a tenant; its instances are one process")
        .addUnsupported("POST", "/tenants/{tenantName}/rebalance", "rebalancing a tenant; rebalance its tables")
        .addUnsupported("GET", "/tenants/rebalanceStatus/{jobId}", "rebalancing a tenant; rebalance its tables");
  }

  private Reply list(Request request) {
    String type = request.query("type").orElse("");
    ObjectNode body = JsonUtils.newObjectNode();
    body.set("SERVER_TENANTS", type.isEmpty() || type.equalsIgnoreCase("server")
        ? JsonUtils.objectToJsonNode(tenants(TagNameUtils::isServerTag)) : null);
    body.set("BROKER_TENANTS", type.isEmpty() || type.equalsIgnoreCase("broker")
        ? JsonUtils.objectToJsonNode(brokerTenants(_state)) : null);
    return Reply.json(body);
  }

  private Set<String> tenants(Predicate<String> ofRole) {
    return tenants(_state, ofRole);
  }

  private static Set<String> tenants(ClusterState state, Predicate<String> ofRole) {
    Set<String> names = new TreeSet<>();
    state.instances().stream().flatMap(instance -> instance.tags().stream()).filter(ofRole)
        .forEach(tag -> names.add(TagNameUtils.getTenantFromTag(tag)));
    return names;
  }

  /** @return the tenants that some broker is tagged with */
  static Set<String> brokerTenants(ClusterState state) {
    return tenants(state, TagNameUtils::isBrokerTag);
  }

  private Set<String> servers(String tenant) {
    Set<String> servers = new TreeSet<>(_state.instancesWithTag(TagNameUtils.getOfflineTagForTenant(tenant)));
    servers.addAll(_state.instancesWithTag(TagNameUtils.getRealtimeTagForTenant(tenant)));
    return servers;
  }

  private Collection<String> brokers(String tenant) {
    return _state.instancesWithTag(TagNameUtils.getBrokerTagForTenant(tenant));
  }

  private Reply get(Request request) {
    String tenant = request.path("tenantName");
    String role = request.query("type").orElse("").toLowerCase(Locale.ROOT);
    ObjectNode body = JsonUtils.newObjectNode();
    if (role.isEmpty()) {
      if (servers(tenant).isEmpty() && brokers(tenant).isEmpty()) {
        throw new EngineException(404, "Failed to find any instances for broker and server tenants: " + tenant);
      }
      put(body, "ServerInstances", servers(tenant));
      put(body, "BrokerInstances", brokers(tenant));
    } else if (role.equals("server")) {
      putServers(body, tenant, request.tableType("tableType").orElse(null));
    } else if (role.equals("broker")) {
      if (brokers(tenant).isEmpty()) {
        throw new EngineException(404, "Failed to find any instances for broker tenant: " + tenant);
      }
      put(body, "BrokerInstances", brokers(tenant));
    }
    return Reply.json(body.put("tenantName", tenant));
  }

  private void putServers(ObjectNode body, String tenant, TableType only) {
    Set<String> all = new TreeSet<>();
    for (TableType type : TableType.values()) {
      if (only == null || only == type) {
        List<String> servers = _state.instancesWithTag(TagNameUtils.getServerTagForTenant(tenant, type));
        put(body, type == TableType.OFFLINE ? "OfflineServerInstances" : "RealtimeServerInstances", servers);
        all.addAll(servers);
      }
    }
    if (all.isEmpty()) {
      throw new EngineException(404, "Failed to find any instances for server tenant: " + tenant
          + (only == null ? "" : "_" + only));
    }
    put(body, "ServerInstances", all);
  }

  private static void put(ObjectNode body, String key, Collection<String> ids) {
    body.set(key, JsonUtils.objectToJsonNode(ids));
  }

  private Reply metadata(Request request) {
    String tenant = request.path("tenantName");
    String role = request.query("type").orElse("").toLowerCase(Locale.ROOT);
    ObjectNode body = JsonUtils.newObjectNode();
    put(body, "ServerInstances", role.isEmpty() || role.equals("server") ? servers(tenant) : null);
    body.putNull("OfflineServerInstances");
    body.putNull("RealtimeServerInstances");
    put(body, "BrokerInstances", role.isEmpty() || role.equals("broker") ? brokers(tenant) : null);
    return Reply.json(body.put("tenantName", tenant));
  }

  private Reply tables(Request request) {
    String tenant = request.path("tenantName");
    String role = request.query("type").orElse("server").toLowerCase(Locale.ROOT);
    if (!role.equals("server") && !role.equals("broker") && !role.isEmpty()) {
      throw new EngineException(400, "Invalid tenant type: " + request.query("type").orElse(""));
    }
    List<String> names = _state.tables().stream().filter(table -> role.equals("broker")
        ? tenant.equals(table.config().getTenantConfig().getBroker())
        : TableConfigUtils.isRelevantToTenant(table.config(), tenant)).map(TableEntry::name).toList();
    ObjectNode body = JsonUtils.newObjectNode();
    put(body, "tables", names);
    return Reply.json(body);
  }

  private Reply create(Request request) {
    Tenant tenant;
    try {
      tenant = JsonUtils.stringToObject(request.text(), Tenant.class);
    } catch (IOException e) {
      throw new EngineException(400, "The tenant is not understood: " + e.getMessage(), e);
    }
    return _state.exclusively(() -> {
      boolean created = tenant.getTenantRole() == TenantRole.BROKER ? createBrokers(tenant) : createServers(tenant);
      if (!created) {
        // Pinot keeps the reason in its log: too few untagged instances.
        throw new EngineException(500, "Failed to create tenant");
      }
      return Reply.done("Successfully created tenant");
    });
  }

  private boolean createBrokers(Tenant tenant) {
    List<String> untagged = _state.instancesWithTag(Helix.UNTAGGED_BROKER_INSTANCE);
    if (untagged.size() < tenant.getNumberOfInstances()) {
      return false;
    }
    String tag = TagNameUtils.getBrokerTagForTenant(tenant.getTenantName());
    untagged.subList(0, tenant.getNumberOfInstances()).forEach(id -> retag(id, Helix.UNTAGGED_BROKER_INSTANCE, tag));
    return true;
  }

  private boolean createServers(Tenant tenant) {
    int total = tenant.getNumberOfInstances();
    if (tenant.getOfflineInstances() > total || tenant.getRealtimeInstances() > total) {
      throw new EngineException(400, "Cannot request more offline instances: " + tenant.getOfflineInstances()
          + " or realtime instances: " + tenant.getRealtimeInstances() + " than total instances: " + total);
    }
    List<String> untagged = _state.instancesWithTag(Helix.UNTAGGED_SERVER_INSTANCE);
    if (untagged.size() < total) {
      return false;
    }
    int next = 0;
    for (TableType type : TableType.values()) {
      int wanted = type == TableType.OFFLINE ? tenant.getOfflineInstances() : tenant.getRealtimeInstances();
      for (int i = 0; i < wanted; i++) {
        retag(untagged.get(next), Helix.UNTAGGED_SERVER_INSTANCE,
            TagNameUtils.getServerTagForTenant(tenant.getTenantName(), type));
        next = (next + 1) % total;
      }
    }
    return true;
  }

  private void retag(String id, String from, String to) {
    Instance instance = _state.instance(id).orElseThrow();
    List<String> tags = new ArrayList<>(instance.tags());
    tags.remove(from);
    if (!to.isEmpty()) {
      tags.add(to);
    }
    if (tags.isEmpty()) {
      tags.add(InstanceTypeUtils.isBroker(id) ? Helix.UNTAGGED_BROKER_INSTANCE : Helix.UNTAGGED_SERVER_INSTANCE);
    }
    _state.putInstance(instance.withTags(tags));
  }

  private Reply delete(Request request) {
    String tenant = request.path("tenantName");
    String type = request.query("type").orElse("");
    if (type.isEmpty()) {
      throw new EngineException(500, "Tenant type (BROKER | SERVER) is required as query parameter");
    }
    boolean server = switch (type.toUpperCase(Locale.ROOT)) {
      case "SERVER" -> true;
      case "BROKER" -> false;
      default -> throw new EngineException(500, "No enum constant " + TenantRole.class.getName() + "." + type);
    };
    return _state.exclusively(() -> {
      if (server) {
        deleteServers(tenant);
      } else {
        deleteBrokers(tenant);
      }
      return Reply.done("Successfully deleted tenant " + tenant);
    });
  }

  private void deleteServers(String tenant) {
    Set<String> servers = servers(tenant);
    // As in Pinot: any table's segment on one of the servers holds them, a table without segments does not.
    boolean used = _state.tables().stream()
        .anyMatch(table -> table.servers().stream().anyMatch(servers::contains) && hasSegments(table));
    if (used) {
      throw new EngineException(400, "Server tenant is not null, can not delete it");
    }
    for (String id : servers) {
      retag(id, TagNameUtils.getOfflineTagForTenant(tenant), "");
      retag(id, TagNameUtils.getRealtimeTagForTenant(tenant), "");
    }
  }

  private boolean hasSegments(TableEntry table) {
    // A REALTIME table has its consuming segments from the beginning.
    return table.type() == TableType.REALTIME || !_data.segments(table.name()).isEmpty();
  }

  private void deleteBrokers(String tenant) {
    Collection<String> brokers = brokers(tenant);
    if (_state.tables().stream().anyMatch(table -> table.brokers().stream().anyMatch(brokers::contains))) {
      throw new EngineException(400, "Broker tenant is not null, can not delete it");
    }
    brokers.forEach(id -> retag(id, TagNameUtils.getBrokerTagForTenant(tenant), ""));
  }
}
