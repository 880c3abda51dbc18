package com.paymentic.pinot.engine.control;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.Collections;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import org.apache.pinot.spi.config.table.TableConfig;
import org.apache.pinot.spi.config.table.TableType;

/**
 * A physical table: its configuration and what Helix would keep about it.
 *
 * @param config the configuration as accepted, with Pinot's defaults; never changed in place
 * @param servers server instances that its segments are assigned to (one a replica); a rebalance follows the tags
 * @param brokers broker instances that answer for it (Helix's broker resource)
 * @param pause set by pauseConsumption and resumeConsumption; null until then
 */
record TableEntry(TableConfig config, List<String> servers, SortedSet<String> brokers, Pause pause) {

  /** @param timestamp {@code yyyy-mm-dd hh:mm:ss.fff}, as Pinot shows it */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  record Pause(boolean paused, String comment, String timestamp) { }

  /** The document on disk. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  record Document(JsonNode config, List<String> servers, List<String> brokers, Pause pause) { }

  TableEntry {
    servers = List.copyOf(servers);
    brokers = Collections.unmodifiableSortedSet(new TreeSet<>(brokers));
  }

  Document document() {
    return new Document(config.toJsonNode(), servers, List.copyOf(brokers), pause);
  }

  String name() {
    return config.getTableName();
  }

  TableType type() {
    return config.getTableType();
  }

  TableEntry withConfig(TableConfig newConfig) {
    return new TableEntry(newConfig, servers, brokers, pause);
  }

  TableEntry withServers(List<String> newServers) {
    return new TableEntry(config, newServers, brokers, pause);
  }

  TableEntry withPause(Pause newPause) {
    return new TableEntry(config, servers, brokers, newPause);
  }

  TableEntry withBroker(String broker, boolean serves) {
    SortedSet<String> changed = new TreeSet<>(brokers);
    if (serves) {
      changed.add(broker);
    } else {
      changed.remove(broker);
    }
    return withBrokers(changed);
  }

  TableEntry withBrokers(SortedSet<String> newBrokers) {
    return new TableEntry(config, servers, newBrokers, pause);
  }
}
