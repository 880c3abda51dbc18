package com.paymentic.pinot.engine.data;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.pinot.spi.stream.OffsetCriteria;
import org.apache.pinot.spi.stream.StreamConfig;
import org.apache.pinot.spi.utils.TimeUtils;

/**
 * A Kafka topic, read without a consumer group: the table's segments hold the offsets.
 *
 * <p>The keys of the stream configuration mean what they mean to Pinot's own Kafka plugin:
 * {@code stream.kafka.broker.list}, {@code stream.kafka.isolation.level}, and any Kafka consumer property by its own
 * name ({@code security.protocol}) or behind {@code stream.kafka.consumer.prop.}.
 */
final class KafkaStream implements Stream {
  private static final String CONSUMER_PROPERTY = "stream.kafka.consumer.prop.";
  private static final int ANSWER_WITHIN_MS = 5_000;
  private static final int RECORDS_A_POLL = 5_000;

  private final String _topic;
  private final String _bootstrap;
  private final Properties _properties;
  private Consumer<byte[], byte[]> _metadata;
  private boolean _closed;

  KafkaStream(StreamConfig config) {
    Map<String, String> settings = config.getStreamConfigsMap();
    _topic = config.getTopicName();
    _bootstrap = settings.get("stream.kafka.broker.list");
    _properties = properties(config, settings);
  }

  private Properties properties(StreamConfig config, Map<String, String> settings) {
    Properties properties = new Properties();
    settings.forEach((key, value) -> {
      String name = key.startsWith(CONSUMER_PROPERTY) ? key.substring(CONSUMER_PROPERTY.length()) : key;
      if (ConsumerConfig.configNames().contains(name)) {
        properties.put(name, value);
      }
    });
    String isolation = settings.get("stream.kafka.isolation.level");
    if (isolation != null) {
      properties.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, isolation);
    }
    properties.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, String.valueOf(_bootstrap));
    properties.put(ConsumerConfig.CLIENT_ID_CONFIG, config.getTableNameWithType() + "-" + _topic);
    properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
    // A reset would skip or repeat events without a word; what to do is decided where the segments are known.
    properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
    properties.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, "false");
    properties.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, String.valueOf(RECORDS_A_POLL));
    properties.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, String.valueOf(ANSWER_WITHIN_MS));
    properties.put(ConsumerConfig.REQUEST_TIMEOUT_MS_CONFIG, String.valueOf(ANSWER_WITHIN_MS));
    properties.put(ConsumerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, "2000");
    return properties;
  }

  @Override
  public synchronized int partitionCount() throws StreamException {
    try {
      List<PartitionInfo> partitions = metadata().partitionsFor(_topic);
      if (partitions == null || partitions.isEmpty()) {
        throw missing(null);
      }
      return partitions.size();
    } catch (KafkaException e) {
      throw failure(e);
    }
  }

  @Override
  public synchronized long offset(int partition, OffsetCriteria criteria) throws StreamException {
    TopicPartition topicPartition = new TopicPartition(_topic, partition);
    Set<TopicPartition> one = Set.of(topicPartition);
    try {
      Consumer<byte[], byte[]> consumer = metadata();
      if (criteria.isLargest()) {
        return consumer.endOffsets(one).get(topicPartition);
      }
      if (criteria.isSmallest()) {
        return consumer.beginningOffsets(one).get(topicPartition);
      }
      if (criteria.isPeriod() || criteria.isTimestamp()) {
        long time = criteria.isPeriod()
            ? System.currentTimeMillis() - TimeUtils.convertPeriodToMillis(criteria.getOffsetString())
            : Instant.parse(criteria.getOffsetString()).toEpochMilli();
        OffsetAndTimestamp found = consumer.offsetsForTimes(Map.of(topicPartition, time)).get(topicPartition);
        return found != null ? found.offset() : consumer.endOffsets(one).get(topicPartition);
      }
      throw new StreamException("Topic " + _topic + ": the offset criteria " + criteria.getOffsetString()
          + " is not supported by the local engine; allowed are smallest, largest, a period (2d) or a timestamp");
    } catch (KafkaException e) {
      throw failure(e);
    }
  }

  @Override
  public StreamPartition open(int partition) throws StreamException {
    try {
      return new Partition(consumer(), new TopicPartition(_topic, partition));
    } catch (KafkaException e) {
      throw failure(e);
    }
  }

  @Override
  public synchronized void close() {
    _closed = true;
    if (_metadata != null) {
      _metadata.close(Duration.ZERO);
      _metadata = null;
    }
  }

  private Consumer<byte[], byte[]> metadata() {
    if (_closed) {
      throw new KafkaException("closed");
    }
    if (_metadata == null) {
      _metadata = consumer();
    }
    return _metadata;
  }

  private Consumer<byte[], byte[]> consumer() {
    return new KafkaConsumer<>(_properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  private StreamException failure(KafkaException e) {
    if (e instanceof UnknownTopicOrPartitionException) {
      return missing(e);
    }
    if (e instanceof InterruptException) {
      return new StreamException("Topic " + _topic + ": interrupted", e);
    }
    if (e instanceof TimeoutException) {
      return new StreamException("Kafka at " + _bootstrap + " did not answer within " + ANSWER_WITHIN_MS + " ms for topic "
          + _topic + "; check stream.kafka.broker.list and that Kafka runs. The engine keeps trying", e);
    }
    return new StreamException("Topic " + _topic + " at " + _bootstrap + " cannot be read: "
        + e.getClass().getSimpleName() + ": " + e.getMessage() + ". The engine keeps trying", e);
  }

  private StreamException missing(KafkaException e) {
    return new StreamException("Topic " + _topic + " does not exist at " + _bootstrap
        + "; create it (the engine never does), consumption starts by itself then", e);
  }

  /** One partition's consumer. */
  private final class Partition implements StreamPartition {
    private final Consumer<byte[], byte[]> _consumer;
    private final TopicPartition _partition;
    private volatile long _endOffset = -1;

    Partition(Consumer<byte[], byte[]> consumer, TopicPartition partition) {
      _consumer = consumer;
      _partition = partition;
      _consumer.assign(List.of(partition));
    }

    @Override
    public void seek(long offset) {
      _consumer.seek(_partition, offset);
    }

    @Override
    public StreamBatch poll(Duration timeout) throws StreamException {
      try {
        ConsumerRecords<byte[], byte[]> polled = _consumer.poll(timeout);
        long position = _consumer.position(_partition);
        _consumer.currentLag(_partition).ifPresent(lag -> _endOffset = position + lag);
        return new StreamBatch(records(polled.records(_partition)), position);
      } catch (WakeupException e) {
        return new StreamBatch(List.of(), _consumer.position(_partition));
      } catch (OffsetOutOfRangeException e) {
        throw outOfRange(e);
      } catch (KafkaException e) {
        throw failure(e);
      }
    }

    private List<StreamRecord> records(Collection<ConsumerRecord<byte[], byte[]>> polled) {
      List<StreamRecord> records = new ArrayList<>(polled.size());
      for (ConsumerRecord<byte[], byte[]> record : polled) {
        records.add(new StreamRecord(record.offset(), record.timestamp(), record.key(), record.value()));
      }
      return records;
    }

    private StreamException outOfRange(OffsetOutOfRangeException e) {
      long wanted = e.offsetOutOfRangePartitions().getOrDefault(_partition, -1L);
      try {
        long first = _consumer.beginningOffsets(Set.of(_partition)).get(_partition);
        long end = _consumer.endOffsets(Set.of(_partition)).get(_partition);
        return new StreamException("Topic " + _topic + " partition " + _partition.partition() + " holds offsets " + first
            + " to " + end + ", the table goes on at " + wanted + ": events were deleted before they were consumed, or "
            + "the topic was made anew. Delete the table and create it again to read what is there", e);
      } catch (KafkaException unreachable) {
        return failure(unreachable);
      }
    }

    @Override
    public long endOffset() {
      return _endOffset;
    }

    @Override
    public void wakeUp() {
      _consumer.wakeup();
    }

    @Override
    public void close() {
      // Nothing to hand over: offsets are in the segments.
      _consumer.close(Duration.ZERO);
    }
  }
}
