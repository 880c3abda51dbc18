"""The objectives as Prometheus rules and Grafana dashboards, made from the descriptor and its two files.

Pure, as the rest of `product_model`: files in, text out. `python -m product_model.monitoring` writes
`data-product/monitoring/rules` and `dashboards`, or says with `--check` which of them is not what the
descriptor asks for.
"""

from product_model.monitoring.generate import Monitoring, load_monitoring

__all__ = ["Monitoring", "load_monitoring"]
