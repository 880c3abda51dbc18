"""Measures the objectives from outside: asks, sends probes, and holds every table against the stream.

`python -m operations.measure` runs once and reports as text, JSON or Prometheus' text format. It only reads,
but for its probes: events of a kind that no table keeps (docs/adr, "Probes").
"""
