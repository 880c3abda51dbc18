"""What the archiver counts, as text that Prometheus reads, served with the answer to "are you well"."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ARCHIVER: Final = {
    "payments_archive_events_total": ("counter", "Events of finished batches, by what became of them."),
    "payments_archive_quarantined_total": ("counter", "Events told to the quarantine, by rule."),
    "payments_archive_files_total": ("counter", "Parquet files of finished batches."),
    "payments_archive_file_bytes_total": ("counter", "Their bytes."),
    "payments_archive_batches_total": ("counter", "Finished batches."),
    "payments_archive_lost_offsets_total": (
        "counter",
        "Offsets that the topic had deleted before they were read.",
    ),
    "payments_archive_lag_events": ("gauge", "Offsets of a partition that no finished batch has."),
    "payments_archive_manifests_total": ("counter", "Manifests written."),
    "payments_archive_last_closed_hour_seconds": (
        "gauge",
        "Start of the last closed hour, seconds since 1970.",
    ),
}


class Measures:
    """Counters and gauges by name and labels."""

    def __init__(self, told: Mapping[str, tuple[str, str]] = ARCHIVER) -> None:
        """Count nothing yet; `told` has the kind of each measure and what it is."""
        self._told = told
        self._lock = threading.Lock()
        self._values: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}

    def add(self, name: str, value: float, **labels: str) -> None:
        """Count up."""
        with self._lock:
            key = (name, tuple(sorted(labels.items())))
            self._values[key] = self._values.get(key, 0) + value

    def set(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        with self._lock:
            self._values[name, tuple(sorted(labels.items()))] = value

    def get(self, name: str, **labels: str) -> float:
        """Return a value; 0 when there is none."""
        with self._lock:
            return self._values.get((name, tuple(sorted(labels.items()))), 0)

    def text(self) -> str:
        """Write all of them in Prometheus's text format 0.0.4. Label values here need no escapes."""
        with self._lock:
            values = sorted(self._values.items())
        lines = []
        for name, (kind, told) in self._told.items():
            lines += [f"# HELP {name} {told}", f"# TYPE {name} {kind}"]
            for (found, labels), value in values:
                if found == name:
                    inside = ",".join(f'{label}="{text}"' for label, text in labels)
                    lines.append(f"{name}{{{inside}}} {value:g}" if inside else f"{name} {value:g}")
        return "\n".join(lines) + "\n"


def serve(measures: Measures, host: str, port: int, healthy: Callable[[], bool]) -> ThreadingHTTPServer:
    """Serve /metrics and /health in a thread of their own; return the server, which has the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body, status = b"", 404
            if self.path == "/metrics":
                body, status = measures.text().encode(), 200
            elif self.path == "/health":
                body, status = (b"ok\n", 200) if healthy() else (b"no progress for too long\n", 503)
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing for each scrape."""

    server = ThreadingHTTPServer((host, port), Handler)
    threading.Thread(target=server.serve_forever, name="measures", daemon=True).start()
    return server
