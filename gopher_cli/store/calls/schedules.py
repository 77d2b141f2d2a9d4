"""Calls that define schedules, and make their jobs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from gopher_cli.model.schedule.schedule import MOST
from gopher_cli.store.calls.call import Arg, Call, make_call, pairs, text
from gopher_cli.store.keyspace import Keys


class Run(NamedTuple):
    """One job of a schedule: for which instant (epoch ms), its id, and what scripts take of it."""

    instant: int
    id: str
    head: str
    spec: bytes


class Missed(NamedTuple):
    """How many instants are not made up for, the first and the last of them (epoch ms)."""

    number: int = 0
    first: int = 0
    last: int = 0


class Ticked(NamedTuple):
    """``what``: ticked, paused, late or early. ``jobs``: by id what became of each ("": made)."""

    now: int
    what: str
    jobs: dict[str, str]


NONE_MISSED = Missed()


def tick(
    keys: Keys,
    name: str,
    *,
    revision: str,
    expected: str,
    next: str,
    last: int,
    runs: Sequence[Run] = (),
    missed: Missed = NONE_MISSED,
    run_limit: int = 0,
    overlap: str = "skip",
    pause_after: int = 0,
    why: str = "",
    now: str = "",
) -> Call[Ticked]:
    """The jobs of a due tick; ``next`` (epoch ms) is the one after it, "" for none."""
    argv: dict[str, Arg] = {
        "now": now, "name": name, "revision": revision, "expected": expected, "next": next, "last": last,
        "run_limit": run_limit, "overlap": overlap, "pause_after": pause_after, "why": why,
        "missed": missed.number, "missed_first": missed.first, "missed_last": missed.last,
    }  # fmt: skip
    items: list[Arg] = [part for run in runs for part in run]

    def answer(raw: Any) -> Ticked:
        jobs = {text(id): text(why) for id, why in pairs(raw[2:])}
        return Ticked(int(raw[0]), text(raw[1]), jobs)

    return make_call("tick", keys, argv, answer, items)


def run_schedule(
    keys: Keys, name: str, *, revision: str, overlap: str, id: str, head: str, spec: bytes, now: str = ""
) -> Call[str]:
    """Make a job by hand: "" when it is made, late, known, or who keeps it from running."""
    argv: dict[str, Arg] = {
        "now": now, "name": name, "revision": revision, "overlap": overlap, "id": id, "head": head,
        "spec": spec,
    }  # fmt: skip
    return make_call("run_schedule", keys, argv, lambda raw: text(raw[1]))


def schedule(
    keys: Keys,
    name: str,
    what: str,
    *,
    revision: str = "",
    expected: str = "",
    definition: bytes = b"",
    next: str = "",
    last: str = "",
    why: str = "",
    limit: int = MOST,
    now: str = "",
) -> Call[str]:
    """Change what was seen under ``revision`` and the tick ``expected``: done, changed, due or full.

    ``what``: define (the next tick is as it was), count (from ``last`` on, epoch ms), restart (so, too,
    though it is due), pause, resume (from ``last`` on) or remove.
    """
    argv: dict[str, Arg] = {
        "now": now, "name": name, "revision": revision, "expected": expected, "definition": definition,
        "next": next, "last": last, "what": what, "why": why, "limit": limit,
    }  # fmt: skip
    return make_call("schedule", keys, argv, lambda raw: text(raw[1]))
