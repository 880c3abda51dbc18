package com.paymentic.pinot.engine.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.paymentic.pinot.engine.EngineException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import org.apache.pinot.spi.config.table.TableConfig;
import org.apache.pinot.spi.utils.JsonUtils;
import org.junit.jupiter.api.Test;

class KafkaTopicsTest {
  private static final KafkaTopics TOPICS = KafkaTopics.asking(Duration.ofMillis(800));

  private static TableConfig table(String servers, String... more) throws IOException {
    ObjectNode json = Cluster.acceptedJson("table-transaction_booked_rt");
    ObjectNode stream = (ObjectNode) json.at("/ingestionConfig/streamIngestionConfig/streamConfigMaps/0");
    stream.put("stream.kafka.broker.list", servers);
    for (int i = 0; i < more.length; i += 2) {
      stream.put(more[i], more[i + 1]);
    }
    return JsonUtils.jsonNodeToObject(json, TableConfig.class);
  }

  @Test
  void aKafkaThatDoesNotAnswerIsAnErrorWithinTheDeadline() throws IOException {
    // It takes connections and says nothing, as behind a firewall or while it starts.
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      TableConfig table = table("127.0.0.1:" + silent.getLocalPort());

      EngineException refused = assertTimeoutPreemptively(Duration.ofSeconds(10),
          () -> assertThrows(EngineException.class, () -> TOPICS.partitions(table)));

      assertEquals(503, refused.status());
      assertTrue(refused.getMessage().contains("127.0.0.1:" + silent.getLocalPort()), refused.getMessage());
      assertTrue(refused.getMessage().contains("stream.kafka.broker.list"), refused.getMessage());
    }
  }

  @Test
  void aWrongSecurityPropertyIsToldWithoutItsValue() throws IOException {
    TableConfig table = table("127.0.0.1:1", "security.protocol", "SASL_SSL", "sasl.mechanism", "PLAIN",
        "sasl.jaas.config", "geheim");

    EngineException refused = assertThrows(EngineException.class, () -> TOPICS.partitions(table));

    assertEquals(400, refused.status());
    assertFalse(refused.getMessage().contains("geheim"), refused.getMessage());
  }

  @Test
  void anOfflineTableHasNoTopics() throws IOException {
    TableConfig offline =
        JsonUtils.jsonNodeToObject(Cluster.acceptedJson("table-transaction_booked_offline"), TableConfig.class);

    assertEquals(0, TOPICS.partitions(offline));
  }
}
