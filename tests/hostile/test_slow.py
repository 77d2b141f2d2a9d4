"""Clients that take their time, that never listen, or that are too many: nobody else waits for them."""

from __future__ import annotations

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import islice
from pathlib import Path

import pytest
from awake_clock import awake, clock, stood_still
from hostile.conftest import ALIVE, Victim
from hostile.wire import PATIENCE, Answer, get, post

_HEAD = b"POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
_UNWANTED = b"GET %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000\r\n\r\n" % ALIVE
# More than can be sent before it is too late.
SLOW = {
    "silence": (b"", b""),
    "a request line": (b"", b"GET /" + b"a" * 10_000),
    "a head": (_HEAD, b"X: " + b"a" * 10_000),
    "a body": (_HEAD + b"Content-Length: 10000\r\n\r\n", b" " * 10_000),
    "chunks": (_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n" * 2000),
    "the size of a chunk": (_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0" * 10_000),
    "a body that nobody wants": (_UNWANTED, b" " * 10_000),
    "a second head": (get(ALIVE), b"GET /" + b"a" * 10_000),
}
READ_TIMEOUT = 1.0  # seconds
_CROWD = 2500


@pytest.fixture(scope="module")
def victim(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    """A server that gives its clients a second to come to the point."""
    one = Victim(redis_url, tmp_path_factory.mktemp("victim"), SERVER_READ_TIMEOUT=f"{READ_TIMEOUT}s")
    try:
        yield one
        one.ends_well()
    finally:
        one.kill()


@pytest.mark.parametrize("name", SLOW)
def test_who_sends_too_slowly_is_hung_up_on(victim: Victim, name: str) -> None:
    """One byte at a time, for as long as it takes: the time for a head is not begun anew by each."""
    at_once, slowly = SLOW[name]
    with victim.wire() as wire:
        wire.send(at_once)
        wire.socket.settimeout(0.02)
        began, left = time.monotonic(), iter(slowly)
        while not _hung_up(wire.socket):
            wire.send(bytes(islice(left, 1)))
            assert time.monotonic() < began + READ_TIMEOUT + PATIENCE, "it is still listened to"
    victim.lives()


def _hung_up(line: socket.socket) -> bool:
    """Reads what there is; it waits a moment for it."""
    try:
        return not line.recv(65536)
    except TimeoutError:
        return False
    except ConnectionError:
        return True


@pytest.fixture
def impatient(redis_url: str, tmp_path: Path) -> Iterator[Victim]:
    """A server that gives its clients a second to take what they asked for."""
    one = Victim(redis_url, tmp_path, SERVER_WRITE_TIMEOUT="1s")
    yield one
    one.ends_well()
    one.kill()


def _deaf(port: int, room: int = 4096) -> socket.socket:
    """Takes no more than the kernel keeps for it."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    line.connect(("127.0.0.1", port))
    return line


def test_who_never_reads_the_answers_is_hung_up_on(impatient: Victim) -> None:
    """Else a few such clients would fill the memory of the server for as long as they like."""
    impatient.has("big", "x" * 900_000)
    with ExitStack() as stack:
        crowd = [stack.enter_context(_deaf(impatient.port)) for _ in range(10)]
        for line in crowd:
            line.sendall(get(b"/api/v1/jobs/big") * 20)
        impatient.lives()
        end = time.monotonic() + PATIENCE
        while _held(impatient.port) & {line.getsockname()[1] for line in crowd}:
            assert time.monotonic() < end, "their connections are still there"
            time.sleep(0.05)
    impatient.lives()


def _held(port: int) -> set[int]:
    """The ports of the clients whose connections a process still has. (The kernel may keep others.)"""
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {int(row[2][-4:], 16) for row in rows if int(row[1][-4:], 16) == port and row[9] != "0"}


def test_who_reads_slowly_gets_all_of_it(impatient: Victim) -> None:
    """A slow line is no crime, as long as it moves: this answer takes longer than the server's patience."""
    impatient.has("big", "x" * 900_000)
    began, tick = clock(), time.monotonic()
    while len(answer := _read_slowly(impatient.port)) < 900_000:
        assert stood_still(began) or answer[9:12] == b"504", "it has hung up on a line that moved"
        began, tick = clock(), time.monotonic()
    assert time.monotonic() - tick > 1.5


def _read_slowly(port: int) -> bytes:
    """What comes of a large answer."""
    with _deaf(port, 16384) as line:
        line.sendall(get(b"/api/v1/jobs/big", b"Connection: close"))
        came = b""
        with suppress(ConnectionError):
            while data := line.recv(65536):
                came += data
                time.sleep(0.05)
        return came


def test_rubbish_behind_a_request_does_not_answer_for_it(victim: Victim) -> None:
    began, answers = clock(), _answers_to_rubbish(victim)
    while not answers and stood_still(began):  # before we had said anything
        began, answers = clock(), _answers_to_rubbish(victim)

    assert [one.status for one in answers] in ([201], [201, 400]), answers
    assert "before-rubbish" in victim.stored()
    victim.accepted.append("before-rubbish")


def _answers_to_rubbish(victim: Victim) -> list[Answer]:
    with victim.wire() as wire:
        wire.send(post(b'{"type":"t","id":"before-rubbish"}') + b"\x00\x01rubbish\r\n\r\n")
        return wire.answers()


def test_a_crowd_that_only_holds_the_line_keeps_nobody_else_waiting(victim: Victim) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    many = min(_CROWD, hard - 200)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, many + 200), hard))
    files = victim.files()
    with ExitStack() as crowd:
        for _ in range(many):
            crowd.enter_context(socket.create_connection(("127.0.0.1", victim.port)))
        took = []
        for _ in range(3):
            began = clock()
            victim.lives()
            took.append(awake(began))
        assert min(took) < 1.0, took
        end = time.monotonic() + PATIENCE
        while victim.files() > files + 50:
            assert time.monotonic() < end, "it has not let them go"
            time.sleep(0.05)
    victim.lives()
