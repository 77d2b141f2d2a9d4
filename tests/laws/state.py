"""Everything that is stored of a namespace, read with plain commands."""

from __future__ import annotations

import re
from functools import cached_property, lru_cache
from typing import Any

from gopher_cli.store import keyspace
from gopher_cli.store.keyspace import PLACES, QUEUE_KEYS, QUEUE_KEYSPACE, known_key
from gopher_cli.store.record import Record, read_record

_KEY = re.compile(r"(?P<namespace>[^{]+):\{(?P<queue>[A-Za-z0-9_.\-]{1,64}|~)\}:(?P<name>.+)")


class State:
    """One queue: its places and hashes by name, ``held`` by worker. What is not there is empty."""

    def __init__(self, found: dict[str, Any]) -> None:
        self.found = found
        self.held = {name.removeprefix("held:"): value for name, value in found.items() if ":" in name}

    def __getattr__(self, name: str) -> Any:
        if name not in QUEUE_KEYS:
            raise AttributeError(name)
        value = self.found.get(name, [] if name == "wake" else {})
        self.__dict__[name] = value  # the laws ask for it a hundred thousand times
        return value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, State) and self.found == other.found

    __hash__ = None  # type: ignore[assignment]

    @cached_property
    def places(self) -> dict[str, dict[str, float]]:
        return {place: getattr(self, place) for place in PLACES}

    @cached_property
    def ids(self) -> frozenset[str]:
        return frozenset(id for place in self.places.values() for id in place)

    @property
    def counts(self) -> dict[str, int]:
        return {name: int(value) for name, value in self.counters.items()}

    @cached_property
    def told(self) -> dict[str, str]:
        """The last that was told of each job; of the queue itself, under an empty id."""
        last: dict[str, str] = {}
        for entry in self.events.values():
            for state, ids in entry.items():
                if state != b"watched" and not state.startswith(b"schedule_"):
                    last |= dict.fromkeys(ids.decode().split() or [""], state.decode())
        return last

    def state(self, id: str) -> str:
        return next((PLACES[p] for p, jobs in self.places.items() if id in jobs), "gone")

    def record(self, id: str) -> Record:
        return _record(self.meta.get(id, b""))

    def holder(self, lock: str, now: int | None = None) -> str | None:
        """The job that keeps others with this lock out; without ``now``, by life alone."""
        id = self.locks.get(lock, b"").decode()
        alive = id in self.meta and not self.record(id).finished
        lasts = now is not None and self.lock_ends.get(lock, 0) > now
        return id if id and (alive or lasts) else None


_record = lru_cache(4096)(read_record)  # most are as they were at the last look


def keys_of(redis: Any, namespace: str) -> tuple[list[tuple[str, str, str]], list[str]]:
    """(key, queue, name) of every key in a namespace; apart, those that the keyspace does not know."""
    known, unknown = [], []
    for key in sorted(key.decode() for key in redis.scan_iter(f"{namespace}:*", count=1000)):
        match = _KEY.fullmatch(key)
        if match and known_key(namespace, key):
            known.append((key, match["queue"], match["name"]))
        else:
            unknown.append(key)
    return known, unknown


def look(redis: Any, namespace: str) -> dict[str, State]:
    """Every queue of a namespace. A key that the grammar of the keyspace does not know is a leak."""
    queues: dict[str, dict[str, Any]] = {}
    known, unknown = keys_of(redis, namespace)
    assert not unknown, f"keys that the keyspace does not know: {unknown}"
    pipe = redis.pipeline(transaction=False)
    found = []
    for key, queue, name in known:
        if queue != "~":
            found.append((queue, name))
            _read(pipe, key, name)
    for (queue, name), value in zip(found, pipe.execute(), strict=True):
        queues.setdefault(queue, {})[name] = _named(value)
    return {queue: State(values) for queue, values in queues.items()}


def _read(pipe: Any, key: str, name: str) -> None:
    match QUEUE_KEYSPACE[name.partition(":")[0]].type:
        case keyspace.ZSET:
            pipe.zrange(key, 0, -1, withscores=True)
        case keyspace.LIST:
            pipe.lrange(key, 0, -1)
        case keyspace.STREAM:
            pipe.xrange(key)
        case _:
            pipe.hgetall(key)


def _named(value: Any) -> Any:
    if isinstance(value, dict):
        return {field.decode("utf-8", "backslashreplace"): text for field, text in value.items()}
    if value and isinstance(value[0], (tuple, list)):
        return {id.decode("utf-8", "backslashreplace"): score for id, score in value}
    return value or {}
