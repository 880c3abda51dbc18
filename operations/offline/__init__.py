"""The offline tables: filled from the archive hour by hour, held against it, and filled again when lost.

`hour` reads an hour's files and checks them, `totals` says what the tables hold, `pending` what they lack,
`push` makes segments, `load` puts it together, `reconciliation` compares, `merge` makes days of hours.
`python -m operations.offline` runs it.
"""
