package com.paymentic.pinot.engine.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.paymentic.pinot.engine.EngineException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.pinot.common.utils.config.TagNameUtils;
import org.apache.pinot.spi.config.user.AccessType;
import org.apache.pinot.spi.data.LogicalTableConfig;
import org.apache.pinot.spi.utils.InstanceTypeUtils;
import org.apache.pinot.spi.utils.JsonUtils;

/** /instances: nodes, their tags, and the broker resource that follows the brokers' tags. */
final class InstancesResource {
  /** What Pinot shows for a port that an instance does not have; the engine's nodes share one process. */
  private static final int NO_PORT = -1;

  private final ClusterState _state;
  private final Set<String> _live;

  /** @param live ids of the instances that this engine runs */
  InstancesResource(ClusterState state, Set<String> live) {
    _state = state;
    _live = live;
  }

  void register(Routes routes) {
    routes.add(AccessType.READ, "GET", "/instances", this::list)
        .add(AccessType.READ, "GET", "/liveinstances", request -> instances(new ArrayList<>(new TreeSet<>(_live))))
        .add(AccessType.READ, "GET", "/instances/{instanceName}", this::get)
        .add(AccessType.UPDATE, "PUT", "/instances/{instanceName}/updateTags", this::updateTags)
        .add(AccessType.UPDATE, "POST", "/instances/{instanceName}/updateBrokerResource", this::updateBrokerResource)
        .add(AccessType.UPDATE, "PUT", "/instances/{instanceName}/state", this::setState)
        .add(AccessType.CREATE, "POST", "/instances/updateTags/validate", this::validateTags)
        .addUnsupported("POST", "/instances", "adding an instance; start the engine with another --server-instance")
        .addUnsupported("PUT", "/instances/{instanceName}", "replacing an instance; use updateTags")
        .addUnsupported("DELETE", "/instances/{instanceName}", "dropping an instance; start the engine without it");
  }

  private Reply list(Request request) {
    return instances(request.query("tag").map(_state::instancesWithTag)
        .orElseGet(() -> _state.instances().stream().map(Instance::id).toList()));
  }

  private static Reply instances(List<String> ids) {
    return Reply.json(Map.of("instances", ids));
  }

  private Reply get(Request request) {
    String id = request.path("instanceName");
    Instance instance = _state.instance(id)
        .orElseThrow(() -> new EngineException(404, "Instance " + id + " not found"));
    ObjectNode body = JsonUtils.newObjectNode().put("instanceName", id).put("hostName", instance.host())
        .put("enabled", instance.enabled()).put("port", instance.port());
    body.set("tags", JsonUtils.objectToJsonNode(instance.tags()));
    body.putNull("pools");
    body.put("grpcPort", NO_PORT).put("adminPort", NO_PORT).put("queryServicePort", NO_PORT)
        .put("queryMailboxPort", NO_PORT).put("shutdownInProgress", false);
    Runtime runtime = Runtime.getRuntime();
    body.putObject("systemResourceInfo").put("numCores", String.valueOf(runtime.availableProcessors()))
        .put("maxHeapSizeMB", String.valueOf(runtime.maxMemory() / (1024 * 1024)));
    return Reply.json(body);
  }

  private Instance existing(String id) {
    return _state.instance(id)
        .orElseThrow(() -> new EngineException(404, "Failed to find instance config for instance: " + id));
  }

  private Reply updateTags(Request request) {
    String id = request.path("instanceName");
    String text = request.query("tags").orElseThrow(() -> new EngineException(400, "Must provide tags to update"));
    List<String> tags = new ArrayList<>(List.of(text.split(",")));
    tags.removeIf(String::isEmpty);
    return _state.exclusively(() -> {
      Instance old = existing(id);
      _state.putInstance(old.withTags(tags));
      String status = "Updated tags: " + tags + " for instance: " + id;
      if (request.flag("updateBrokerResource", false) && InstanceTypeUtils.isBroker(id)
          && !brokerTags(tags).equals(brokerTags(old.tags()))) {
        status += ", and updated broker resource - " + refreshBrokerResource(id, old.tags(), tags);
      }
      return Reply.done(status);
    });
  }

  private Reply updateBrokerResource(Request request) {
    String id = request.path("instanceName");
    if (!InstanceTypeUtils.isBroker(id)) {
      throw new EngineException(400, "Cannot update broker resource for non-broker instance: " + id);
    }
    return _state.exclusively(() -> {
      List<String> tags = existing(id).tags();
      return Reply.done("Updated broker resource for broker: " + id + " - " + refreshBrokerResource(id, tags, tags));
    });
  }

  private static Set<String> brokerTags(List<String> tags) {
    return new TreeSet<>(tags.stream().filter(TagNameUtils::isBrokerTag).toList());
  }

  /** A broker answers for the tables whose broker tenant it has. @return what changed, in Pinot's words */
  private String refreshBrokerResource(String broker, List<String> oldTags, List<String> tags) {
    Set<String> added = new TreeSet<>();
    Set<String> removed = new TreeSet<>();
    for (TableEntry table : List.copyOf(_state.tables())) {
      boolean serves = tags.contains(TagNameUtils.extractBrokerTag(table.config().getTenantConfig()));
      if (serves != table.brokers().contains(broker)) {
        (serves ? added : removed).add(table.name());
        _state.putTable(table.withBroker(broker, serves));
      }
    }
    for (LogicalTableConfig logicalTable : _state.logicalTables()) {
      String tag = TagNameUtils.getBrokerTagForTenant(logicalTable.getBrokerTenant());
      if (oldTags.contains(tag) && !tags.contains(tag)) {
        removed.add(logicalTable.getTableName());
      }
    }
    return "tables added: " + added + ", tables removed: " + removed;
  }

  private Reply setState(Request request) {
    String id = request.path("instanceName");
    String state = request.query("state").orElse("null");
    return _state.exclusively(() -> {
      Instance instance = _state.instance(id)
          .orElseThrow(() -> new EngineException(404, "Instance '" + id + "' does not exist"));
      if (state.equalsIgnoreCase("enable")) {
        _state.putInstance(instance.withEnabled(true));
      } else if (state.equalsIgnoreCase("disable") || state.equalsIgnoreCase("drain")) {
        throw Routes.unsupported("the state " + state + " of an instance; all of them share one process");
      } else {
        throw new EngineException(400, "Unknown state '" + state + "'");
      }
      return Reply.done("Request to " + state + " instance '" + id + "' is successful");
    });
  }

  private Reply validateTags(Request request) {
    JsonNode wanted;
    try {
      wanted = JsonUtils.stringToJsonNode(request.text());
    } catch (IOException e) {
      throw new EngineException(400, "The body is not JSON; expected [{\"instanceName\": …, \"newTags\": […]}]", e);
    }
    Map<String, List<String>> newTags = new TreeMap<>();
    for (JsonNode change : wanted) {
      List<String> tags = new ArrayList<>();
      change.path("newTags").forEach(tag -> tags.add(tag.asText()));
      newTags.put(change.path("instanceName").asText(), tags);
    }
    ArrayNode answers = JsonUtils.newArrayNode();
    Map<String, Integer> missing = missingInstances(newTags);
    newTags.forEach((id, tags) -> answers.add(validateTags(id, tags, missing)));
    return Reply.json(answers);
  }

  private ObjectNode validateTags(String id, List<String> tags, Map<String, Integer> missing) {
    Instance instance = _state.instance(id)
        .orElseThrow(() -> new EngineException(412, "Instance " + id + " is not a valid instance name."));
    ArrayNode issues = JsonUtils.newArrayNode();
    for (String tag : instance.tags()) {
      if (!tags.contains(tag) && missing.getOrDefault(tag, 0) > 0) {
        String role = role(tag);
        issues.addObject().put("code", "MINIMUM_INSTANCE_UNSATISFIED").put("message", String.format(
            "Tenant '%s' will not satisfy minimum '%s' requirement if tag '%s' is removed from %s instance '%s'.",
            TagNameUtils.getTenantFromTag(tag), role, tag, role, id));
        missing.merge(tag, -1, Integer::sum);
      }
    }
    for (String tag : tags) {
      if (role(tag) == null && (InstanceTypeUtils.isBroker(id) || InstanceTypeUtils.isServer(id))) {
        issues.addObject().put("code", "UNRECOGNISED_TAG_TYPE").put("message",
            "The tag '" + tag + "' does not follow the suffix convention of either broker or server");
      }
    }
    ObjectNode answer = JsonUtils.newObjectNode().put("instanceName", id).put("isSafe", issues.isEmpty());
    answer.set("issues", issues);
    return answer;
  }

  private static String role(String tag) {
    return TagNameUtils.isServerTag(tag) ? "server" : TagNameUtils.isBrokerTag(tag) ? "broker" : null;
  }

  /** @return by tag, how many instances its tables would lack if the tags were so */
  private Map<String, Integer> missingInstances(Map<String, List<String>> newTags) {
    Map<String, Integer> missing = new TreeMap<>();
    for (TableEntry table : _state.tables()) {
      String server = TagNameUtils.getServerTagForTenant(table.config().getTenantConfig().getServer(), table.type());
      missing.merge(server, table.config().getReplication(), Math::max);
      missing.put(TagNameUtils.extractBrokerTag(table.config().getTenantConfig()), 1);
    }
    for (Instance instance : _state.instances()) {
      for (String tag : newTags.getOrDefault(instance.id(), instance.tags())) {
        missing.computeIfPresent(tag, (name, count) -> count - 1);
      }
    }
    return missing;
  }
}
