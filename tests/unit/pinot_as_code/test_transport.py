"""Calls to a controller: what is repeated, what is not, and what each fault is called."""

from __future__ import annotations

import contextlib
import socket
import time
from typing import TYPE_CHECKING

import pytest

from pinot_as_code import errors
from pinot_as_code.transport import ATTEMPTS, Credentials, Deadline, Transport

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler

    from tests.unit.pinot_as_code.conftest import Controller

pytestmark = pytest.mark.unit

PASSWORD = "sw0rd-fish"  # noqa: S105 - no real one
GOOD = {"status": "ok"}


def break_off(handler: BaseHTTPRequestHandler) -> None:
    """Close the connection without an answer: the request was acted on, or not."""
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def half(handler: BaseHTTPRequestHandler) -> None:
    """Promise more than is sent."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "500")
    handler.end_headers()
    handler.wfile.write(b'{"status":')
    handler.wfile.flush()
    break_off(handler)


def drip(handler: BaseHTTPRequestHandler) -> None:
    """Send a byte now and then, until nobody reads any more: no single wait is long, the whole is."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    with contextlib.suppress(OSError):
        for _ in range(40):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.05)
    handler.close_connection = True


def call(
    controller: Controller,
    method: str = "GET",
    *,
    repeat_safe: bool = True,
    seconds: float = 20,
    each: float = 5,
) -> object:
    """Make a call."""
    transport = Transport(controller.url, Credentials("admin", PASSWORD), call_seconds=each)
    body = {"sasl.jaas.config": "secret-of-kafka", "name": "t"} if method != "GET" else None
    deadline = Deadline.after(seconds)
    return transport.call(method, "/tables", body=body, deadline=deadline, repeat_safe=repeat_safe)


def test_a_whole_answer_is_returned(controller: Controller) -> None:
    controller.json(200, GOOD)

    assert call(controller) == GOOD
    assert controller.requests[0].headers["Authorization"].startswith("Basic ")


@pytest.mark.parametrize("status", [502, 503, 504, 500])
def test_a_passing_fault_is_tried_again(controller: Controller, status: int) -> None:
    controller.text(status, "upstream error").json(status, {"code": status, "error": "later"}).json(200, GOOD)

    assert call(controller) == GOOD
    assert len(controller.requests) == 3


def test_a_fault_that_stays_is_told(controller: Controller) -> None:
    controller.text(503, "no leader")

    with pytest.raises(errors.OutcomeUnknownError, match=r"GET /tables: status 503 \(no leader\)"):
        call(controller)
    assert len(controller.requests) == ATTEMPTS


@pytest.mark.parametrize("answer", [break_off, half])
def test_a_broken_connection_is_tried_again_only_when_that_is_safe(
    controller: Controller, answer: object
) -> None:
    controller.act(answer).json(200, GOOD)  # type: ignore[arg-type] # one of the two above

    assert call(controller, "PUT") == GOOD
    assert len(controller.requests) == 2

    controller.answers.clear()
    controller.act(answer).json(200, GOOD)  # type: ignore[arg-type] # one of the two above
    with pytest.raises(errors.OutcomeUnknownError, match="POST /tables: the"):
        call(controller, "POST", repeat_safe=False)
    assert len(controller.requests) == 3


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.RefusedError),
        (401, errors.CredentialsError),
        (403, errors.CredentialsError),
        (404, errors.NotFoundError),
        (409, errors.ConflictError),
        (429, errors.RefusedError),
    ],
)
def test_a_refusal_is_never_repeated(
    controller: Controller, status: int, kind: type[errors.RefusedError]
) -> None:
    controller.json(status, {"code": status, "error": "because of that"})

    with pytest.raises(kind, match="because of that") as caught:
        call(controller)

    assert type(caught.value) is kind
    assert len(controller.requests) == 1
    if kind is errors.CredentialsError:
        assert "pinot:username" in str(caught.value)


def test_what_pinot_itself_fails_on_is_not_repeated(controller: Controller) -> None:
    controller.json(500, {"code": 500, "error": "referenced in logical table: x"})

    with pytest.raises(errors.FailedError, match="referenced in logical table") as caught:
        call(controller, "DELETE")
    assert caught.value.status == 500
    assert len(controller.requests) == 1


def test_an_error_inside_a_success_is_an_error(controller: Controller) -> None:
    controller.json(200, {"code": 500, "error": "it did not work"})

    with pytest.raises(errors.FailedError, match=r"status 500 inside a 200\): it did not work"):
        call(controller)


@pytest.mark.parametrize("status", [200, 404, 407])
def test_a_proxys_page_is_told_as_such(controller: Controller, status: int) -> None:
    controller.text(status, "<html><title>Sign in</title></html>", "text/html; charset=utf-8")

    with pytest.raises(errors.NotPinotError, match="a web page answered"):
        call(controller)
    assert len(controller.requests) == 1


def test_a_page_of_an_unwell_proxy_is_tried_again(controller: Controller) -> None:
    controller.text(502, "<html>Bad Gateway</html>", "text/html").json(200, GOOD)

    assert call(controller) == GOOD


def test_a_redirect_is_not_followed_and_its_query_not_shown(controller: Controller) -> None:
    controller.text(302, "", Location="https://login.example/sso?token=abc")

    with pytest.raises(errors.NotPinotError, match=r"https://login\.example/sso ") as caught:
        call(controller)
    assert "abc" not in str(caught.value)
    assert len(controller.requests) == 1


@pytest.mark.parametrize("text", ['{"status": "o', "", "Internal problem"])
def test_what_is_not_whole_json_is_no_answer(controller: Controller, text: str) -> None:
    controller.text(200, text)

    with pytest.raises(errors.OutcomeUnknownError, match="is not whole JSON"):
        call(controller, "POST", repeat_safe=False)


@pytest.mark.parametrize("status", [501, 405])
def test_a_call_that_the_server_does_not_have(controller: Controller, status: int) -> None:
    controller.json(status, {"code": status, "error": "not supported by the local engine"})

    with pytest.raises(errors.UnsupportedError, match="the server has no such call"):
        call(controller)


def test_a_call_ends_when_its_time_is_up_however_the_bytes_come(controller: Controller) -> None:
    controller.act(drip)
    began = time.monotonic()

    with pytest.raises(errors.OutcomeUnknownError, match=r"was not complete within 0\.3 s"):
        call(controller, "POST", repeat_safe=False, each=0.3)
    assert time.monotonic() - began < 1.5


def test_repeats_end_when_the_time_of_all_is_up(controller: Controller) -> None:
    controller.text(503, "x")
    began = time.monotonic()

    with pytest.raises(errors.OutcomeUnknownError):
        call(controller, seconds=0.015)
    assert time.monotonic() - began < 1.0
    assert len(controller.requests) < ATTEMPTS


def test_nobody_there_is_tried_again_even_for_what_is_not_repeatable() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    transport = Transport(url)

    with pytest.raises(errors.UnreachableError, match=rf"POST /x: nobody answers at {url} .*[Rr]efused"):
        transport.call("POST", "/x", deadline=Deadline.after(1), repeat_safe=False)
    with pytest.raises(errors.UnreachableError, match=r"nobody answers at http://no-such-host\.invalid"):
        Transport("http://no-such-host.invalid:9000").call(
            "GET", "/x", deadline=Deadline.after(1), repeat_safe=True
        )


def test_neither_password_nor_body_is_in_any_message(controller: Controller) -> None:
    secret = Credentials("admin", PASSWORD)
    header = str(secret.header)
    controller.json(400, {"code": 400, "error": f"bad: secret-of-kafka {PASSWORD} {header}"})

    with pytest.raises(errors.RefusedError) as caught:
        call(controller, "PUT")

    text = f"{caught.value} {caught.value.reason} {secret!r}"
    assert PASSWORD not in text
    assert "secret-of-kafka" not in text
    assert header.split()[1] not in text
    assert text.count("[secret]") >= 3


@pytest.mark.parametrize(
    ("credentials", "header"),
    [
        (Credentials(), None),
        (Credentials(token="abc"), "Bearer abc"),  # noqa: S106 - no real one
        (Credentials(token="Basic YTpi"), "Basic YTpi"),  # noqa: S106 - no real one
        (Credentials("a", "b"), "Basic YTpi"),
    ],
)
def test_the_authorization_header(credentials: Credentials, header: str | None) -> None:
    assert credentials.header == header
