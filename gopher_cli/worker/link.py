"""How handlers in this process reach the queue. Their words are gathered, and sent together."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from gopher_cli.config import Settings
from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import GopherError, LeaseLost
from gopher_cli.model.job import Job, Lease
from gopher_cli.store.calls import Report
from gopher_cli.verbs.producing import new_job
from gopher_cli.worker.apart import apart

_INTERVAL = 0.5
_LOG_LIMIT = 65536
_HALF = _LOG_LIMIT // 2


class Words:
    """What a job has said since it was last sent: the first of it, the last, and how much went between."""

    __slots__ = ("dropped", "first", "last", "lease", "progress")

    def __init__(self, lease: Lease) -> None:
        self.lease = lease
        self.progress = b""
        self.first = bytearray()
        self.last = bytearray()
        self.dropped = 0

    def add(self, lines: bytes) -> None:
        if not self.last and len(self.first) < _HALF:
            fits = len(lines) + len(self.first) <= _HALF
            end = len(lines) if fits else lines.rfind(b"\n", 0, _HALF - len(self.first)) + 1
            self.first += lines[:end]
            lines = lines[end:]
        self.last += lines
        if (over := len(self.last) - _HALF) > 0:
            whole = self.last.find(b"\n", over, -1) + 1  # a line that is longer than all of it is cut
            del self.last[: whole or over]
            self.dropped += whole or over

    def report(self) -> Report:
        between = b"%d (%d bytes dropped)\n" % (_now(), self.dropped) if self.dropped else b""
        return Report(self.lease, self.progress, bytes(self.first) + between + bytes(self.last))


def _now() -> int:
    return time.time_ns() // 1_000_000


class HandlerLink:
    """Implements context.Link. ``log`` and ``progress`` may be called from any thread."""

    def __init__(self, gopher: Gopher, settings: Settings) -> None:
        self.gopher = gopher
        self.settings = settings
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._lock = threading.Lock()
        self._said: dict[str, Words] = {}

    def log(self, lease: Lease, text: str) -> None:
        stamp = str(_now()).encode()
        lines = text[-_LOG_LIMIT:].encode("utf-8", "backslashreplace").rstrip(b"\n").split(b"\n")
        addition = b"".join(stamp + b" " + line.replace(b"\r", b"\\r") + b"\n" for line in lines)
        with self._lock:
            words = self._words_of(lease)
            words.dropped += max(0, len(text) - _LOG_LIMIT)
            words.add(addition)

    def progress(self, lease: Lease, fraction: float, message: str) -> None:
        said = {"fraction": round(fraction, 4), "message": message[:500].encode("utf-8", "replace").decode()}
        with self._lock:
            self._words_of(lease).progress = msgspec.json.encode(said)

    def _words_of(self, lease: Lease) -> Words:
        words = self._said.get(lease.id)
        if words is None:
            words = self._said[lease.id] = Words(lease)
        return words

    def make(self, lease: Lease, type: str, payload: Any, options: dict[str, Any]) -> Job:
        return new_job(self.gopher.defaults, type, payload, **options, parent=lease.id)

    def on_loop(self) -> bool:
        return threading.get_ident() == self._thread

    async def recall(self, lease: Lease, key: str, value: bytes) -> bytes | None:
        answer = await self.gopher.once(lease, key, value)
        if not answer.held:
            raise LeaseLost(f"the lease on {lease.id} was lost")
        return answer.value if answer.done else None

    def recall_blocking(self, lease: Lease, key: str, value: bytes) -> bytes | None:
        return asyncio.run_coroutine_threadsafe(self.recall(lease, key, value), self._loop).result()

    def words_of(self, ids: Collection[str] | None = None, queues: Collection[str] = ()) -> list[Report]:
        """Take what was said (by these jobs, or the jobs of these queues), to send it."""
        with self._lock:
            if ids is None:
                ids = [id for id, said in self._said.items() if said.lease.queue in queues]
            taken = {id: self._said[id] for id in ids if id in self._said}
            for id in taken:
                del self._said[id]
        return [words.report() for words in taken.values()]

    @property
    def has_words(self) -> bool:
        return bool(self._said)

    async def send_now_and_then(self, queues: Sequence[str]) -> None:
        """Until cancelled. What cannot be sent is dropped: it is talk, not state."""
        await asyncio.gather(*(self._send(group) for group in apart(self.gopher, queues)))

    async def _send(self, queues: Sequence[str]) -> None:
        while True:
            await asyncio.sleep(_INTERVAL)
            if self._said:
                with contextlib.suppress(GopherError):
                    await self.gopher.report(self.words_of(queues=queues))
