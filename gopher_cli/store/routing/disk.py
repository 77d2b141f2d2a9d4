"""What a server says of its disk, and when that means that a write is on it. No I/O.

A server tells when a sync is under way, not what it was for. So it is watched: all is written and nothing is
being synced; then a sync has begun; then it has ended. Three things make a server sync nothing and look as if
all were well, and each is a doubt here: its clock went back (everysec waits for a later second), it saves or
rewrites while no-appendfsync-on-rewrite is yes, and its first log is not there yet.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from gopher_cli.store.asks.ask import Command, info
from gopher_cli.store.calls.call import mapping, text

# One section each: Redis 6.2 takes no more at once.
LOOK: tuple[Command, ...] = (
    ("INFO", "server"), ("INFO", "persistence"), ("INFO", "stats"), ("CONFIG", "GET", "*appendfsync*"),
    ("TIME",),
)  # fmt: skip
_TURN = 0.02  # seconds: the server has turned to its files meanwhile
_SYNC = 1.2  # seconds: with everysec a sync has begun meanwhile
_WRONG = 0.15  # seconds: an answer is on its way, and some servers look at the clock ten times a second
_CHILDREN = ("aof_rewrite", "rdb_bgsave", "module_fork", "slot_migration_fork")


class Disk(NamedTuple):
    """``idle``: no sync is under way; ``written``: nothing is held back; ``spares``: no sync beside a child;
    ``forks``: how many children there were, where that matters; ``now`` and ``saved`` by its clock, in s."""

    server: str
    log: bool
    policy: str
    idle: bool
    written: bool
    child: bool
    spares: bool
    forks: int
    rewrites: bool
    first: bool
    now: float
    saved: float


def read_disk(answers: Sequence[Any]) -> Disk:
    """The answers to LOOK."""
    *parts, settings, clock = answers
    known = {name: value for part in parts for name, value in info().answer([part]).items()}
    given = mapping(settings) if isinstance(settings, (list, dict)) else {}
    fine = known.get("aof_last_write_status", "ok") == "ok"
    spares = text(given.get("no-appendfsync-on-rewrite", b"yes")) != "no"
    child = any(known.get(f"{name}_in_progress", "0") != "0" for name in _CHILDREN)
    return Disk(
        known.get("run_id", ""),
        known.get("aof_enabled") == "1",
        text(given.get("appendfsync", b"")),
        idle=fine and known.get("aof_pending_bio_fsync", "0") == "0",
        written=known.get("aof_buffer_length", "0") == "0",
        child=child,
        spares=spares,
        forks=int(known.get("total_forks", "0")) if spares else 0,
        rewrites="1" in (known.get("aof_rewrite_in_progress"), known.get("aof_rewrite_scheduled")),
        first=known.get("aof_base_size", "0") == "0",
        now=int(clock[0]) + int(clock[1]) / 1_000_000,
        saved=float(known.get("rdb_last_save_time", "0")),
    )


def hindrance(*, log: bool, policy: str) -> tuple[str, str] | None:
    """Why a server cannot give fsync, and what to do; None where it can. ``policy`` is its appendfsync."""
    if not log:
        what = "CONFIG SET appendonly yes, then CONFIG REWRITE, which keeps that over a restart"
        return "writes no append-only file", what
    if policy in ("always", "everysec"):
        return None
    if policy:
        return "syncs its disk when the system likes", "CONFIG SET appendfsync everysec"
    return "does not tell how it syncs its disk", "ACL SETUSER <user> +config|get"


class Clocks:
    """How far the clock of each server has come, as far as was seen: by us, and by others who left a note of
    it there. A snapshot (or a start) later than now is a trace of it too."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[str, tuple[float, float]] = {}  # its time, and ours
        self._furthest: dict[str, float] = {}
        self._last = ""

    def is_back(self, disk: Disk) -> bool:
        """Whether it is behind where it has been: with everysec nothing is synced until it is there again."""
        self._last = disk.server
        furthest = max(self._reached(disk.server), disk.saved)
        self._seen[disk.server], self._furthest[disk.server] = (disk.now, self._clock()), furthest
        return disk.now + _WRONG < furthest

    def _reached(self, server: str) -> float:
        """Where it must be by now, unless it was set."""
        ours = self._clock()
        last, then = self._seen.get(server, (0.0, ours))
        return max(self._furthest.get(server, 0.0), last + ours - then)

    def note(self) -> str:
        """What newcomers should know of the server that we saw last."""
        return f"{self._last} {self._reached(self._last):.3f}"

    def read(self, note: Any) -> None:
        """What another has left; nothing, or something else, is no news."""
        server, _, far = (note if isinstance(note, bytes) else b"").decode().partition(" ")
        if far:
            self._furthest[server] = max(self._furthest.get(server, 0.0), float(far))


class DiskWatch:
    """Takes one look after the other, the first of them after the write, until what was written is synced.

    With always each look must come with a write: what syncs that one syncs all before it.
    """

    def __init__(self, clocks: Clocks, *, sure: bool) -> None:
        """``sure``: the server has said itself that the first log has it."""
        self._clocks, self._sure = clocks, sure
        self._since: Disk | None = None
        self._begun = self._idle = False
        self.doubt = ""

    @property
    def pause(self) -> float:
        """Seconds before the next look."""
        since = self._since
        waits = since is not None and since.policy == "everysec" and self._idle and not self._begun
        return _SYNC if waits else _TURN

    def sees(self, disk: Disk) -> bool:
        """Whether it is on the disk now."""
        since, self._idle = self._since, disk.idle
        self.doubt = self.doubts(disk)
        if self.doubt or (since and disk.forks != since.forks):
            self._since, self._begun = None, False
            return False
        if since is None:
            self._since = disk if disk.policy == "always" or (disk.idle and disk.written) else None
            return False
        if disk.policy == "always" or (self._begun and disk.idle):
            return True
        self._begun = self._begun or disk.idle
        if self._begun and disk.now - since.now < 1 + _WRONG / 3:  # its clock was set meanwhile
            self._since, self._begun = None, False
        return False

    def doubts(self, disk: Disk) -> str:
        """Why it may be syncing nothing at all; "" where it is not."""
        back = self._clocks.is_back(disk)
        if disk.spares and disk.child:
            return "it syncs nothing while it saves or rewrites (no-appendfsync-on-rewrite yes)"
        # A later log cannot be told from the first one where the server does not vouch for it.
        if disk.rewrites and (disk.first or not self._sure):
            return "its log is still being written anew"
        if back and disk.policy == "everysec":
            return "its clock went back, and until it has caught up nothing is synced"
        return ""
