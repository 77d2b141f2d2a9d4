"""Slots: as many as jobs may run at once. Leased jobs wait in a buffer until one is free."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable

from gopher_cli.handlers import Handler, Registry, Runs
from gopher_cli.model.job.defaults import Defaults, last_chance
from gopher_cli.model.job.job import Lease
from gopher_cli.model.job.terms import terms_of
from gopher_cli.worker.board import Board
from gopher_cli.worker.execution.attempt import Attempt
from gopher_cli.worker.execution.settlement import End
from gopher_cli.worker.execution.start_failures import STARTS_WITHIN
from gopher_cli.worker.process_lock import ProcessLock
from gopher_cli.worker.runner.suspects import put_off

KILL_AFTER = 5.0  # seconds from a timeout until a handler counts as stuck
_APART = (Runs.PROCESS, Runs.PROGRAM)
_CLOCK = time.monotonic


class Slots:
    """Shared with the threads of handlers: the lock guards the buffer and the free slots."""

    def __init__(
        self,
        board: Board,
        registry: Registry,
        queues: Iterable[str],
        defaults: Defaults,
        unhandled: Callable[[Lease], None],
        later: End | None,
        turn: ProcessLock,
    ) -> None:
        self.running: dict[int, Attempt] = {}  # by slot: a job may come back while its old run still dies
        self.ending: set[Attempt] = set()  # not running any more, and not yet with the settler
        self.started = 0
        self.lent = 0  # to a process that leaves, and whose jobs still run
        self._board = board
        self._handlers = registry.handlers
        self._number = {name: n for n, name in enumerate(queues)}
        self._defaults = defaults
        self._last_chance = last_chance(defaults.max_losses)
        self._unhandled = unhandled
        self._later = later
        self._turn = turn
        self._lock = threading.Lock()
        self._free = list(range(board.slots - 1, -1, -1))
        self._buffer: deque[Lease] = deque()
        self._closed = False

    @property
    def busy(self) -> bool:
        """Whether something runs, or has ended this moment: asked in that order, it is never neither."""
        return bool(self.running or self.ending)

    @property
    def free(self) -> int:
        return max(0, len(self._free) - self.lent)

    @property
    def buffered(self) -> int:
        return len(self._buffer)

    def leases(self) -> list[Lease]:
        """Of all that run or wait here, or have ended this moment."""
        with self._lock:
            running = self.running.values()
            return [*self._buffer, *(attempt.lease for attempt in (*running, *self.ending.copy()))]

    def add(self, leases: Iterable[Lease]) -> None:
        with self._lock:
            self._buffer.extend(leases)

    def take(self, only: Runs | None = None, slot: int = -1) -> Attempt | None:
        """The next job for a free slot, or for the slot of somebody who has just finished.

        ``only`` takes it only if it runs in that way. None: there is no slot, or no such job.
        A suspect is put off while another one runs (see suspects.py), or stays here in a burst.
        """
        with self._lock:
            passed = 0
            while (
                passed < len(self._buffer)
                and not (self._closed or self._board.held)
                and (slot >= 0 or len(self._free) > self.lent)
            ):
                lease = self._buffer[passed]
                handler = self._handlers.get(lease.spec.type)
                if handler is None:
                    del self._buffer[passed]
                    self._unhandled(lease)
                    continue
                suspect = lease.losses >= self._last_chance
                if only and (suspect or handler.runs is not only):
                    return None
                if suspect and not self._turn.take():
                    passed += self._pass_over(passed)
                    continue
                del self._buffer[passed]
                return self._occupied(lease, handler, slot if slot >= 0 else self._free.pop(), suspect)
        return None

    def _pass_over(self, at: int) -> int:
        """A suspect whose turn it is not: how many stay here."""
        if self._later is None:
            return 1
        self._later(self._buffer[at], put_off(), b"")
        del self._buffer[at]
        return 0

    def _occupied(self, lease: Lease, handler: Handler, slot: int, suspect: bool) -> Attempt:
        attempt = Attempt(lease, handler, terms_of(lease.spec, handler, self._defaults), _CLOCK(), slot)
        if suspect or handler.runs in _APART:
            attempt.suspect, attempt.apart = suspect, True
            attempt.start(STARTS_WITHIN)
        self.running[slot] = attempt
        self.started += 1
        return attempt

    def begin(self, attempt: Attempt) -> bool:
        """Put it on the board. False if it must not begin: it waits again, and its slot is to be left."""
        self._write(attempt, attempt.starting)
        if not self._board.held:  # asked when it stands there: one of us sees the other
            return True
        if self.done(attempt):
            with self._lock:
                self._board.wipe(attempt.slot)
                self._buffer.appendleft(attempt.lease)
                self.started -= 1
        return False

    def launch(self, attempt: Attempt) -> None:
        """Its process is ready to begin it: from now on that process may take others along."""
        self._write(attempt)

    def began(self, attempt: Attempt) -> None:
        """Its process has begun it: its timeout counts from now on."""
        with self._lock:
            attempt.begin(_CLOCK())
            if self.running.get(attempt.slot) is attempt:
                self._write(attempt)

    def _write(self, attempt: Attempt, starting: bool = False) -> None:
        """Its supervisor ends this process when the job is still here long after its timeout."""
        lease = attempt.lease
        number = self._number.get(lease.queue, 0)
        self._board.write(
            attempt.slot, attempt.deadline + KILL_AFTER + 2, number, lease.id, attempt.apart, starting
        )

    def go_on(self, gone: Collection[tuple[str, str]]) -> None:
        """After a hold: without these (id, token), which went to others meanwhile."""
        with self._lock:
            kept = [lease for lease in self._buffer if (lease.id, lease.token) not in gone]
            self._buffer.clear()
            self._buffer.extend(kept)
        self._board.note_ended(())
        self._board.hold(False)

    def note_ended(self, leases: Iterable[Lease]) -> None:
        """On the board, while nobody else can tell of them."""
        self._board.note_ended((self._number.get(lease.queue, 0), lease.id) for lease in leases)

    def done(self, attempt: Attempt) -> bool:
        """It runs no more; False when it was given up before. Its slot is still taken."""
        with self._lock:
            if self.running.get(attempt.slot) is not attempt:
                return False
            del self.running[attempt.slot]
            if attempt.suspect:
                self._turn.leave()
            return True

    def pardon(self, attempt: Attempt) -> None:
        """It is given up: no reason any more to end this process, where others run, at its deadline."""
        with self._lock:
            if self.running.get(attempt.slot) is attempt:
                self._board.wipe(attempt.slot)

    def leave(self, slot: int) -> None:
        with self._lock:
            self._board.wipe(slot)
            self._free.append(slot)

    def close(self) -> list[Lease]:
        """Slot nobody any more; the jobs that still wait."""
        self._closed = True
        return self.clear()

    def withdraw(self, ids: Collection[str], token: str = "") -> list[Lease]:
        """Take these out of the buffer; with a token only those that are held under it."""
        with self._lock:
            withdrawn = [
                lease for lease in self._buffer if lease.id in ids and (not token or lease.token == token)
            ]
            for lease in withdrawn:
                self._buffer.remove(lease)
        return withdrawn

    def clear(self, queues: Collection[str] | None = None) -> list[Lease]:
        """Take all out of the buffer, or all of these queues."""
        with self._lock:
            taken = [lease for lease in self._buffer if queues is None or lease.queue in queues]
            kept = [lease for lease in self._buffer if queues is not None and lease.queue not in queues]
            self._buffer.clear()
            self._buffer.extend(kept)
        return taken
