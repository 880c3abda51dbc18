"""The archive of the payment events: from the topic to Parquet files by kind and hour, each event once.

`layout` says where everything stands in the bucket and what the documents there hold, `store` reads and
writes it, `rows` says what row an event becomes, `archiver` puts it together. `python -m operations.archive`
runs it.
"""
