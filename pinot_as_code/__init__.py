"""Apache Pinot as code: Pulumi resources for everything a cluster is told.

Import a resource from the module of its name: ``from pinot_as_code.table import PinotTable, PinotTableArgs``.
Nothing is imported here, so that the provider process loads only what it needs.
"""
