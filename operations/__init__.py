"""Programs that run beside the stack: archiver, quarantine, offline loader, restore.

They talk to Kafka, S3 and Pinot, and know the data product from `product_model` alone.
"""
