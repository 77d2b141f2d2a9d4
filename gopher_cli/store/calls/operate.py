"""Calls of operators: look, cancel, requeue, purge, pause."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec

from gopher_cli.model.job.job import CLASSES
from gopher_cli.model.select.actions import CANCEL, RETRY, Action, Answer
from gopher_cli.store.calls.call import Arg, Call, make_call, pairs, text
from gopher_cli.store.keyspace import PLACES, Keys
from gopher_cli.store.record import Record, read_record


class Found(msgspec.Struct, frozen=True):
    """All that is stored of one job, still as bytes. ``score`` is that of its place."""

    now: int
    state: str
    score: float
    ahead: int
    paused: bool
    cancel_asked: bool
    spec: bytes
    record: Record
    result: bytes
    errors: bytes
    log: bytes
    progress: bytes
    unhandled: bool = False


def inspect(keys: Keys, id: str, *, now: str = "") -> Call[Found | None]:
    def answer(raw: Any) -> Found | None:
        if len(raw) == 1:
            return None
        spec, meta, result, errors, log, progress = raw[6:12]
        return Found(
            int(raw[0]), text(raw[1]), float(raw[2]), raw[3], bool(raw[4]), bool(raw[5]),
            spec, read_record(meta), result, errors, log, progress, bool(raw[12]),
        )  # fmt: skip

    return make_call("inspect", keys, {"now": now, "id": id}, answer)


class Depth(msgspec.Struct, frozen=True):
    """How a queue stands. ``oldest``: since when the job that has waited longest is ready, by class, ms.

    ``unhandled``: the types that somebody had no handler for, with (how many jobs of it, since when, ms).
    """

    now: int
    paused_since: int
    sizes: dict[str, int]
    oldest: dict[str, int]
    counters: dict[str, int]
    outbox: int
    unhandled: dict[str, tuple[int, int]] = {}


def depth(keys: Keys, *, now: str = "") -> Call[Depth]:
    def answer(raw: Any) -> Depth:
        oldest = {c: int(since) for c, since in zip(CLASSES, raw[3], strict=True) if since}
        flat = [text(part) for part in _flat(raw[4])]
        # One that is no number is the doctor's affair.
        counters = {name: int(value) for name, value in pairs(flat) if value.lstrip("-").isdecimal()}
        sizes = dict(zip(PLACES, raw[2], strict=True))
        unhandled = {text(type): (int(jobs), int(float(since))) for type, jobs, since in pairs(raw[6], 3)}
        return Depth(int(raw[0]), int(raw[1] or 0), sizes, oldest, counters, raw[5], unhandled)

    return make_call("depth", keys, {"now": now}, answer)


def _flat(counters: Any) -> list[Any]:
    return [part for pair in counters.items() for part in pair] if isinstance(counters, dict) else counters


def done_by(action: Action, ids: Sequence[str]) -> Callable[[Any], dict[str, Answer]]:
    """Reads the answer of a script: when it ran, and a word for each id."""
    return lambda raw: dict(zip(ids, (action.read(text(word)) for word in raw[1:]), strict=True))


def cancel(keys: Keys, ids: Sequence[str], *, retention_ms: int, now: str = "") -> Call[dict[str, Answer]]:
    argv: dict[str, Arg] = {"now": now, "retention": retention_ms}
    return make_call("cancel", keys, argv, done_by(CANCEL, ids), ids)


def requeue(keys: Keys, ids: Sequence[str], *, source: str = "any", now: str = "") -> Call[dict[str, Answer]]:
    return make_call("requeue", keys, {"now": now, "from": source}, done_by(RETRY, ids), ids)


def purge(keys: Keys, place: str, ids: Sequence[str], *, why: str = "purged", now: str = "") -> Call[int]:
    return make_call("purge", keys, {"now": now, "why": why}, lambda raw: int(raw[1]), ids, place=keys[place])


class InTheWay(NamedTuple):
    """What keeps a queue from being removed: its jobs, those on their way to other queues, what it must
    remember of those that came from others, its schedules, and what is expected of it."""

    jobs: int
    sent: int
    remembered: int
    schedules: int
    expects: int


def remove_queue(keys: Keys, *, now: str = "") -> Call[InTheWay]:
    """Where nothing is in its way it is gone."""
    return make_call("remove_queue", keys, {"now": now}, lambda raw: InTheWay(*map(int, raw[1:6])))


def pause(keys: Keys, *, paused: bool, now: str = "") -> Call[bool]:
    """Whether it changed anything."""
    return make_call("pause", keys, {"now": now, "paused": int(paused)}, bool)
