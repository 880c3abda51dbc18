package com.paymentic.pinot.engine.control;

import com.paymentic.pinot.engine.EngineException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.DescribeTopicsOptions;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.pinot.spi.config.table.TableConfig;
import org.apache.pinot.spi.config.table.TableType;
import org.apache.pinot.spi.stream.StreamConfigProperties;
import org.apache.pinot.spi.utils.IngestionConfigUtils;

/**
 * Makes sure that a REALTIME table's topics are there before the table is made.
 *
 * <p>A Pinot cluster would let Kafka create a missing topic with one partition, and hang for minutes on a Kafka that does
 * not answer. Both hide a mistake that costs more later, so both are errors here, within a deadline.
 */
interface KafkaTopics {
  Duration DEADLINE = Duration.ofSeconds(10);

  /**
   * @return the number of partitions of all the table's topics; 0 for an OFFLINE table
   * @throws EngineException 400 for a missing topic, 503 for a Kafka that does not answer
   */
  int partitions(TableConfig table);

  /** Asks Kafka. */
  static KafkaTopics asking(Duration deadline) {
    return table -> {
      int partitions = 0;
      if (table.getTableType() == TableType.REALTIME) {
        for (Map<String, String> stream : IngestionConfigUtils.getStreamConfigMaps(table)) {
          if ("kafka".equals(stream.get(StreamConfigProperties.STREAM_TYPE))) {
            partitions += partitions(table.getTableName(), stream, deadline);
          }
        }
      }
      return partitions;
    };
  }

  private static int partitions(String table, Map<String, String> stream, Duration deadline) {
    String topic = stream.get("stream.kafka.topic.name");
    String servers = stream.get("stream.kafka.broker.list");
    try (Admin admin = Admin.create(properties(stream, servers, deadline))) {
      return admin.describeTopics(List.of(topic), new DescribeTopicsOptions().timeoutMs((int) deadline.toMillis()))
          .allTopicNames().get().get(topic).partitions().size();
    } catch (ExecutionException e) {
      throw refusal(table, topic, servers, deadline, e.getCause());
    } catch (KafkaException e) {
      throw refusal(table, topic, servers, deadline, e.getCause() == null ? e : e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new EngineException(503, "Interrupted while asking Kafka for topic " + topic, e);
    }
  }

  private static EngineException refusal(String table, String topic, String servers, Duration deadline, Throwable e) {
    if (e instanceof UnknownTopicOrPartitionException) {
      return new EngineException(400, "Kafka topic " + topic + " of table " + table + " does not exist at " + servers
          + ". Create it first: a Pinot cluster would let Kafka create it with one partition, the local engine does not",
          e);
    }
    if (e instanceof TimeoutException) {
      return new EngineException(503, "Kafka at " + servers + " (stream.kafka.broker.list of table " + table
          + ") did not answer within " + deadline.toSeconds() + " s; start it or correct the address", e);
    }
    // A client's configuration error names the property; its message may quote the value, which may be a password.
    return new EngineException(400, "Kafka at " + servers + " cannot be used for topic " + topic + " of table " + table
        + ": " + e.getClass().getSimpleName() + "; check the stream's address and security properties", e);
  }

  private static Properties properties(Map<String, String> stream, String servers, Duration deadline) {
    Properties properties = new Properties();
    stream.forEach((name, value) -> {
      if (AdminClientConfig.configNames().contains(name)) {
        properties.put(name, value);
      }
    });
    properties.put(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, String.valueOf(servers));
    properties.put(AdminClientConfig.CLIENT_ID_CONFIG, "pinot-engine-topic-check");
    properties.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, String.valueOf(deadline.toMillis()));
    properties.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, String.valueOf(deadline.toMillis()));
    return properties;
  }
}
