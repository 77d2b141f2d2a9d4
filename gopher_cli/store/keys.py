"""The keyspace, whole. All keys of one queue share a hash slot: the braces see to it.

One queue, ``gopher:{<queue>}:<name>`` (a later shard of it: ``{<queue>#<n>}``):

    ready_high|normal|low  ZSET  id -> (10 - priority) * 1e13 + sequence: the line
    scheduled retrying     ZSET  id -> due, ms
    blocked                ZSET  id -> how many jobs it still waits for
    running                ZSET  id -> its lease ends, ms
    completed cancelled    ZSET  id -> kept until, ms
    failed                 ZSET  id -> died at, ms: the dead letter queue
    unhandled              ZSET  id -> since when, ms: enqueued, but who took it had no handler for its type
    unhandled_line         ZSET  id -> number of its type * 11e12 + its level and turn (lib/places/unhandled)
    unhandled_types        HASH  type -> its number there, while it has such jobs
    spec                   HASH  id -> what is to be done; written once
    meta                   HASH  id -> the small mutable record (lua/lib/record/record.lua)
    result errors log progress once    HASH  id -> ...
    locks                  HASH  digest of a unique key -> id        lock_ends  ZSET  digest -> ms
    waiters                HASH  id -> the jobs blocked by it
    cancels                HASH  id -> how long it is kept then, ms: a running job is asked to stop
    asked                  ZSET  name of a request with an Idempotency-Key -> so long it is stored once, ms
    outbox                 HASH  id and nonce -> a follow-up or a dead job on its way (store/outbox.py)
    carried                ZSET  id and nonce -> how long it is remembered that this was brought here, ms;
                                 negative when it was refused for good
    awaited                ZSET  id -> the same, of one that follow-ups in an outbox wait for; negative
                                 when it was cancelled, or deleted before it had completed
    held:<worker>          ZSET  id -> fetch: what this worker should be holding
    wake                   LIST  at most one worthless token: something is ready
    conf                   HASH  seq, paused, levels (mixed: others than 8, 5 and 2 were asked for),
                                 lease (ms: the longest that a worker has taken here)
    counters               HASH  name -> n
    cells                  HASH  m<minute>;type | f<five minutes>;type | h<hour>;type | t0;type -> histograms,
                                 types -> how many have cells of their own; the rest share "other"
    samples                HASH  minute -> how the queue stood
    schedules              HASH  name -> revision;JSON of a recurring job (store/schedules.py)
    ticks                  ZSET  name -> its next due instant, ms; none where it is paused or over
    runs                   HASH  name -> how it stands, and its last ticks (lib/schedules/schedule_state.lua)
    batches                HASH  batch id -> last line; digest up to it; written at
    expects                HASH  name -> type;every;grace;since;JSON: jobs of the type succeed so often (ms)
    last_success           HASH  type -> when a job of it succeeded last, ms, or 0: of expected types alone
    events                 STREAM  state -> ids: there only while somebody watches (store/streams.py)
    events_new             STREAM  one that is about to begin, for an instant

The fleet, ``gopher:{~}:<name>`` (no queue can be called ~):

    queues   SET    names              workers  HASH  worker -> what it says of itself
    beats    ZSET   worker -> last heard, ms       types  HASH  job type -> JSON Schema
    terms    HASH   job type -> what counts for it where a submit says nothing (model/terms.py)
    meta     HASH   schema -> the version of all this (schema_version.py), session_secret
    orders   HASH   worker -> when it was given, ms; quiet, resume or stop
    audit    STREAM  who did what
    keys     HASH   id of an API key -> JSON       key_uses HASH  id -> last used, ms
    signed_out  ZSET  session -> it would have ended, s; or id of a key -> its sessions that end by then
    reply:<digest>  STRING  what a request with an Idempotency-Key is about, and perhaps was answered
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

READY = ("ready_high", "ready_normal", "ready_low")
PLACES = {
    "ready_high": "enqueued",
    "ready_normal": "enqueued",
    "ready_low": "enqueued",
    "scheduled": "scheduled",
    "retrying": "retrying",
    "blocked": "blocked",
    "running": "processing",
    "completed": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
    "unhandled": "enqueued",
}
QUEUE_KEYS = (
    *PLACES, "spec", "meta", "result", "errors", "log", "progress", "once", "locks", "lock_ends",
    "waiters", "cancels", "asked", "outbox", "carried", "awaited", "wake", "conf", "counters", "cells",
    "samples", "batches", "unhandled_line", "unhandled_types", "schedules", "ticks", "runs", "events",
    "events_new", "expects", "last_success",
)  # fmt: skip
FLEET_KEYS = (
    "queues", "workers", "beats", "orders", "types", "terms", "meta", "audit", "keys", "key_uses",
    "signed_out",
)  # fmt: skip
FLEET = "~"  # no queue can be called so
_KEY = re.compile(r"\{([A-Za-z0-9_.-]{1,64}|~)(#[0-9]+)?\}:([a-z_]+|held:[A-Za-z0-9_.-]+|reply:[0-9a-f]{32})")


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


def is_ours(namespace: str, key: str) -> bool:
    """Whether the keyspace knows a key of this name."""
    if not key.startswith(f"{namespace}:") or not (found := _KEY.fullmatch(key, len(namespace) + 1)):
        return False
    queue, name = found[1], found[3]
    if queue == "~":
        return name in FLEET_KEYS or name.startswith("reply:")
    return name in QUEUE_KEYS or name.startswith("held:")
