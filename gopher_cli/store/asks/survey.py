"""Asks of the doctor: steps through keys and hashes, and what a server says of itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gopher_cli.store.asks.ask import Ask, Command
from gopher_cli.store.calls.call import text
from gopher_cli.store.keyspace import PLACES, Keys, fleet_key


def names(namespace: str, cursor: int) -> Ask[tuple[int, list[str]]]:
    """One step through all keys under our prefix."""
    pattern = "".join(f"\\{char}" if char in "*?[]\\^" else char for char in namespace)

    def answer(raw: list[Any]) -> tuple[int, list[str]]:
        after, found = raw[0]
        return int(after), [text(name) for name in found]

    return Ask([("SCAN", cursor, "MATCH", f"{pattern}:*", "COUNT", 1000)], answer)


def types(keys: Sequence[str]) -> Ask[list[str]]:
    """What kind of value stands under each key; none where there is nothing."""
    return Ask([("TYPE", key) for key in keys], lambda raw: [text(kind) for kind in raw])


def in_hash(key: str, cursor: int, count: int) -> Ask[tuple[int, list[tuple[bytes, bytes]]]]:
    """One step through a hash."""

    def answer(raw: list[Any]) -> tuple[int, list[tuple[bytes, bytes]]]:
        after, flat = raw[0]
        pairs = flat.items() if isinstance(flat, dict) else zip(flat[::2], flat[1::2], strict=True)
        return int(after), [(field, value) for field, value in pairs]

    return Ask([("HSCAN", key, cursor, "COUNT", count)], answer)


def in_zset(key: str, cursor: int, count: int) -> Ask[tuple[int, list[tuple[bytes, bytes]]]]:
    """One step through a sorted set: members with their scores."""

    def answer(raw: list[Any]) -> tuple[int, list[tuple[bytes, bytes]]]:
        after, flat = raw[0]
        if flat and isinstance(flat[0], (list, tuple)):
            return int(after), [(member, score) for member, score in flat]
        return int(after), list(zip(flat[::2], flat[1::2], strict=True))

    return Ask([("ZSCAN", key, cursor, "COUNT", count)], answer)


def orphans(keys: Keys, ids: Sequence[bytes]) -> Ask[list[bytes]]:
    """Those of these ids that stand in no place."""

    def answer(raw: list[Any]) -> list[bytes]:
        return [id for id, *scores in zip(ids, *raw, strict=True) if not any(scores)]

    return Ask([("ZMSCORE", keys[place], *ids) for place in PLACES], answer)


def values(key: str, fields: Sequence[bytes]) -> Ask[list[bytes | None]]:
    return Ask([("HMGET", key, *fields)], lambda raw: list(raw[0]))


def specs(keys: Keys, ids: Sequence[bytes]) -> Ask[tuple[int, list[bytes | None]]]:
    """Redis's time (ms), and what these jobs are to do."""
    return _timed(keys["spec"], ids)


def holders(keys: Keys, locks: Sequence[bytes]) -> Ask[tuple[int, list[bytes | None]]]:
    """Redis's time (ms), and the jobs that hold these unique keys."""
    return _timed(keys["locks"], locks)


def _timed(key: str, fields: Sequence[bytes]) -> Ask[tuple[int, list[bytes | None]]]:
    def answer(raw: list[Any]) -> tuple[int, list[bytes | None]]:
        seconds, micros = raw[0]
        return int(seconds) * 1000 + int(micros) // 1000, list(raw[1])

    return Ask([("TIME",), ("HMGET", key, *fields)], answer)


def members(key: str, limit: int) -> Ask[list[bytes]]:
    return Ask([("ZRANGE", key, 0, limit - 1)], lambda raw: list(raw[0]))


def list_queue(namespace: str, queue: str) -> Ask[None]:
    return Ask([("SADD", fleet_key(namespace, "queues"), queue)], lambda _: None)


def drop_from_outbox(keys: Keys, id: bytes) -> Ask[None]:
    return Ask([("HDEL", keys["outbox"], id)], lambda _: None)


def ping() -> Ask[None]:
    return Ask([("PING",)], lambda _: None)


def setting(name: str) -> Ask[str]:
    """One of Redis's own settings; empty where there is none of this name."""

    def answer(raw: list[Any]) -> str:
        found = raw[0]
        if isinstance(found, dict):
            return text(next(iter(found.values()), ""))
        return text(found[1]) if len(found) > 1 else ""

    return Ask([("CONFIG", "GET", name)], answer)


def user() -> Ask[str]:
    return Ask([("ACL", "WHOAMI")], lambda raw: text(raw[0]))


def cluster() -> Ask[tuple[dict[str, str], str]]:
    """CLUSTER INFO and CLUSTER NODES, as the node sees them that is asked."""

    def answer(raw: list[Any]) -> tuple[dict[str, str], str]:
        lines = (line.partition(":") for line in text(raw[0]).splitlines())
        return {name: value for name, _, value in lines}, text(raw[1])

    return Ask([("CLUSTER", "INFO"), ("CLUSTER", "NODES")], answer)


def watched(master: str) -> Ask[dict[str, str]]:
    """What a sentinel knows of the master of this name."""

    def answer(raw: list[Any]) -> dict[str, str]:
        words = [text(word) for word in raw[0]]
        return dict(zip(words[::2], words[1::2], strict=True))

    return Ask([("SENTINEL", "MASTER", master)], answer)


def quorum(master: str) -> Ask[None]:
    """Refused where these sentinels could not agree that the master is down, or choose another."""
    return Ask([("SENTINEL", "CKQUORUM", master)], lambda _: None)


def try_all(key: str) -> list[tuple[str, Command]]:
    """Plain commands that gopher sends, each made so that it changes nothing."""
    nobody = "no such thing"
    return [
        ("HGET", ("HGET", key, nobody)), ("HDEL", ("HDEL", key, nobody)), ("HGETALL", ("HGETALL", key)),
        ("HSCAN", ("HSCAN", key, 0)), ("HMGET", ("HMGET", key, nobody)), ("ZREM", ("ZREM", key, nobody)),
        ("ZADD", ("ZADD", key, "XX", 0, nobody)), ("ZRANGE", ("ZRANGE", key, 0, 0)),
        ("ZSCAN", ("ZSCAN", key, 0)), ("ZMSCORE", ("ZMSCORE", key, nobody)), ("UNLINK", ("UNLINK", key)),
        ("SREM", ("SREM", key, nobody)), ("SMEMBERS", ("SMEMBERS", key)), ("TIME", ("TIME",)),
        ("INFO", ("INFO", "server")),
    ]  # fmt: skip
