"""Rules for schemas, tables and logical tables. Pure functions: they read documents and yield findings."""
