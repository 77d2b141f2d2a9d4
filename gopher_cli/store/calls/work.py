"""Calls of those who work: fetch, settle, keep alive, and what anybody may do for the queue."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import msgspec

from gopher_cli.model.job.defaults import last_chance
from gopher_cli.model.job.job import Lease, Spec
from gopher_cli.model.job.outcome import Transition
from gopher_cli.store.calls.call import Arg, Call, make_call, pairs, text
from gopher_cli.store.keyspace import Keys

RECLAIMED = 200  # leases in one call
FETCHED = 4 * 1024 * 1024  # bytes of specs in one call, and then no further job
_NEVER = 1 << 30  # losses
_decode_spec = msgspec.json.Decoder(Spec).decode


class Verdict(StrEnum):
    """Why a settlement was not taken: settled before, lost to another, or deleted."""

    SETTLED = "settled"
    AGAIN = "again"
    STALE = "stale"
    GONE = "gone"


class Batch(msgspec.Struct, frozen=True):
    """What a fetch brought. ``next_due`` is when the next job falls due, ms, or None.

    ``unhandled``: jobs stand apart, because who took them had no handler for their type. ``cut``: more would
    have come, if they were not so large.
    """

    now: int
    leases: list[Lease]
    unreadable: list[tuple[Lease, bytes]]
    next_due: int | None = None
    paused: bool = False
    unhandled: bool = False
    cut: bool = False


class Settlement(msgspec.Struct, frozen=True):
    """One ended attempt. ``data``: the result, or the attempt's record, as JSON."""

    lease: Lease
    to: Transition
    data: bytes = b""
    run_us: int = 0
    follow_ups: tuple[tuple[str, bytes], ...] = ()


class Report(msgspec.Struct, frozen=True):
    lease: Lease
    progress: bytes
    log: bytes


def reserve(
    keys: Keys, *, worker: str, token: str, sequence: int, lease_ms: int,
    quota: tuple[int, int, int], count: int, starts: int | None = None, max_losses: int = 3,
    room: int = FETCHED, now: str = "",
) -> Call[Batch]:  # fmt: skip
    """Lease up to ``count`` (at most 500) jobs: first by quota of the classes, then by class.

    It ends with the job whose spec fills the ``room`` (bytes): large ones come in several answers.
    The first ``starts`` of them begin to run at once, but those that one more loss would end (None: all do).
    """
    high, normal, low = quota
    starts, suspect = (count, _NEVER) if starts is None else (starts, last_chance(max_losses))
    argv: dict[str, Arg] = {
        "now": now, "token": token, "sequence": sequence, "lease": lease_ms,
        "high": high, "normal": normal, "low": low, "count": count, "starts": starts,
        "suspect": suspect, "room": room,
    }  # fmt: skip
    return make_call(
        "reserve", keys, argv, lambda raw: _batch(raw, keys.queue, token), held=keys.held(worker)
    )


_NO_SPEC = Spec("?", msgspec.Raw(b"null"))


def _batch(raw: Any, queue: str, token: str) -> Batch:
    leases, unreadable = [], []
    for i in range(3, len(raw), 4):
        id, attempt, losses, blob = raw[i : i + 4]
        try:
            leases.append(Lease(id.decode(), queue, token, int(attempt), int(losses), _decode_spec(blob)))
        except Exception:  # whatever it is, it ends no worker
            lease = Lease(id.decode(errors="replace"), queue, token, int(attempt), int(losses), _NO_SPEC)
            unreadable.append((lease, blob or b""))
    due, verdicts = int(raw[1]), raw[2]
    return Batch(
        int(raw[0]), leases, unreadable, due if due > 0 else None, due < 0,
        unhandled=bool(verdicts & 1), cut=bool(verdicts & 2),
    )  # fmt: skip


def settle(
    keys: Keys, worker: str, items: Sequence[Settlement], *, max_losses: int = 3, now: str = ""
) -> Call[list[Verdict]]:
    """At most 500 ended attempts of one worker and queue."""

    def answer(raw: Any) -> list[Verdict]:
        verdicts = [Verdict.SETTLED] * len(items)
        for i in range(1, len(raw), 2):
            verdicts[raw[i]] = Verdict(text(raw[i + 1]))
        return verdicts

    flat: list[Arg] = []
    follow_ups: list[Arg] = []
    token, type, to, count, sized = "", "", None, 0, 0
    for item in items:
        lease = item.lease
        if lease.token is not token or item.to is not to or lease.spec.type != type:
            # Neighbours mostly share all of this: it is said once for them.
            if sized:
                flat[sized] = count
            token, to, type, count = lease.token, item.to, lease.spec.type, 0
            flat += (_group(token, to, type), 0)
            sized = len(flat) - 1
        count += 1
        flat += (lease.id, item.run_us, item.data)
        for child, record in item.follow_ups:
            follow_ups += (lease.id, child, record)
    flat[sized] = count
    argv: dict[str, Arg] = {"now": now, "max_losses": max_losses, "count": len(items)}
    return make_call("settle", keys, argv, answer, flat + follow_ups, held=keys.held(worker))


def _group(token: str, to: Transition, type: str) -> str:
    state = "unhandled" if to.unhandled else to.state
    return f"{token};{state};{to.after * 1000:.0f};{to.spent:d};{to.lost:d};{type}"


class Renewal(msgspec.Struct, frozen=True):
    """``held`` counts all that the worker holds; ``lost`` is no longer its; ``cancel`` shall stop."""

    held: int
    lost: list[str]
    cancel: list[str]


def renew(
    keys: Keys, worker: str, begun: Sequence[str] = (), *,
    lease_ms: int, first: int = 0, last: int = 499, spared: bool = False, now: str = "",
) -> Call[Renewal]:  # fmt: skip
    """``begun`` have begun to run, and none has with ``spared``."""

    def answer(raw: Any) -> Renewal:
        return Renewal(raw[1], [text(i) for i in raw[2]], [text(i) for i in raw[3]])

    argv: dict[str, Arg] = {
        "now": now,
        "worker": worker,
        "lease": lease_ms,
        "first": first,
        "last": last,
        "spared": int(spared),
    }
    return make_call("renew", keys, argv, answer, begun, held=keys.held(worker))


def requeue_unhandled(
    keys: Keys, types: Sequence[str], *, patience_ms: int, limit: int = 500, now: str = ""
) -> Call[list[str]]:
    """The jobs of these types (500 at most) that stood apart and stand in line now, and those that have stood
    there for longer than ``patience_ms``."""
    argv: dict[str, Arg] = {"now": now, "limit": min(limit, 500), "patience": patience_ms}
    return make_call("requeue_unhandled", keys, argv, lambda raw: [text(id) for id in raw[1:]], types)


class Promotion(msgspec.Struct, frozen=True):
    now: int
    moved: int
    next_due: int | None
    cancels: bool
    next_tick: int | None


def promote(keys: Keys, *, limit: int = 500, now: str = "") -> Call[Promotion]:
    def answer(raw: Any) -> Promotion:
        return Promotion(int(raw[0]), raw[1], int(raw[2]) or None, bool(raw[3]), int(raw[4]) or None)

    return make_call("promote", keys, {"now": now, "limit": limit}, answer)


class Reclaimed(msgspec.Struct, frozen=True):
    """``jobs``: (id, new state, worker that lost it). ``over``: the expiries of leases that are over, for the
    next look. ``taken`` counts the leases that were taken back: there may be more while it is the limit.
    """

    jobs: list[tuple[str, str, str]]
    over: list[str]
    taken: int


def reclaim(
    keys: Keys, expiries: Sequence[str], *,
    max_losses: int, lease_ms: int, after: str = "-inf", limit: int = RECLAIMED, now: str = "",
) -> Call[Reclaimed]:  # fmt: skip
    """Take back what was seen over a strike ago, and look for more, ``after`` an expiry ("": no look)."""

    def answer(raw: Any) -> Reclaimed:
        jobs = [(text(a), text(b), text(c)) for a, b, c in pairs(raw[1], 3)]
        return Reclaimed(jobs, [text(expiry) for expiry in raw[2]], raw[3])

    argv: dict[str, Arg] = {
        "now": now,
        "limit": limit,
        "max_losses": max_losses,
        "max_lease": lease_ms,
        "after": after,
    }
    return make_call("reclaim", keys, argv, answer, expiries)


def release(
    keys: Keys,
    worker: str,
    running: Sequence[str],
    *,
    max_losses: int,
    how: str = "vanished",
    limit: int = 200,
    now: str = "",
) -> Call[tuple[list[tuple[str, str]], int]]:
    """The jobs given back as (id, new state), and how many are still held.

    ``how`` the process ended is for the history: it "was killed by SIGKILL".
    """

    def answer(raw: Any) -> tuple[list[tuple[str, str]], int]:
        return [(text(a), text(b)) for a, b in pairs(raw[1])], raw[2]

    argv: dict[str, Arg] = {
        "now": now,
        "worker": worker,
        "max_losses": max_losses,
        "limit": limit,
        "how": how,
    }
    return make_call("release", keys, argv, answer, running, held=keys.held(worker))


class Expired(msgspec.Struct, frozen=True):
    """How many jobs were dropped, and whether more is to be dropped."""

    jobs: int
    more: bool


def expire(
    keys: Keys, *, limit: int = 200, keep_minutes: int = 65, keep_fives: int = 75, keep_hours: int = 26,
    keep_batches_ms: int = 30 * 86_400_000, now: str = "",
) -> Call[Expired]:  # fmt: skip
    """Drop up to ``limit`` jobs that were kept long enough."""
    argv: dict[str, Arg] = {
        "now": now, "limit": limit, "keep_minutes": keep_minutes, "keep_fives": keep_fives,
        "keep_hours": keep_hours, "keep_batches": keep_batches_ms,
    }  # fmt: skip
    return make_call("expire", keys, argv, lambda raw: Expired(int(raw[1]), bool(raw[2])))


def report(keys: Keys, reports: Sequence[Report], *, limit: int = 65536, now: str = "") -> Call[int]:
    """How many were heard: those whose token still holds."""
    items: list[Arg] = []
    for item in reports:
        items += (item.lease.id, item.lease.token, item.progress, item.log)
    return make_call("report", keys, {"now": now, "limit": limit}, lambda raw: int(raw[1]), items)


class Once(msgspec.Struct, frozen=True):
    held: bool
    done: bool
    value: bytes = b""


def once(keys: Keys, lease: Lease, key: str, value: bytes = b"", *, now: str = "") -> Call[Once]:
    """Read what was done under this key, or keep ``value`` when nothing was."""

    def answer(raw: Any) -> Once:
        word = text(raw[1])
        return Once(word != "lost", word == "done", bytes(raw[2]) if word == "done" else b"")

    argv: dict[str, Arg] = {
        "now": now,
        "id": lease.id,
        "token": lease.token,
        "key": key,
        "value": value,
    }
    return make_call("once", keys, argv, answer)
