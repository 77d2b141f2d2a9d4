"""The keyspace, whole. All keys of one queue share a hash slot: the braces see to it.

One queue: ``gopher:{<queue>}:<name>`` (a later shard of it: ``{<queue>#<n>}``).
The fleet: ``gopher:{~}:<name>``. docs/keyspace.md shows this table to people.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

HASH, ZSET, LIST, SET, STREAM, STRING = "hash", "zset", "list", "set", "stream", "string"  # as TYPE says
WORKER, DIGEST = r"[A-Za-z0-9_.-]+", r"[0-9a-f]{32}"


class Key:
    """A place names the ``state`` of the jobs in it. Of one with a ``suffix`` (a pattern) there are several:
    it stands behind the name and a colon.
    """

    # Neither a tuple with names nor a dataclass: every start of a command would wait for its making.
    __slots__ = ("content", "state", "suffix", "type")

    def __init__(self, type: str, content: str, state: str = "", suffix: str = "") -> None:
        self.type, self.content, self.state, self.suffix = type, content, state, suffix


_LINE = "id -> (10 - priority) * 1e13 + sequence: the line"
QUEUE_KEYSPACE = {
    "ready_high": Key(ZSET, _LINE, "enqueued"),
    "ready_normal": Key(ZSET, _LINE, "enqueued"),
    "ready_low": Key(ZSET, _LINE, "enqueued"),
    "scheduled": Key(ZSET, "id -> due, ms", "scheduled"),
    "retrying": Key(ZSET, "id -> due, ms", "retrying"),
    "blocked": Key(ZSET, "id -> how many jobs it still waits for", "blocked"),
    "running": Key(ZSET, "id -> its lease ends, ms", "processing"),
    "completed": Key(ZSET, "id -> kept until, ms", "completed"),
    "failed": Key(ZSET, "id -> died at, ms: the dead letter queue", "failed"),
    "cancelled": Key(ZSET, "id -> kept until, ms", "cancelled"),
    "unhandled": Key(ZSET, "id -> since when, ms: who took it had no handler for its type", "enqueued"),
    "unhandled_line": Key(ZSET, "id -> number of its type * 11e12 + level and turn (lib/places/unhandled)"),
    "unhandled_types": Key(HASH, "type -> its number there, while it has such jobs"),
    "spec": Key(HASH, "id -> what is to be done; written once"),
    "meta": Key(HASH, "id -> the small mutable record (lib/record/record)"),
    "result": Key(HASH, "id -> what its handler has returned"),
    "errors": Key(HASH, "id -> its history, a line for each attempt that did not succeed"),
    "log": Key(HASH, "id -> what its handler has logged, both ends of it"),
    "progress": Key(HASH, "id -> how far it says that it is"),
    "once": Key(HASH, "id -> what its handler has done once, over all attempts"),
    "locks": Key(HASH, "digest of a unique key -> id"),
    "lock_ends": Key(ZSET, "digest of a unique key -> until when it is held though its job has ended, ms"),
    "waiters": Key(HASH, "id -> the jobs blocked by it"),
    "cancels": Key(HASH, "id -> how long it is kept then, ms: a running job is asked to stop"),
    "asked": Key(ZSET, "name of a request with an Idempotency-Key -> so long it is stored once, ms"),
    "outbox": Key(HASH, "id and nonce -> a follow-up or a dead job on its way (store/asks/outbox.py)"),
    "carried": Key(
        ZSET,
        "id and nonce -> until when it is known that this was brought here, ms; negative: refused for good",
    ),
    "awaited": Key(
        ZSET,
        "id -> the same, of one that follow-ups in an outbox wait for; negative: cancelled, or deleted"
        " before it had completed",
    ),
    "held": Key(ZSET, "id -> fetch: what this worker should be holding", suffix=WORKER),
    "wake": Key(LIST, "at most one worthless token: something is ready"),
    "conf": Key(
        HASH,
        "seq, paused, levels (mixed: others than 8, 5 and 2 were asked for), lease (ms: the longest that a"
        " worker has taken here)",
    ),
    "counters": Key(HASH, "name -> n"),
    "cells": Key(
        HASH,
        "m<minute>;type, f<five minutes>;type, h<hour>;type, t0;type -> histograms; types -> how many have"
        " cells of their own; the others share other",
    ),
    "samples": Key(HASH, "minute -> how the queue stood"),
    "schedules": Key(HASH, "name -> revision;JSON of a recurring job (store/asks/schedules.py)"),
    "ticks": Key(ZSET, "name -> its next due instant, ms; none where it is paused or over"),
    "runs": Key(HASH, "name -> how it stands, and its last ticks (lib/schedules/schedule_state)"),
    "batches": Key(HASH, "batch id -> last line; digest up to it; written at"),
    "expects": Key(HASH, "name -> type;every;grace;since;JSON: jobs of the type succeed so often (ms)"),
    "last_success": Key(HASH, "type -> when a job of it succeeded last, ms, or 0: of expected types alone"),
    "events": Key(STREAM, "state -> ids: there only while somebody watches (store/asks/streams.py)"),
    "events_new": Key(STREAM, "one that is about to begin, for an instant"),
}
FLEET_KEYSPACE = {
    "queues": Key(SET, "names"),
    "workers": Key(HASH, "worker -> what it says of itself"),
    "beats": Key(ZSET, "worker -> last heard, ms"),
    "types": Key(HASH, "job type -> JSON Schema"),
    "terms": Key(HASH, "job type -> what counts for it where a submit says nothing (model/job/terms.py)"),
    "meta": Key(HASH, "schema -> the version of all this (schema_version.py), session_secret"),
    "orders": Key(HASH, "worker -> when it was given, ms; quiet, resume or stop"),
    "audit": Key(STREAM, "who did what"),
    "keys": Key(HASH, "id of an API key -> JSON"),
    "key_uses": Key(HASH, "id of an API key -> last used, ms"),
    "signed_out": Key(
        ZSET, "session -> when it would have ended, s; id of a key -> its sessions end by then"
    ),
    "reply": Key(
        STRING, "what a request with an Idempotency-Key is about, and perhaps was answered", suffix=DIGEST
    ),
}
KEYSPACE = {"queue": QUEUE_KEYSPACE, "fleet": FLEET_KEYSPACE}

READY = ("ready_high", "ready_normal", "ready_low")
PLACES = {name: key.state for name, key in QUEUE_KEYSPACE.items() if key.state}
QUEUE_KEYS = tuple(name for name, key in QUEUE_KEYSPACE.items() if not key.suffix)
FLEET_KEYS = tuple(name for name, key in FLEET_KEYSPACE.items() if not key.suffix)
FLEET = "~"  # no queue can be called so
_KEY = re.compile(r"\{([A-Za-z0-9_.-]{1,64}|~)(#[0-9]+)?\}:([a-z_]+)(?::(.+))?")


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one queue in one namespace, or of its fleet."""

    namespace: str
    queue: str
    shard: int = 0

    def __getitem__(self, name: str) -> str:
        """The key of this name. Raises KeyError for a name that the keyspace does not have."""
        if name not in (FLEET_KEYS if self.queue == FLEET else QUEUE_KEYS):
            raise KeyError(name)
        return self._key(name)

    def held(self, worker: str) -> str:
        return self._key(f"held:{worker}")

    def _key(self, name: str) -> str:
        tag = f"{self.queue}#{self.shard}" if self.shard else self.queue
        return f"{self.namespace}:{{{tag}}}:{name}"


@cache
def keys_of(namespace: str, queue: str) -> Keys:
    return Keys(namespace, queue)


def fleet_of(namespace: str) -> Keys:
    """The keys of the fleet, for calls."""
    return keys_of(namespace, FLEET)


def fleet_key(namespace: str, name: str) -> str:
    """Raises KeyError for a name that the keyspace does not have."""
    if name not in FLEET_KEYS:
        raise KeyError(name)
    return f"{namespace}:{{~}}:{name}"


def reply_key(namespace: str, digest: str) -> str:
    """Where the reply to one request is remembered; ``digest`` is 32 hex digits."""
    return f"{namespace}:{{~}}:reply:{digest}"


def known_key(namespace: str, key: str) -> Key | None:
    """What the keyspace says of a key; None for one that is not ours."""
    if not key.startswith(f"{namespace}:") or not (match := _KEY.fullmatch(key, len(namespace) + 1)):
        return None
    queue, _, name, suffix = match.groups()
    known = (FLEET_KEYSPACE if queue == FLEET else QUEUE_KEYSPACE).get(name)
    return known if known and re.fullmatch(known.suffix, suffix or "") else None


def is_ours(namespace: str, key: str) -> bool:
    """Whether the keyspace knows a key of this name."""
    return known_key(namespace, key) is not None
