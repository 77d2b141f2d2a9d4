"""Calls of the doctor: look at jobs as they are in one instant, and put right what is not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from gopher_cli.store.calls.call import Arg, Call, make_call, pairs, text
from gopher_cli.store.keyspace import PLACES, Keys

AUDITED = 100
_PLACES = tuple(PLACES)
_SUM = {"enqueued", "expired", "purged", "missing"}
_SHOWN = 1024  # bytes of a record that a remedy compares


class Facts(msgspec.Struct, frozen=True):
    """One job in one instant. ``standing`` is its places as Redis writes them, ``places`` their scores.

    ``lock`` is mine, none, dead (its job has ended) or other; ``corrupt``: it was put into quarantine.
    """

    id: bytes
    standing: str
    record: bytes | None
    spec: bool
    traces: frozenset[str]
    corrupt: bool
    lock: str
    held: bool
    places: dict[str, float]


class Remedy(msgspec.Struct, frozen=True):
    """How a job shall be, if it still is as ``seen``. Empty bytes leave the spec, and tell nothing."""

    seen: Facts
    place: str
    score: str
    record: str
    spec: bytes = b""
    told: bytes = b""


class Count(msgspec.Struct, frozen=True):
    """``missing`` jobs were accepted and are nowhere; a negative number was never counted.

    ``lost`` were missing when the counters were set right before.
    """

    jobs: int
    missing: int
    unreadable: list[str]
    lost: int

    @property
    def tells(self) -> bool:
        """Whether what makes ``missing`` can be read."""
        return not _SUM & set(self.unreadable)


def audit(keys: Keys, ids: Sequence[bytes], *, holder: str = "nobody", now: str = "") -> Call[list[Facts]]:
    """What is known of these ids; ``held`` tells whether ``holder`` has them in its hands."""
    if len(ids) > AUDITED:
        raise ValueError(f"{len(ids)} jobs in one look; {AUDITED} is the limit")

    def answer(raw: Any) -> list[Facts]:
        return [_facts(id, *said) for id, said in zip(ids, pairs(raw[1:], 7), strict=True)]

    return make_call("audit", keys, {"now": now}, answer, ids, held=keys.held(holder))


def _facts(id: bytes, standing: Any, record: Any, *fields: Any) -> Facts:
    spec, traces, corrupt, lock, held = fields
    known = frozenset(name for name in text(traces).split(",") if name)
    places = {}
    for entry in text(standing).split(",")[:-1]:
        number, _, score = entry.partition(":")
        places[_PLACES[int(number) - 1]] = float(score)
    return Facts(
        id, text(standing), record, bool(spec), known, bool(corrupt), text(lock), bool(held), places
    )  # fmt: skip


def repair(keys: Keys, items: Sequence[Remedy], *, holder: str = "nobody", now: str = "") -> Call[list[str]]:
    """For each: mended, or changed (since it was seen). Running ones go into the hands of ``holder``."""
    flat: list[Arg] = []
    for item in items:
        seen = item.seen
        flat += (seen.id, seen.standing, (seen.record or b"")[:_SHOWN], _PLACES.index(item.place) + 1)
        flat += (item.score, item.record, item.spec, item.told)

    def answer(raw: Any) -> list[str]:
        return [text(word) for word in raw[1:]]

    return make_call("repair", keys, {"now": now}, answer, flat, held=keys.held(holder))


def delete_orphans(
    keys: Keys, things: Sequence[tuple[str, bytes]], *, act: bool, holder: str = "nobody", now: str = ""
) -> Call[list[tuple[str, bytes]]]:
    """What of these (kind, name) belongs to no job any more; with ``act`` it is gone then."""

    def answer(raw: Any) -> list[tuple[str, bytes]]:
        return [(text(where), name) for where, name in pairs(raw[1:])]

    argv: dict[str, Arg] = {"now": now, "act": int(act), "holder": holder}
    flat = [part for thing in things for part in thing]
    return make_call("delete_orphans", keys, argv, answer, flat, held=keys.held(holder))


def recount(keys: Keys, *, act: bool, now: str = "") -> Call[Count]:
    """Whether the counters agree with the jobs; with ``act`` they do then."""

    def answer(raw: Any) -> Count:
        return Count(int(raw[1]), int(raw[2]), [text(name) for name in raw[3]], int(raw[4]))

    return make_call("recount", keys, {"now": now, "act": int(act)}, answer)


def refused_commands(keys: Keys, commands: Sequence[str], *, now: str = "") -> Call[list[str]]:
    """Those of these commands that Redis refuses to us in a script."""
    return make_call(
        "refused_commands", keys, {"now": now}, lambda raw: [text(word) for word in raw[1:]], commands
    )
