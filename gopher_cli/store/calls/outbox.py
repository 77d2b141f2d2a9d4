"""Calls of those who carry what an outbox keeps to its queue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from gopher_cli.model.job.job import Job
from gopher_cli.store.calls.call import Arg, Call, make_call, text
from gopher_cli.store.calls.submit import LIMIT, head_of
from gopher_cli.store.codec import encode_spec
from gopher_cli.store.keyspace import Keys

_KEEP = 30 * 86_400_000  # ms; for an outbox that nobody tends
LET_GO = 120_000  # ms; a queue remembers for so long what the outbox has let go
_NOTHING = (b"",) * 6


class Cargo(msgspec.Struct, frozen=True):
    """A job that an outbox brings. ``told``: JSON for its history, why it is dead when it comes.

    ``kept``: of one that moves, its record, result, errors, log, progress and once.
    """

    name: str
    job: Job
    awaited: bool = False
    unsure: bool = False
    siblings: tuple[str, ...] = ()
    told: bytes = b""
    kept: tuple[bytes, ...] = ()

    @property
    def size(self) -> int:
        """Bytes, about."""
        return len(memoryview(self.job.spec.payload)) + sum(map(len, self.kept))


class Carried(msgspec.Struct, frozen=True):
    """``now`` in ms. ``words``: why a job is not there to run (known, dead, locked, taken, " <holder>").

    ``refused``: those that go back to where they came from.
    """

    now: int
    words: dict[str, str]

    @property
    def refused(self) -> list[str]:
        return [name for name, word in self.words.items() if word in ("taken", "locked")]


def accept(keys: Keys, cargo: Sequence[Cargo], *, now: str = "", keep_ms: int = _KEEP) -> Call[Carried]:
    """Accept at most 500 jobs that are brought to one queue, each once."""
    if len(cargo) > LIMIT:
        raise ValueError(f"{len(cargo)} jobs in one call; {LIMIT} is the limit")

    def answer(raw: Any) -> Carried:
        words = {cargo[raw[i]].name: text(raw[i + 1]) for i in range(1, len(raw), 2)}
        return Carried(int(raw[0]), words)

    items: list[Arg] = []
    for entry in cargo:
        job = entry.job
        flags = "a" * entry.awaited + "u" * entry.unsure + "m" * bool(entry.kept)
        how = " ".join([flags, *(f"={id}" for id in entry.siblings)])
        spec = job.stored or encode_spec(job.spec)
        items += (entry.name, job.id, head_of(job), how, entry.told, spec, *(entry.kept or _NOTHING))
    return make_call("accept", keys, {"now": now, "keep": keep_ms}, answer, items)


def parent_states(
    keys: Keys, ids: Sequence[str], *, now: str = "", keep_ms: int = _KEEP, let_go_ms: int = LET_GO
) -> Call[dict[str, str]]:
    """How jobs that follow-ups wait for have ended: waiting, completed, lost or unknown.

    Give the name of an entry that is still in the outbox: it is unknown until it was brought.
    """

    def answer(raw: Any) -> dict[str, str]:
        return dict(zip(ids, map(text, raw[1:]), strict=True))

    return make_call("parent_states", keys, {"now": now, "keep": keep_ms, "let_go": let_go_ms}, answer, ids)


def move_out(
    keys: Keys, ids: Sequence[str], target: str, nonce: str, *, now: str = ""
) -> Call[dict[str, str]]:
    """Dead jobs of a queue go into its outbox, as "<id> <nonce>"; at most 500.

    For each id: moved, later, gone, unreadable or awaited.
    """

    def answer(raw: Any) -> dict[str, str]:
        return dict(zip(ids, map(text, raw[1:]), strict=True))

    return make_call("move_out", keys, {"now": now, "target": target, "nonce": nonce}, answer, ids)


def move_back(keys: Keys, names: Sequence[str], *, now: str = "") -> Call[list[str]]:
    """Those of these entries that are dead jobs of this queue again."""
    return make_call("move_back", keys, {"now": now}, lambda raw: [text(name) for name in raw[1:]], names)
