"""What a built-in handler is given in these tests: a context of plain memory, and real servers."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gopher_cli.config import Settings


class FakeContext:
    """Everything that a handler may ask of its context, kept in memory."""

    def __init__(self, settings: Settings, job_id: str = "job-1") -> None:
        self.settings = settings
        self.job = SimpleNamespace(id=job_id, type="test")
        self.attempt = 1
        self.cancelled = False
        self.gopher: Any = None
        self.lines: list[str] = []
        self.steps: list[float] = []
        self.done: dict[str, Any] = {}

    def log(self, text: str) -> None:
        self.lines.append(text)

    def progress(self, done: float, message: str = "") -> None:
        self.steps.append(done)

    def once(self, key: str, function: Callable[[], Any]) -> Any:
        if key not in self.done:
            self.done[key] = function()
        return self.done[key]

    def set(self, **settings: Any) -> FakeContext:
        self.settings = replace(self.settings, **settings)
        return self


@pytest.fixture
def ctx(tmp_path: Path) -> Any:
    return FakeContext(Settings(home=tmp_path / "home", app_env="test", handler_paths=(tmp_path,)))


@dataclass
class Web:
    """A real HTTP server: what it was asked, and what it answers."""

    url: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    asked: list[Any] = field(default_factory=list)
    hold: threading.Event | None = None  # the body waits until this is set


@pytest.fixture
def web() -> Iterator[Web]:
    state = Web()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length)
            state.asked.append((self.command, self.path, dict(self.headers.items()), body))
            self.send_response(state.status)
            for name, value in state.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if state.hold is not None:
                self.wfile.flush()
                state.hold.wait(30)
            self.wfile.write(state.body)

        do_POST = do_GET = do_PUT = answer  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        state.url = f"http://127.0.0.1:{server.server_port}"
        yield state
        if state.hold is not None:
            state.hold.set()
        server.shutdown()


@dataclass
class Mailbox:
    """A real SMTP server: the messages that it took, and replies that differ from the usual."""

    url: str = ""
    replies: dict[str, str] = field(default_factory=dict)
    taken: list[tuple[str, list[str], bytes]] = field(default_factory=list)


_USUAL = {"EHLO": "250-here\r\n250 AUTH PLAIN", "DATA": "354 go on", "QUIT": "221 bye"}


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    state = Mailbox()

    class Handler(socketserver.StreamRequestHandler):
        def say(self, verb: str, line: str = "") -> str:
            reply = state.replies.get(line.strip()) or state.replies.get(verb)
            reply = reply or _USUAL.get(verb, "250 ok")
            self.wfile.write(reply.encode() + b"\r\n")
            return reply

        def handle(self) -> None:
            self.say("HELLO") if "HELLO" in state.replies else self.wfile.write(b"220 here\r\n")
            sender, recipients = "", []
            while line := self.rfile.readline().decode():
                verb = line.split()[0].upper()
                good = self.say(verb, line)[0] in "23"
                if verb == "MAIL":
                    sender = line
                elif verb == "RCPT" and good:
                    recipients.append(line.split(":", 1)[1].strip().split(">")[0].strip("<"))
                elif verb == "DATA" and good:
                    text = b"".join(iter(self.rfile.readline, b".\r\n"))
                    if self.say("END")[0] == "2":
                        state.taken.append((sender, recipients, text))
                elif verb == "QUIT":
                    return

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        state.url = f"smtp://127.0.0.1:{server.server_address[1]}"
        yield state
        server.shutdown()
