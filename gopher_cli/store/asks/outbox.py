"""Jobs on their way: how an outbox keeps them, and what to ask of it.

They are follow-ups, and dead jobs that move to another queue (lua/move_out.lua packs these). An
entry is called "<id> <nonce>"; those of one attempt, or of one move, share the nonce. No other entry ever has
this name: it tells a job that is carried again from a later one with the same id.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec

from gopher_cli.model.errors import BadData
from gopher_cli.model.job.job import Job
from gopher_cli.store.asks.ask import Ask, Command
from gopher_cli.store.calls.call import mapping, text
from gopher_cli.store.codec import decode_job, encode_spec, revived
from gopher_cli.store.keyspace import Keys

_PARTS = 7  # of a dead job that moves


def nonce_of(name: str) -> str:
    return name.partition(" ")[2]


class OutboxEntry(msgspec.Struct, frozen=True):
    """A follow-up in an outbox, or a dead job that moves.

    ``waits``: the siblings that it waits for, with their queues; ``awaited``: those in other queues that
    wait for it. ``turn``: behind how many siblings it goes. ``unsure``: whether nobody has seen the
    other jobs that it waits for. ``kept``: of one that moves, its record, result, errors, log, progress
    and once.
    """

    name: str
    job: Job
    turn: int = 0
    waits: dict[str, str] = {}
    awaited: dict[str, str] = {}
    unsure: bool = False
    kept: tuple[bytes, ...] = ()

    @property
    def nonce(self) -> str:
        return nonce_of(self.name)

    def sibling(self, id: str) -> str:
        """The name of the entry of a sibling."""
        return f"{id} {self.nonce}"


class _Stored(msgspec.Struct, array_like=True):
    id: str
    queue: str
    spec: msgspec.Raw
    due: float = 0.0
    delay: float = 0.0
    turn: int = 0
    waits: dict[str, str] = {}
    awaited: dict[str, str] = {}
    unsure: bool = False


_encode = msgspec.json.Encoder().encode
_open = msgspec.json.Decoder(_Stored).decode


def encode_follow_ups(jobs: Sequence[Job], *, unsure: bool = False) -> tuple[tuple[str, bytes], ...]:
    """The follow-ups of one attempt as entries: (name, record). Raises ValueError for a ring."""
    nonce = os.urandom(6).hex()
    queues = {job.id: job.queue for job in jobs}
    awaited: dict[str, dict[str, str]] = defaultdict(dict)
    for job in jobs:
        for id in job.spec.options.after:
            if queues.get(id, job.queue) != job.queue:
                awaited[id][job.id] = job.queue
    entries = []
    for turn, job in enumerate(in_turn(jobs)):
        waits = {id: queues[id] for id in job.spec.options.after if id in queues}
        spec = msgspec.Raw(job.stored or encode_spec(job.spec))
        record = _Stored(job.id, job.queue, spec, job.due, job.delay, turn, waits, awaited[job.id], unsure)
        entries.append((f"{job.id} {nonce}", _encode(record)))
    return tuple(entries)


def in_turn(jobs: Sequence[Job]) -> list[Job]:
    """Each behind those that it waits for, as they came otherwise. Raises ValueError for a ring."""
    if not any(job.spec.options.after for job in jobs):
        return list(jobs)
    known, done = {job.id for job in jobs}, dict[str, Job]()
    left = list(jobs)
    while left:
        ready = [job for job in left if all(id in done or id not in known for id in job.spec.options.after)]
        if not ready:
            raise ValueError(f"{left[0].id} waits for itself, by way of what it waits for")
        for job in ready:
            done[job.id] = job
        left = [job for job in left if job.id not in done]
    return list(done.values())


def decode_entry(name: str, raw: bytes) -> OutboxEntry:
    """Raises BadData that names the bad field. An older gopher wrote the job alone, under its id."""
    if raw.startswith(b"{"):
        return OutboxEntry(name, decode_job(raw))
    if raw.startswith(b"m "):
        return _moved(name, raw)
    try:
        fields = _open(raw)
        job = revived(fields.id, fields.queue, bytes(fields.spec))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadData(f"the stored follow-up cannot be read: {error}") from error
    job = msgspec.structs.replace(job, due=fields.due, delay=fields.delay)
    return OutboxEntry(name, job, fields.turn, fields.waits, fields.awaited, fields.unsure)


def _moved(name: str, raw: bytes) -> OutboxEntry:
    """A dead job on its way: "m <target> <size of each part>", and the parts behind it."""
    head, _, body = raw.partition(b"\n")
    _, queue, *sizes = text(head).split(" ")
    parts, at = [], 0
    for size in (int(size) for size in sizes if size.isdecimal()):
        parts.append(body[at : at + size])
        at += size
    if len(parts) != _PARTS or at != len(body):
        raise BadData("the stored job cannot be read: its parts are not whole")
    return OutboxEntry(name, revived(name.partition(" ")[0], queue, parts[0]), kept=tuple(parts[1:]))


def fates(keys: Keys, names: Sequence[str]) -> Ask[dict[str, str]]:
    """What a queue has said to jobs that move: enqueued, taken or locked; without those never brought."""
    ids = [name.partition(" ")[0] for name in names]

    def answer(raw: list[Any]) -> dict[str, str]:
        marks, known = raw
        return {
            name: "enqueued" if float(mark) > 0 else "taken" if meta else "locked"
            for name, mark, meta in zip(names, marks, known, strict=True)
            if mark is not None
        }

    if not names:
        return Ask([], lambda _: {})
    return Ask([("ZMSCORE", keys["carried"], *names), ("HMGET", keys["meta"], *ids)], answer)


def page(keys: Keys, cursor: int, limit: int) -> Ask[tuple[int, dict[str, bytes]]]:
    """One step through an outbox: where to go on (0 at the end), and some entries."""

    def answer(raw: list[Any]) -> tuple[int, dict[str, bytes]]:
        after, found = raw[0]
        return int(after), mapping(found)

    return Ask([("HSCAN", keys["outbox"], cursor, "COUNT", limit)], answer)


def entries_of(keys: Keys, id: str, cursor: int) -> Ask[tuple[int, dict[str, bytes]]]:
    """One step through an outbox: where to go on (0 at the end), and entries of the job of this id."""

    def answer(raw: list[Any]) -> tuple[int, dict[str, bytes]]:
        after, found = raw[0]
        return int(after), mapping(found)

    literal = "".join(c if c.isalnum() else f"\\{c}" for c in id)
    return Ask([("HSCAN", keys["outbox"], cursor, "MATCH", f"{literal} *", "COUNT", 1000)], answer)


def sizes(all_keys: Sequence[Keys]) -> Ask[list[int]]:
    """How many entries each of these outboxes has."""
    return Ask([("HLEN", keys["outbox"]) for keys in all_keys], lambda raw: [int(size) for size in raw])


def called(keys: Keys, names: Sequence[str]) -> Ask[dict[str, bytes]]:
    """Those of the entries of these names that are there."""

    def answer(raw: list[Any]) -> dict[str, bytes]:
        return {name: record for name, record in zip(names, raw[0], strict=True) if record is not None}

    return Ask([("HMGET", keys["outbox"], *names)], answer)


def present(keys: Keys, names: Sequence[str]) -> Ask[set[str]]:
    """Those of these entries that are there."""
    commands: list[Command] = [("HEXISTS", keys["outbox"], name) for name in names]
    return Ask(commands, lambda raw: {name for name, is_there in zip(names, raw, strict=True) if is_there})


def drop(keys: Keys, names: Sequence[str]) -> Ask[None]:
    return Ask([("HDEL", keys["outbox"], *names)] if names else [], lambda _: None)


def watch(keys: Keys, ids: Sequence[str], until: int) -> Ask[set[str]]:
    """Those of these jobs that a queue has; until then (ms) it is noted if they end otherwise than well.

    The note comes first: so none is deleted between.
    """
    flat = [part for id in ids for part in (until, id)]
    commands: list[Command] = [("ZADD", keys["awaited"], "GT", *flat), ("HMGET", keys["meta"], *ids)]
    return Ask(commands, lambda raw: {id for id, is_there in zip(ids, raw[1], strict=True) if is_there})


def droppable_notes(keys: Keys, ids: Sequence[str]) -> Ask[list[str]]:
    """Those of these awaited jobs whose note may go; that of a lost one stays, for other outboxes."""

    def answer(raw: list[Any]) -> list[str]:
        return [id for id, note in zip(ids, raw[0], strict=True) if note is not None and float(note) > 0]

    return Ask([("ZMSCORE", keys["awaited"], *ids)], answer)


def let_go(keys: Keys, names: Sequence[str], until: int, awaited: Sequence[str]) -> Ask[None]:
    """The queue may forget that it was brought these, after ``until`` (ms), and that some were awaited."""
    commands: list[Command] = []
    if names:
        flat = [part for name in names for part in (until, name)]
        commands.append(("ZADD", keys["carried"], "XX", "LT", *flat))
    if awaited:
        commands.append(("ZREM", keys["awaited"], *awaited))
    return Ask(commands, lambda _: None)
