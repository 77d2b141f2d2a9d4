"""How handlers in this process reach the queue. Their words are gathered, and sent together."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import msgspec

from gopher_cli.config import Settings
from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import GopherError, LeaseLost
from gopher_cli.model.job.job import Job, Lease
from gopher_cli.store.calls import Report
from gopher_cli.verbs.submit import new_job
from gopher_cli.worker import forks
from gopher_cli.worker.messages import Held
from gopher_cli.worker.queue_groups import apart

_INTERVAL = 0.5
_AT_ONCE = 100
_LOG_LIMIT = 65536
_HALF = _LOG_LIMIT // 2


def held_by(lease: Lease) -> Held:
    return lease.id, lease.token


class JobOutput:
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
    """Implements context.Link. ``log`` and ``progress`` may be called from any thread.

    What was taken to be sent is kept until Redis has it, and goes again as it was: the same lines twice are
    kept once.
    """

    def __init__(self, gopher: Gopher, settings: Settings) -> None:
        self.gopher = gopher
        self.settings = settings
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._lock = threading.RLock()  # what prints may be a `__del__` that runs while this thread has it
        self._said: dict[Held, JobOutput] = {}
        self._taken: dict[Held, Report] = {}
        self._ways: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)  # one report at a time, by queue

    def log(self, lease: Lease, text: str) -> None:
        if forks.forked:
            print(text, file=sys.stderr)
            return
        stamp = str(_now()).encode()
        lines = text[-_LOG_LIMIT:].encode("utf-8", "backslashreplace").rstrip(b"\n").split(b"\n")
        addition = b"".join(stamp + b" " + line.replace(b"\r", b"\\r") + b"\n" for line in lines)
        with self._lock:
            words = self._words_of(lease)
            words.dropped += max(0, len(text) - _LOG_LIMIT)
            words.add(addition)

    def progress(self, lease: Lease, fraction: float, message: str) -> None:
        if forks.forked:
            return
        report = {
            "fraction": round(fraction, 4),
            "message": message[:500].encode("utf-8", "replace").decode(),
        }
        with self._lock:
            self._words_of(lease).progress = msgspec.json.encode(report)

    def _words_of(self, lease: Lease) -> JobOutput:
        words = self._said.get(held_by(lease))
        return words if words is not None else self._said.setdefault(held_by(lease), JobOutput(lease))

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
        if forks.forked:
            raise RuntimeError("ctx.once works in the process that runs the job, not in a fork of it")
        return asyncio.run_coroutine_threadsafe(self.recall(lease, key, value), self._loop).result()

    @property
    def has_words(self) -> bool:
        return bool(self._said or self._taken)

    async def send(self, queue: str, attempts: Sequence[Held]) -> None:
        """Redis has all that these have said in this queue when this returns, also what was on its way.

        Raises GopherError; what has not arrived is kept.
        """
        async with self._ways[queue]:
            for start in (*range(0, len(attempts), _AT_ONCE),) * 2:  # sent in vain before, and said since
                if reports := self._next(attempts[start : start + _AT_ONCE]):
                    await self.gopher.report(list(reports.values()))
                    for attempt in reports:
                        self._taken.pop(attempt, None)

    def forget(self, attempts: Collection[Held]) -> None:
        """They have ended; what could not be sent of them is dropped: it is talk, not state."""
        with self._lock:
            for attempt in attempts:
                self._taken.pop(attempt, None)
                self._said.pop(attempt, None)

    def _next(self, attempts: Iterable[Held]) -> dict[Held, Report]:
        """Of those that have something to say."""
        with self._lock:
            for attempt in attempts:
                if attempt not in self._taken and (words := self._said.pop(attempt, None)):
                    self._taken[attempt] = words.report()
            return {attempt: self._taken[attempt] for attempt in attempts if attempt in self._taken}

    async def send_now_and_then(self, queues: Sequence[str]) -> None:
        """Until cancelled."""
        await asyncio.gather(*(self._send(group) for group in apart(self.gopher, queues)))

    async def _send(self, queues: Sequence[str]) -> None:
        while True:
            await asyncio.sleep(_INTERVAL)
            for queue in queues if self.has_words else ():
                with contextlib.suppress(GopherError):
                    await self.send(queue, self._speakers(queue))

    def _speakers(self, queue: str) -> list[Held]:
        with self._lock:
            speakers = {id for id, words in self._said.copy().items() if words.lease.queue == queue}
            return list(speakers | {id for id, report in self._taken.items() if report.lease.queue == queue})
