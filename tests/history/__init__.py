"""A history: what clients asked and heard, what handlers ran, and what the server has written, as values.

All times are ns of the machine's monotonic clock, which is one clock for all its processes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

# When something ended of which nobody ever heard an end: at any time after it began, or never.
FOREVER = 1 << 62
# How far apart the server's clock (whole ms) and the monotonic clock may be read.
SLACK = 2_000_000
ENDED = ("completed", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Op:
    """What a client asked for. Without an answer it may have happened, now or later, or not at all.

    ``order`` is the number of a job among its client's; ``due`` is 0 for a job that may run at once.
    ``detail`` is the place of a purge. ``after`` are the jobs that it comes after, ``lock`` its unique key.
    A `follow` was asked for by a handler of the job ``detail``, under the token ``by``: it comes with the end
    of that attempt.
    """

    kind: str
    client: str
    began: int
    ended: int = FOREVER
    id: str = ""
    answer: str = ""
    queue: str = "default"
    priority: int = 5
    due: int = 0
    detail: str = ""
    after: tuple[str, ...] = ()
    lock: str = ""
    by: str = ""

    @property
    def known(self) -> bool:
        return self.ended < FOREVER


@dataclass(frozen=True, slots=True)
class Run:
    """A handler that ran: ``said`` is completed, raised or stopped, or empty when it never came to an end."""

    id: str
    token: str
    began: int
    ended: int = FOREVER
    said: str = ""
    pid: int = 0


@dataclass(frozen=True, slots=True)
class Move:
    """One job from one state to another, as the server wrote it, and its token ``before`` and then.

    ``at`` is the number of the transaction, ``order`` that of the move in the log. ``stamp`` is when, by
    the server's clock; only leases have one.
    """

    order: int
    at: int
    id: str
    queue: str
    was: str
    now: str
    before: str
    token: str
    stamp: int = 0

    @property
    def leased(self) -> bool:
        return self.now == "processing" != self.was

    @property
    def settled(self) -> bool:
        """Whether an outcome was accepted here: a job that has run before keeps its mark while it waits."""
        new = self.before != self.token or self.now in ENDED
        return new and self.token.startswith("!") and self.now not in ("gone", "processing")

    @property
    def lost(self) -> bool:
        """Whether a lease ended without an outcome: its holder has vanished."""
        return self.was == "processing" and not self.settled and self.now != "gone"

    @property
    def bare(self) -> str:
        return self.token.lstrip("!?")


@dataclass(frozen=True)
class History:
    """``final`` is the state of every job that is still there at the end, ``results`` what is kept of it."""

    ops: list[Op] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    final: dict[str, str] = field(default_factory=dict)
    results: dict[str, str] = field(default_factory=dict)

    @cached_property
    def submitted(self) -> dict[str, Op]:
        """The first submit of each job that may have been accepted."""
        asked = sorted(self.of("submit", "follow"), key=lambda op: op.began)
        return {op.id: op for op in reversed(asked) if op.answer not in ("known", "locked")}

    @cached_property
    def moves_of(self) -> dict[str, list[Move]]:
        return by_id(self.moves)

    @cached_property
    def runs_of(self) -> dict[tuple[str, str], list[Run]]:
        found: dict[tuple[str, str], list[Run]] = defaultdict(list)
        for run in self.runs:
            found[run.id, run.token].append(run)
        return found

    @cached_property
    def ops_of(self) -> dict[str, list[Op]]:
        return by_id(self.ops)

    def of(self, *kinds: str) -> list[Op]:
        return [op for op in self.ops if op.kind in kinds]

    def touched(self, *kinds: str) -> set[str]:
        """Jobs that somebody may have changed in this way."""
        idle = ("known", "locked", "again", "gone", "left", "completed", "processing")
        return {op.id for op in self.of(*kinds) if op.answer not in idle}


T = TypeVar("T", Op, Run, Move)
Check = Callable[[History], Iterable[str]]


def by_id(things: Iterable[T]) -> dict[str, list[T]]:
    found: dict[str, list[T]] = defaultdict(list)
    for thing in things:
        found[thing.id].append(thing)
    return found
