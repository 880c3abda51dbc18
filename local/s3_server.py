"""The local S3 server: moto's S3, made to survive a restart by a journal of what changed something.

moto keeps buckets and objects in memory. Every request that changes something is written to the journal
before it is answered, and the journal is replayed at start. moto's random numbers are seeded per request
and its clock is set back while replaying, so that version ids and dates come out as they were. An
unfinished multipart upload goes on after a restart under its old id. A torn last entry (a kill in the
middle of a write) belongs to a request that was never answered: it is cut off.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import logging
import os
import re
import secrets
import signal
import sys
import threading
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from moto.moto_api._internal import mock_random
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.s3.models import FakeDeleteMarker, s3_backends
from werkzeug.serving import make_server
from werkzeug.wsgi import get_input_stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from io import BufferedRandom

    from moto.s3.models import FakeBucket

_CHANGING: Final = frozenset({"PUT", "POST", "DELETE", "PATCH"})
_UPLOAD_ID: Final = re.compile(rb"<UploadId>([^<]+)</UploadId>")
_UPLOAD_QUERY: Final = re.compile(r"(?<![^&])uploadId=([^&]+)")
_SIGNATURE: Final = re.compile(r"Signature=[0-9a-fA-F]+")
_ERROR: Final = 400

# moto disposes of what is left of a key when its last version goes; of a delete marker it cannot, and would
# answer 500 to whoever empties a bucket in which an object was deleted.
FakeDeleteMarker.dispose = lambda _: None  # type: ignore[attr-defined] # it has none: that is the mistake


class Journal:
    """The changing requests of a server's life, each as a line of JSON followed by the request's body."""

    def __init__(self, path: Path) -> None:
        """Open the journal at `path`, making it when it is not there."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        self._file: BufferedRandom = path.open("r+b")

    def entries(self) -> Iterator[tuple[dict[str, Any], bytes]]:
        """Yield each whole entry, then cut off what a kill left half written."""
        self._file.seek(0)
        while True:
            start = self._file.tell()
            line = self._file.readline()
            if not line.endswith(b"\n"):
                break
            entry = json.loads(line)
            body = self._file.read(entry["length"])
            if len(body) < entry["length"] or self._file.read(1) != b"\n":
                break
            yield entry, body
        self._file.truncate(start)

    def append(self, entry: Mapping[str, Any], body: bytes) -> None:
        """Write one entry; it is with the kernel, and so survives a kill, when this returns."""
        self._file.seek(0, os.SEEK_END)
        line = json.dumps({**entry, "length": len(body)}, separators=(",", ":"))
        self._file.write(line.encode() + b"\n" + body + b"\n")
        self._file.flush()

    def clear(self) -> None:
        """Forget everything."""
        self._file.truncate(0)


class DurableS3:
    """moto's WSGI application behind a journal."""

    def __init__(self, journal: Journal) -> None:
        """Bring back what the journal tells of."""
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._journal = journal
        # One request after the other: the journal's order is then the order in which things happened, and no
        # reader draws from the random numbers that a change was seeded for.
        self._one_at_a_time = threading.Lock()
        self._upload_ids: dict[str, str] = {}
        self._started = dt.datetime.now(dt.UTC)
        for entry, body in journal.entries():
            self._replay(entry, body)
        if not list(_buckets()):
            journal.clear()  # everything was deleted: nothing is left to bring back

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        body = get_input_stream(environ).read()
        entry = _entry(environ)
        changing = environ["REQUEST_METHOD"] in _CHANGING and not environ["PATH_INFO"].startswith("/moto-api")
        with self._one_at_a_time:
            status, headers, answer = self._answer(entry, body)
            if changing and int(status.split(maxsplit=1)[0]) < _ERROR:
                _remember_upload(entry, answer)
                self._journal.append(entry, body)
        start_response(status, headers)
        return [answer]

    def _answer(self, entry: dict[str, Any], body: bytes) -> tuple[str, list[tuple[str, str]], bytes]:
        mock_random.seed(entry["seed"])
        environ = {
            **entry["environ"],
            "QUERY_STRING": self._with_current_upload_id(entry["environ"]["QUERY_STRING"]),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": BytesIO(body),
            "wsgi.errors": sys.stderr,
        }
        head: list[Any] = []
        answer = b"".join(self._moto(environ, lambda status, headers, _=None: head.extend((status, headers))))
        return head[0], head[1], answer

    def _replay(self, entry: dict[str, Any], body: bytes) -> None:
        moment = dt.datetime.fromisoformat(entry["time"])
        with mock.patch("moto.s3.models.utcnow", return_value=moment):
            status, _, answer = self._answer(entry, body)
        for bucket in _buckets():
            if bucket.creation_date > self._started:  # moto reads another clock for it
                bucket.creation_date = moment.replace(tzinfo=dt.UTC)
        if int(status.split(maxsplit=1)[0]) >= _ERROR:
            request = f"{entry['environ']['REQUEST_METHOD']} {entry['environ']['PATH_INFO']}"
            message = (
                f"the journal's {request} of {entry['time']} now answers {status}: {answer[:300]!r}. "
                "Remove the journal to start with an empty S3 server."
            )
            raise ValueError(message)
        if "uploadId" in entry and (found := _UPLOAD_ID.search(answer)):
            self._upload_ids[entry["uploadId"]] = found.group(1).decode()

    def _with_current_upload_id(self, query: str) -> str:
        return _UPLOAD_QUERY.sub(
            lambda found: f"uploadId={self._upload_ids.get(found.group(1), found.group(1))}", query
        )


def _remember_upload(entry: dict[str, Any], answer: bytes) -> None:
    # moto draws upload ids from the system's randomness: the one in use is kept, and translated later on.
    begins_upload = entry["environ"]["QUERY_STRING"].partition("&")[0].rstrip("=") == "uploads"
    if begins_upload and (found := _UPLOAD_ID.search(answer)):
        entry["uploadId"] = found.group(1).decode()


def _entry(environ: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {
        name: value for name, value in environ.items() if isinstance(value, str | bool | int | dict)
    }
    if (
        "HTTP_AUTHORIZATION" in kept
    ):  # moto reads the service's name out of it; the signature is nobody's business
        kept["HTTP_AUTHORIZATION"] = _SIGNATURE.sub("Signature=0", kept["HTTP_AUTHORIZATION"])
    # What the body arrived in is gone once it has been read to its end.
    kept.pop("HTTP_TRANSFER_ENCODING", None)
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    return {"time": now.isoformat(), "seed": secrets.randbits(64), "environ": json.loads(json.dumps(kept))}


def _buckets() -> Iterator[FakeBucket]:
    for account in s3_backends.values():
        for backend in account.values():
            yield from backend.buckets.values()


def main(arguments: list[str] | None = None) -> None:
    """Serve until asked to end (SIGTERM)."""
    parser = argparse.ArgumentParser(prog="python -m local.s3_server", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--journal", type=Path, required=True)
    options = parser.parse_args(arguments)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # not a line for every request
    # moto's own switch for what a client asks about an unknown bucket's region and the like.
    os.environ["MOTO_PORT"] = str(options.port)
    application = DurableS3(Journal(options.journal))
    server = make_server(
        options.host, options.port, application, threaded=True, request_handler=MotoRequestHandler
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"S3 server on http://{options.host}:{options.port}, journal {options.journal}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
