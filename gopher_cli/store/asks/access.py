"""Asks about who may come in: API keys, when they were used, and which sessions count. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from gopher_cli.store.asks.ask import Ask, Command, scored
from gopher_cli.store.calls.call import mapping, text
from gopher_cli.store.keyspace import fleet_key
from gopher_cli.store.schema_version import FIELD, checked, written

SEAL = "session_secret"


class Table(NamedTuple):
    """Every key by its id, as it is stored; the secret of sessions, empty when nobody has one yet; and what
    was signed out: a session, or those of a key that would have ended (epoch seconds) by then.
    """

    keys: Mapping[str, bytes]
    seal: str
    signed_out: Mapping[str, int]


def table(namespace: str) -> Ask[Table]:
    """What a door has to know. Raises Outdated."""

    def answer(raw: list[Any]) -> Table:
        checked(raw[1])
        over = {id: int(ends) for id, ends in scored(raw[3])}
        return Table(mapping(raw[0]), text(raw[2] or b""), over)

    meta = fleet_key(namespace, "meta")
    commands: list[Command] = [
        ("HGETALL", fleet_key(namespace, "keys")), ("HGET", meta, FIELD), ("HGET", meta, SEAL),
        ("ZRANGE", fleet_key(namespace, "signed_out"), 0, -1, "WITHSCORES"),
    ]  # fmt: skip
    return Ask(commands, answer)


def uses(namespace: str) -> Ask[dict[str, int]]:
    """When each key was last used, ms."""
    commands: list[Command] = [("HGETALL", fleet_key(namespace, "key_uses"))]
    return Ask(commands, lambda raw: {id: int(at) for id, at in mapping(raw[0]).items()})


def note_uses(namespace: str, used: Mapping[str, int]) -> Ask[None]:
    flat = [part for pair in used.items() for part in pair]
    return Ask([("HSET", fleet_key(namespace, "key_uses"), *flat)] if flat else [], lambda _: None)


def put_key(namespace: str, id: str, about: bytes) -> Ask[None]:
    """Store a key, or what has become of it. A namespace that is new gets its schema version with it."""
    schema = fleet_key(namespace, "meta"), FIELD
    put = ("HSET", fleet_key(namespace, "keys"), id, about)
    return Ask(
        [("HSETNX", *schema, written()), ("HGET", *schema), put], lambda raw: _nothing(checked(raw[1]))
    )


def forget_keys(namespace: str, ids: Iterable[str]) -> Ask[None]:
    gone = list(ids)
    commands: list[Command] = [("HDEL", fleet_key(namespace, name), *gone) for name in ("keys", "key_uses")]
    return Ask(commands if gone else [], lambda _: None)


def seal(namespace: str, candidate: str) -> Ask[str]:
    """The secret that all servers share: the first one that anybody has thought of."""
    meta = fleet_key(namespace, "meta")
    commands: list[Command] = [
        ("HSETNX", meta, FIELD, written()), ("HSETNX", meta, SEAL, candidate), ("HGET", meta, SEAL),
    ]  # fmt: skip
    return Ask(commands, lambda raw: text(raw[2]))


def seal_anew(namespace: str, secret: str) -> Ask[None]:
    """Another secret: whatever the one before has sealed is over, and need not be remembered."""
    commands: list[Command] = [
        ("HSET", fleet_key(namespace, "meta"), SEAL, secret),
        ("UNLINK", fleet_key(namespace, "signed_out")),
    ]
    return Ask(commands, _nothing)


def sign_out(namespace: str, id: str, ends: int, forget: int) -> Ask[None]:
    """Remember that this is over, and forget what would have ended before ``forget`` (epoch seconds)."""
    key = fleet_key(namespace, "signed_out")
    commands: list[Command] = [("ZREMRANGEBYSCORE", key, "-inf", f"({forget}"), ("ZADD", key, "GT", ends, id)]
    return Ask(commands, _nothing)


def _nothing(_: object) -> None:
    return None
