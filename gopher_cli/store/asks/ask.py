"""Plain commands that need no script: one round trip, and how to read the answers. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from gopher_cli.model.job.batch_mark import BatchMark, kept_mark
from gopher_cli.model.job.terms import TypeTerms
from gopher_cli.store.calls.call import Arg, mapping, text
from gopher_cli.store.keyspace import Keys, fleet_key
from gopher_cli.store.record import read_record
from gopher_cli.store.schema_version import FIELD, checked, written

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Command = tuple[Arg, ...]


@dataclass(frozen=True, slots=True)
class Ask(Generic[T_co]):
    """Like a script, each may be sent twice with the effect of once."""

    commands: Sequence[Command]
    answer: Callable[[list[Any]], T_co]


def _nothing(_: list[Any]) -> None:
    return None


def scored(raw: Any) -> list[tuple[str, float]]:
    """Members with their scores, in either protocol."""
    nested = raw and isinstance(raw[0], (list, tuple))
    pairs = raw if nested else zip(raw[::2], raw[1::2], strict=True)
    return [(text(member), float(score)) for member, score in pairs]


def add_queue(namespace: str, queue: str) -> Ask[bool]:
    """Make a queue known; whether nobody knew it. Raises Outdated where a newer gopher has the data.

    An empty namespace gets its schema version with it; both keys keep their form in every version.
    """
    schema = fleet_key(namespace, "meta"), FIELD
    add = ("SADD", fleet_key(namespace, "queues"), queue)

    def answer(raw: list[Any]) -> bool:
        checked(raw[1])
        return bool(raw[2])

    return Ask([("HSETNX", *schema, written()), ("HGET", *schema), add], answer)


def forget_queue(namespace: str, queue: str) -> Ask[None]:
    """The fleet does not know a queue any more."""
    return Ask([("SREM", fleet_key(namespace, "queues"), queue)], _nothing)


def queues(namespace: str) -> Ask[list[str]]:
    """Every queue. Raises Outdated: whoever changes a job looks here first."""

    def answer(raw: list[Any]) -> list[str]:
        checked(raw[0])
        return sorted(text(name) for name in raw[1])

    schema = ("HGET", fleet_key(namespace, "meta"), FIELD)
    return Ask([schema, ("SMEMBERS", fleet_key(namespace, "queues"))], answer)


def histories(keys: Keys, ids: Sequence[str]) -> Ask[tuple[int, list[bytes]]]:
    """Redis's time (ms), and what each of these jobs has gone through; empty bytes for nothing."""

    def answer(raw: list[Any]) -> tuple[int, list[bytes]]:
        seconds, micros = raw[0]
        return int(seconds) * 1000 + int(micros) // 1000, [line or b"" for line in raw[1]]

    return Ask([("TIME",), ("HMGET", keys["errors"], *ids)], answer)


def bury(namespace: str, worker: str, keys: Iterable[Keys], parts: Iterable[str]) -> Ask[None]:
    """Forget a worker: first what its processes held (the jobs are elsewhere by now), then its name."""
    helds: list[Command] = [("UNLINK", k.held(part)) for k in keys for part in parts]
    return Ask(
        [
            *helds,
            ("HDEL", fleet_key(namespace, "workers"), worker),
            ("ZREM", fleet_key(namespace, "beats"), worker),
            ("HDEL", fleet_key(namespace, "orders"), worker),
        ],
        _nothing,
    )


def held(keys: Keys, part: str) -> Ask[list[str]]:
    """The jobs that a runner should be holding."""
    return Ask([("ZRANGE", keys.held(part), 0, -1)], lambda raw: [text(id) for id in raw[0]])


def running_tokens(keys: Keys, ids: Sequence[str]) -> Ask[dict[str, str]]:
    """Those of these jobs that are running, and under which tokens."""

    def answer(raw: list[Any]) -> dict[str, str]:
        found = zip(ids, *raw, strict=True)
        return {id: read_record(meta or b"").token for id, end, meta in found if end}

    commands: list[Command] = [("ZMSCORE", keys["running"], *ids), ("HMGET", keys["meta"], *ids)]
    return Ask(commands, answer) if ids else Ask([], lambda _: {})


def workers(namespace: str) -> Ask[tuple[int, dict[str, tuple[int, bytes]]]]:
    """Redis's time (ms), and for each worker when it was last heard (ms) and what it said."""

    def answer(raw: list[Any]) -> tuple[int, dict[str, tuple[int, bytes]]]:
        seconds, micros = raw[0]
        heard = {name: int(at) for name, at in scored(raw[2])}
        said = mapping(raw[1])
        now = int(seconds) * 1000 + int(micros) // 1000
        return now, {name: (heard.get(name, 0), about) for name, about in said.items()}

    beats_key = fleet_key(namespace, "beats")
    commands: list[Command] = [
        ("TIME",), ("HGETALL", fleet_key(namespace, "workers")), ("ZRANGE", beats_key, 0, -1, "WITHSCORES"),
    ]  # fmt: skip
    return Ask(commands, answer)


def publish_types(
    namespace: str, schemas: Mapping[str, bytes], terms: Mapping[str, TypeTerms] | None = None
) -> Ask[None]:
    encoded = {type: msgspec.json.encode(published) for type, published in (terms or {}).items()}
    commands: list[Command] = [
        ("HSET", fleet_key(namespace, name), *(part for pair in published.items() for part in pair))
        for name, published in (("types", schemas), ("terms", encoded))
        if published
    ]
    return Ask(commands, _nothing)


def terms(namespace: str, type: str = "") -> Ask[dict[str, TypeTerms]]:
    """What workers have published of their types, or of this one; what cannot be read is left out."""

    def answer(raw: list[Any]) -> dict[str, TypeTerms]:
        found = {}
        for name, said in ({type: raw[0] or b""} if type else mapping(raw[0])).items():
            with suppress(msgspec.MsgspecError):
                found[name] = msgspec.json.decode(said, type=TypeTerms)
        return found

    key = fleet_key(namespace, "terms")
    return Ask([("HGET", key, type) if type else ("HGETALL", key)], answer)


def types(namespace: str) -> Ask[dict[str, bytes]]:
    return Ask([("HGETALL", fleet_key(namespace, "types"))], lambda raw: mapping(raw[0]))


def schema_of(namespace: str, type: str) -> Ask[bytes | None]:
    return Ask([("HGET", fleet_key(namespace, "types"), type)], lambda raw: raw[0])


def time_ms() -> Ask[int]:
    return Ask([("TIME",)], lambda raw: int(raw[0][0]) * 1000 + int(raw[0][1]) // 1000)


def clocked(ask: Ask[T]) -> Ask[tuple[int, T]]:
    """The same, with the time (ms) of the server that has its first key: in a cluster clocks differ."""

    def answer(raw: list[Any]) -> tuple[int, T]:
        seconds, micros = raw[0]
        return int(seconds) * 1000 + int(micros) // 1000, ask.answer(raw[1:])

    return Ask([("TIME",), *ask.commands], answer)


def info() -> Ask[dict[str, str]]:
    """Every field of INFO as text."""

    def answer(raw: list[Any]) -> dict[str, str]:
        if isinstance(raw[0], dict):
            return {text(str(k)): str(v) for k, v in raw[0].items()}
        lines = (line.partition(":") for line in text(raw[0]).splitlines())
        return {name: value for name, colon, value in lines if colon}

    return Ask([("INFO",)], answer)


def is_full(info: Mapping[str, str]) -> bool:
    """Whether a server refuses what needs more memory. What it holds for replicas and its log is extra."""

    def number(name: str) -> int:
        text = info.get(name, "0")
        return int(text) if text.isdecimal() else 0

    limit, used = number("maxmemory"), number("used_memory") - number("mem_not_counted_for_evict")
    evicts = info.get("maxmemory_policy", "noeviction").startswith("allkeys")
    return bool(limit) and used >= limit and not evicts


OLDEST = (6, 2)  # the version of Redis that gopher needs


def version_of(info: Mapping[str, str]) -> tuple[int, ...]:
    """The first two numbers of the version that INFO tells."""
    return tuple(int(part) for part in info.get("redis_version", "0").split(".")[:2] if part.isdecimal())


def saves() -> Ask[bool]:
    """Whether snapshots are saved now and then."""
    return Ask([("CONFIG", "GET", "save")], lambda raw: len(raw[0]) > 1 and bool(raw[0][1]))


def ids_in(
    keys: Keys, place: str, first: int, last: int, *, newest: bool = False
) -> Ask[list[tuple[str, float]]]:
    """Ids of a place with their scores, by rank."""

    command = "ZREVRANGE" if newest else "ZRANGE"
    return Ask([(command, keys[place], first, last, "WITHSCORES")], lambda raw: scored(raw[0]))


def scores(keys: Keys, place: str, ids: Sequence[str]) -> Ask[list[float | None]]:
    """What each of these ids has in a place; None where it is elsewhere."""
    return Ask(
        [("ZSCORE", keys[place], id) for id in ids],
        lambda raw: [None if score is None else float(score) for score in raw],
    )


def records(keys: Keys, ids: Sequence[str]) -> Ask[tuple[list[bytes], list[bytes], list[bytes]]]:
    """Specs, records and histories of these ids; empty bytes where there is none."""
    commands: list[Command] = [("HMGET", keys[name], *ids) for name in ("spec", "meta", "errors")]

    def answer(raw: list[Any]) -> tuple[list[bytes], list[bytes], list[bytes]]:
        spec, meta, errors = ([value or b"" for value in column] for column in raw)
        return spec, meta, errors

    return Ask(commands if ids else [], answer if ids else lambda _: ([], [], []))


def holders(all_keys: Sequence[Keys], ids: Sequence[str]) -> Ask[list[list[str]]]:
    """For each of these ids the queues that know it."""

    def answer(raw: list[Any]) -> list[list[str]]:
        queues = [keys.queue for keys in all_keys]
        return [[q for q, metas in zip(queues, raw, strict=True) if metas[n]] for n in range(len(ids))]

    return Ask([("HMGET", keys["meta"], *ids) for keys in all_keys], answer)


def scan(key: str, cursor: int, pattern: str, count: int) -> Ask[tuple[int, list[str]]]:
    """One step through a place; the ids that match."""

    def answer(raw: list[Any]) -> tuple[int, list[str]]:
        cursor, rows = raw[0]
        ids = [row[0] for row in rows] if rows and isinstance(rows[0], (list, tuple)) else rows[::2]
        return int(cursor), [text(id) for id in ids]

    return Ask([("ZSCAN", key, cursor, "MATCH", pattern, "COUNT", count)], answer)


def cells(all_keys: Sequence[Keys]) -> Ask[list[dict[str, bytes]]]:
    return Ask([("HGETALL", keys["cells"]) for keys in all_keys], lambda raw: [mapping(one) for one in raw])


def batch_marks(all_keys: Sequence[Keys], batch: str) -> Ask[dict[str, BatchMark]]:
    """How far these queues have come in this batch; those that have nothing of it are left out."""

    def answer(raw: list[Any]) -> dict[str, BatchMark]:
        return {keys.queue: kept_mark(text(one)) for keys, one in zip(all_keys, raw, strict=True) if one}

    return Ask([("HGET", keys["batches"], batch) for keys in all_keys], answer)


def wait_for(tokens: Sequence[str], seconds: float) -> Ask[bool]:
    """Block until one of these wake tokens comes, or the time is over."""
    return Ask([("BLPOP", *tokens, f"{seconds:.3f}")], lambda raw: raw[0] is not None)
