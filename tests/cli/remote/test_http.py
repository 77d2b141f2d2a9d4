"""The connection to an API: nothing is done twice because a connection has died."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from gopher_cli.model.errors import BadConfig, GopherError, Unavailable
from gopher_cli.model.job.defaults import Defaults
from gopher_cli.remote.http import Wire
from gopher_cli.remote.remote_gopher import RemoteGopher

PATIENCE = 60.0
Answer = bytes | None  # None: the connection ends without one
OK = b'{"ok":true}'


def http(body: bytes, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


class Server:
    """Answers each request as it is told to; keeps what it was asked, by connection."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, str]] = []
        self.answers: list[Answer] = []
        self.ends_behind: set[int] = set()  # answers by number, behind which it hangs up
        self.ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lines: list[socket.socket] = []
        self.wire = Wire(f"http://127.0.0.1:{self._listener.getsockname()[1]}")
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            self._lines.append(line)
            threading.Thread(target=self._talk, args=(line, len(self._lines)), daemon=True).start()

    def _talk(self, line: socket.socket, number: int) -> None:
        with line, line.makefile("rb") as text:
            while head := text.readline():
                length = 0
                while (said := text.readline().strip()) != b"":
                    if said.lower().startswith(b"content-length:"):
                        length = int(said.split(b":")[1])
                text.read(length)
                self.asked.append((number, " ".join(head.decode().split()[:2]).replace("/api/v1", "")))
                told = len(self.asked)
                answer = self.answers[told - 1] if told <= len(self.answers) else http(OK)
                if answer is None:
                    break
                line.sendall(answer)
                if told in self.ends_behind:
                    line.shutdown(socket.SHUT_RDWR)
                    break
        self.ended.set()

    def close(self) -> None:
        self.wire.close()
        self._listener.close()


@pytest.fixture
def server() -> Iterator[Server]:
    there = Server()
    yield there
    there.close()


DEEDS: list[tuple[str, str, Any]] = [
    ("POST", "/jobs/purge", {"type": "x", "limit": 10}), ("POST", "/keys", {"name": "n", "role": "viewer"}),
    ("POST", "/jobs/retry", {"all": True, "limit": 1}), ("POST", "/queues/mail/pause", None),
    ("POST", "/jobs/a/cancel", None), ("DELETE", "/jobs/a", None), ("POST", "/dlq/requeue", {"ids": ["a"]}),
]  # fmt: skip
HARMLESS: list[tuple[str, str, Any]] = [
    ("GET", "/stats", None), ("POST", "/jobs", {"id": "a"}), ("POST", "/jobs/batch", {"jobs": []}),
    ("POST", "/jobs/purge", {"all": True}), ("POST", "/jobs/cancel", {"type": "x"}),
    ("POST", "/jobs/purge", {"type": "x", "limit": 10, "dry_run": True}),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body"), DEEDS)
def test_a_deed_is_asked_for_once_though_its_connection_dies(
    server: Server, method: str, path: str, body: Any
) -> None:
    server.answers = [http(OK), None]
    server.wire.get("/stats")

    with pytest.raises(Unavailable, match="may have done it all the same") as said:
        server.wire.told(method, path, body)

    assert "look before" in said.value.hint
    assert [asked for _, asked in server.asked] == ["GET /stats", f"{method} {path}"]


@pytest.mark.parametrize(("method", "path", "body"), HARMLESS)
def test_what_has_the_effect_of_once_is_asked_for_again_on_a_new_connection(
    server: Server, method: str, path: str, body: Any
) -> None:
    server.answers = [http(OK), None]
    server.wire.get("/stats")

    assert server.wire.told(method, path, body) == (200, {"ok": True})
    assert server.asked == [(1, "GET /stats"), (1, f"{method} {path}"), (2, f"{method} {path}")]


@pytest.mark.parametrize(("method", "path", "body"), [*DEEDS, *HARMLESS])
def test_a_connection_that_has_ended_meanwhile_is_not_used_at_all(
    server: Server, method: str, path: str, body: Any
) -> None:
    server.ends_behind = {1}
    server.wire.get("/stats")
    assert server.ended.wait(PATIENCE)

    assert server.wire.told(method, path, body) == (200, {"ok": True})
    assert server.asked == [(1, "GET /stats"), (2, f"{method} {path}")]


def test_a_connection_that_goes_on_is_used_again(server: Server) -> None:
    for _ in range(3):
        server.wire.post("/keys", {"name": "n"})

    assert [number for number, _ in server.asked] == [1, 1, 1]


def test_a_new_connection_that_dies_is_not_tried_for_ever(server: Server) -> None:
    server.answers = [None, None, None]

    with pytest.raises(Unavailable, match="does not answer"):
        server.wire.get("/stats")
    assert len(server.asked) == 1


def test_an_answer_that_breaks_off_is_none(server: Server) -> None:
    server.answers = [http(OK)[:-3]]
    server.ends_behind = {1}

    with pytest.raises(Unavailable, match="does not answer"):
        server.wire.get("/stats")


def test_a_server_that_is_not_there_has_done_nothing() -> None:
    with socket.socket() as held:  # nobody listens at this port, and nobody else gets it
        held.bind(("127.0.0.1", 0))
        wire = Wire(f"http://127.0.0.1:{held.getsockname()[1]}")

        with pytest.raises(Unavailable, match="Connection refused") as said:
            wire.post("/jobs/purge", {"all": True, "limit": 1})
    assert "may have" not in str(said.value)


def test_a_stream_that_is_refused_keeps_no_connection(server: Server) -> None:
    server.answers = [http(b'{"detail":"too many watch"}', "503 Service Unavailable")]

    with pytest.raises(GopherError, match="too many watch"):
        server.wire.stream("/events")
    assert server.ended.wait(PATIENCE)  # the server has heard the end of it
    assert server.wire._streams == {}


@pytest.mark.parametrize("key", ["gk_a\n", "gk\r\nX-Evil: 1", "gk_\N{SNOWMAN}", "gk_\x00", "gk_\xfc"])
def test_a_key_that_no_header_can_carry_is_told_and_not_shown(key: str) -> None:
    with pytest.raises(BadConfig) as said:
        Wire("http://localhost", key)

    assert "GOPHER_API_KEY" in said.value.hint and "gk" not in str(said.value)


@pytest.mark.anyio
@pytest.mark.parametrize("status", [201, 200])
async def test_a_submit_is_new_where_the_server_says_created_whatever_else_it_says(
    server: Server, status: int
) -> None:
    from gopher_cli.model.job.make import make_job

    job = make_job("t")
    body = json.dumps({"job_id": job.id, "status": "enqueued"} | ({"payload": {}} if status == 201 else {}))
    server.answers = [http(body.encode(), f"{status} Said")]

    (receipt,) = await RemoteGopher(server.wire, Defaults()).submit_many([job])

    assert receipt.accepted is (status == 201)
