"""Request lines and headers that nobody means well with."""

from __future__ import annotations

import pytest
from hostile.conftest import Victim
from hostile.wire import get, post

LAST = get(b"/health", b"Connection: close")
OTHER = {
    "HTTP/0.9": b"GET /health\r\n\r\n",
    "HTTP/2 without asking": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 200,
    "all bytes": bytes(range(256)) * 4,
    "no host": b"GET /health HTTP/1.1\r\n\r\n",
    "two hosts": get(b"/health", b"Host: evil"),
    "no name": get(b"/health", b": 1"),
    "no colon": get(b"/health", b"XY"),
    "a name with a space": get(b"/health", b"X Y: 1"),
    "a byte of NUL in a header": get(b"/health", b"X-Request-ID: a\0b"),
    "a return in a header": get(b"/health", b"X-Request-ID: a\rSet-Cookie: x=1"),
    "a byte of NUL in the path": get(b"/api/v1/jobs/a\0b"),
    "bytes that are no text in the path": get(b"/api/v1/jobs/\xff\xfe"),
    "a method with a control character": b"G\x01T /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a method that nobody knows": b"FROBNICATE /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a method in small letters": b"get /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "TRACE": b"TRACE /health HTTP/1.1\r\nHost: localhost\r\nX-Secret: 1\r\n\r\n",
    "CONNECT": b"CONNECT evil:443 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a star": b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "100 kB in one header": get(b"/health", b"X: " + b"a" * 100_000),
    "5000 headers": get(b"/health", *(b"X-%d: 1" % n for n in range(5000))),
    "a path of 100 kB": get(b"/" + b"a" * 100_000),
    "a head without an end": b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 1_000_000,
}
PATHS = [
    b"/static/../../../../etc/passwd",
    b"/static/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    b"/static/..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
    b"/static/%2fetc/passwd",
    b"/static//etc/passwd",
    b"/static/..%5c..%5cetc%5cpasswd",
    b"/static/%252e%252e/%252e%252e/etc/passwd",
    b"/static/..%00/etc/passwd",
    b"/static/..;/..;/etc/passwd",
    b"/static/%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd",
    b"/static/../app.py",
    b"/static/../dashboard/render.py",
    b"/../../../../etc/passwd",
    b"//etc/passwd",
    b"/%2e%2e/%2e%2e/etc/passwd",
    b"/api/v1/jobs/..%2f..%2f..%2fetc%2fpasswd",
]
INJECTED = [
    get(b"/api/v1/jobs/a%0d%0aSet-Cookie:%20x=1"),
    get(b"/%0d%0aSet-Cookie:%20x=1"),
    get(b"/login?next=/%0d%0aSet-Cookie:%20x=1"),
    get(b"/jobs?state=a%0d%0aSet-Cookie:%20x=1"),
    get(b"/health", b"X-Request-ID: a%0d%0aSet-Cookie: x=1"),
    get(b"/health", "X-Request-ID: ačĊSet-Cookie: x=1".encode()),
    get(b"/health", b"X-Request-ID: a\x85Set-Cookie: x=1"),
    get(b"/api/v1/events", b"Last-Event-ID: a%0d%0aSet-Cookie: x=1"),
    post(b'{"type":"t","id":"a\\r\\nSet-Cookie: x=1"}'),
    post(b'{"type":"t"}', b"Idempotency-Key: a%0d%0aSet-Cookie: x=1"),
    post(b'{"type":"t"}', b"Prefer: wait=0\x0bSet-Cookie: x=1"),
]


@pytest.mark.parametrize("name", OTHER)
def test_a_head_that_makes_no_sense_is_a_mistake_of_the_client(victim: Victim, name: str) -> None:
    with victim.wire() as wire:
        wire.send(OTHER[name] + LAST)
        answers = wire.answers()

    assert answers and 400 <= answers[0].status < 500, answers
    assert b"Traceback" not in answers[0].body and b"X-Secret" not in answers[0].body
    assert all(one.status == 200 for one in answers[1:]), answers
    victim.lives()


@pytest.mark.parametrize("path", PATHS)
def test_no_path_leads_out_of_what_is_served(victim: Victim, path: bytes) -> None:
    with victim.wire() as wire:
        wire.send(get(path, b"Connection: close"))
        answers = wire.answers()

    (answer,) = answers
    assert answer.status in (400, 401, 403, 404, 405), answer
    assert b"root:" not in answer.body and b"import " not in answer.body


@pytest.mark.parametrize("request_", INJECTED, ids=range(len(INJECTED)))
def test_nothing_that_came_in_goes_out_as_a_header(victim: Victim, request_: bytes) -> None:
    with victim.wire() as wire:
        wire.send(request_ + LAST)
        first = wire.answer()

    assert first is not None and first.status < 500, first
    lines = first.head.lower().replace(b"\r", b"\n").replace(b"\x85", b"\n").splitlines()
    assert not [line for line in lines if line.startswith(b"set-cookie: x=1")], first.head


@pytest.mark.parametrize(
    "piece", [b"X-Long: " + b"a" * 1000 + b"\r\n", b"a" * 1000], ids=["headers", "address"]
)
def test_a_head_without_an_end_is_cut_off_also_behind_an_answer_that_is_not_over(
    victim: Victim, piece: bytes
) -> None:
    """A stream is open, and whatever else comes on its connection would be kept for ever."""
    with victim.wire() as wire:
        wire.send(get(b"/api/v1/events"))
        assert wire.hears(b": watching")
        wire.send(b"GET / HTTP/1.1\r\n" if piece.startswith(b"X") else b"GET /")
        sent = 0
        while sent < 16_000_000 and wire.takes(piece * 50):
            sent += 50 * len(piece)
        assert sent < 16_000_000, "it took it all"
    victim.lives()


def test_the_log_is_no_place_for_control_characters(victim: Victim) -> None:
    with victim.wire() as wire:
        wire.send(get(b"/%1b%5b31m%0d%0afake-line", b"Connection: close"))
        wire.answers()

    victim.lives()  # its line comes after ours
    assert not [line for line in victim.said if "\x1b" in line or line.startswith("fake-line")]
