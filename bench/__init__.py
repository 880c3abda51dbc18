"""Speed and memory, measured on the real thing and written to docs/benchmarks.md. Nothing here asserts."""
