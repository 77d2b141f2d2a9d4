"""The line of an isolated process to its runner: a message carries the token of the job that it is about."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import select
import socket
import tempfile
import threading
import time
from collections.abc import Awaitable, Iterator
from typing import Any

import msgspec

from gopher_cli.config import Settings
from gopher_cli.connect import defaults_of, resolve
from gopher_cli.gopher import Gopher
from gopher_cli.model.job.job import Job, Lease
from gopher_cli.verbs.submit import new_job
from gopher_cli.worker.messages import (
    Answer,
    FromIsolated,
    Log,
    Progress,
    Recall,
    RunJob,
    Submit,
    ToIsolated,
    decode_to_isolated,
)

_LOG_LIMIT = 65536
_NO_MORE = getattr(select, "POLLRDHUP", 0)  # where it is unknown, POLLHUP is told of
_PROGRESS = 0.25  # seconds between two words of progress


class Line:
    """Our end of the channel. Only this process reads it; forks of it may say something, one at a time."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._file = end.makefile("rb")
        self._own = os.getpid()
        self._sending = threading.RLock()
        self._gate = -1  # a file to lock, once there are forks
        os.register_at_fork(
            before=self._before_fork,
            after_in_parent=lambda: self._sending.release(),  # the one of now: a fork has another
            after_in_child=self._in_fork,
        )

    @property
    def is_fork(self) -> bool:
        return os.getpid() != self._own

    @property
    def is_over(self) -> bool:
        """Whether the runner sends no more, or is gone: also while messages of it are unread."""
        end = select.poll()
        try:
            end.register(self._end, _NO_MORE)
            return bool(end.poll(0))
        except (OSError, ValueError):
            return True

    def send(self, message: FromIsolated) -> None:
        raw = _encoded(message) + b"\n"
        with self._sending, self._alone():
            self._end.sendall(raw)

    def receive(self) -> ToIsolated | None:
        """The next message; None when the runner is gone."""
        line = self._file.readline()
        return decode_to_isolated(line) if line.endswith(b"\n") else None

    def close(self) -> None:
        self._file.close()
        self._end.close()

    def _before_fork(self) -> None:
        """Nobody is in the middle of a message when it comes, nor ever after while another is."""
        self._sending.acquire()
        if self._gate < 0:
            with contextlib.suppress(OSError):
                self._gate = _nameless_file()

    def _in_fork(self) -> None:
        self._sending = threading.RLock()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        if self._gate < 0:
            yield
            return
        fcntl.lockf(self._gate, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.lockf(self._gate, fcntl.LOCK_UN)


def _nameless_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("gopher-line")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _encoded(message: FromIsolated) -> bytes:
    try:
        return msgspec.json.encode(message)
    except UnicodeEncodeError:
        return msgspec.json.encode(_writable(msgspec.to_builtins(message)))


def _writable(value: Any) -> Any:
    """Lone surrogates cannot be sent: they become visible escapes."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_writable(key): _writable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_writable(item) for item in value]
    return value


class IsolatedLink:
    """Implements context.Link over the line; everything blocks, which is fine in a process of one job."""

    def __init__(self, line: Line, settings: Settings) -> None:
        self._line = line
        self.settings = settings
        self.token = ""  # of the job that runs here now
        self._gopher: Gopher | None = None
        self._asking = threading.Lock()
        self._progress: Progress | None = None  # that was not sent yet
        self._sent = 0.0

    @property
    def gopher(self) -> Gopher:
        """Connected on first use: few isolated handlers need it."""
        if self._gopher is None:
            from gopher_cli.build import gopher_on

            self._gopher = gopher_on(resolve(settings=self.settings, start=False))
        return self._gopher

    async def awaited(self, value: Awaitable[Any]) -> Any:
        """In a loop of its own, which its connections do not outlive."""
        try:
            return await value
        finally:
            gopher, self._gopher = self._gopher, None
            if gopher is not None and not self._line.is_fork:
                await gopher.close()

    def next_job(self) -> RunJob | None:
        """None when no more will come."""
        with self._asking:  # a thread of the job before may still wait for its answer
            job = self._line.receive()
        assert job is None or isinstance(job, RunJob)
        self.token = job.token if job else ""
        return job

    def log(self, lease: Lease, text: str) -> None:
        self._line.send(Log(lease.token, text[-_LOG_LIMIT:]))

    def progress(self, lease: Lease, fraction: float, message: str) -> None:
        """Only the newest word counts, so a handler may say it as often as it likes."""
        self._progress = Progress(lease.token, fraction, message[:500])
        if time.monotonic() - self._sent >= _PROGRESS:
            self.send_progress()

    def send_progress(self) -> None:
        progress, self._progress = self._progress, None
        if progress is not None:
            self._line.send(progress)
            self._sent = time.monotonic()

    def make(self, lease: Lease, type: str, payload: Any, options: dict[str, Any]) -> Job:
        self._check(lease, "ctx.submit")
        job = new_job(defaults_of(self.settings), type, payload, **options)
        # As they were read: an iterator gives its members once.
        read = {name: getattr(job.spec.options, name) for name in ("after", "tags", "headers")}
        options = options | {name: value for name, value in read.items() if value} | {"id": job.id}
        self._line.send(Submit(lease.token, type, msgspec.json.decode(job.spec.payload), options))
        return job

    def on_loop(self) -> bool:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return False
        return True

    async def recall(self, lease: Lease, key: str, value: bytes) -> bytes | None:
        return self.recall_blocking(lease, key, value)

    def recall_blocking(self, lease: Lease, key: str, value: bytes) -> bytes | None:
        self._check(lease, "ctx.once")
        with self._asking:
            self._line.send(Recall(lease.token, key, value.decode()))
            answer = self._line.receive()
        known = answer.value if isinstance(answer, Answer) else None
        return known.encode() if known is not None else None

    def _check(self, lease: Lease, what: str) -> None:
        """Raises RuntimeError for a job that does not run here any more, and in a fork."""
        if self._line.is_fork:
            raise RuntimeError(f"{what} works in the process of the job, not in a fork of it")
        if lease.token != self.token:
            raise RuntimeError(f"{what}: its job has ended")
