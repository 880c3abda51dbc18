"""What Prometheus reads."""

from __future__ import annotations

import urllib.error
import urllib.request

import pytest

from operations.archive.measures import Measures, serve

pytestmark = pytest.mark.unit


def test_counters_and_gauges_are_served_as_prometheus_reads_them() -> None:
    measures, well = Measures(), [True]
    measures.add("payments_archive_events_total", 2, fate="stored")
    measures.add("payments_archive_events_total", 3, fate="stored")
    measures.set("payments_archive_lag_events", 7, partition="1")
    server = serve(measures, "127.0.0.1", 0, lambda: well[0])
    url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        with urllib.request.urlopen(f"{url}/metrics") as answer:  # noqa: S310 - our own server
            lines = answer.read().decode().splitlines()
        with urllib.request.urlopen(f"{url}/health") as answer:  # noqa: S310 - our own server
            assert answer.status == 200
        well[0] = False
        with pytest.raises(urllib.error.HTTPError, match="503"):
            urllib.request.urlopen(f"{url}/health")  # noqa: S310 - our own server
    finally:
        server.shutdown()
        server.server_close()
    assert 'payments_archive_events_total{fate="stored"} 5' in lines
    assert 'payments_archive_lag_events{partition="1"} 7' in lines
    assert "# TYPE payments_archive_events_total counter" in lines
    assert measures.get("payments_archive_events_total", fate="stored") == 5
