"""The local Kafka broker: its class path, its configuration, its storage."""
