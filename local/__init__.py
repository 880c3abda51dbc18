"""What stands in for the cloud on one machine: Kafka, S3, Pinot, and the tools that provision them."""
