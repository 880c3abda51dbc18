package com.paymentic.pinot.engine.control;

import java.util.List;

/**
 * A node of the cluster as Helix would know it.
 *
 * @param id {@code Server_host_port}, {@code Broker_…}, {@code Minion_…} or {@code Controller_…}
 * @param tags {@code <tenant>_OFFLINE}, {@code <tenant>_REALTIME}, {@code <tenant>_BROKER}; they are what a tenant is
 * @param enabled whether it takes part; new ones do
 */
record Instance(String id, List<String> tags, boolean enabled) {
  Instance {
    tags = List.copyOf(tags);
  }

  Instance withTags(List<String> newTags) {
    return new Instance(id, newTags, enabled);
  }

  Instance withEnabled(boolean newEnabled) {
    return new Instance(id, tags, newEnabled);
  }

  /** @return the part between role and port, which may itself hold underscores */
  String host() {
    int end = id.lastIndexOf('_');
    int start = id.indexOf('_');
    return start >= 0 && end > start ? id.substring(start + 1, end) : id;
  }

  String port() {
    return id.substring(id.lastIndexOf('_') + 1);
  }
}
