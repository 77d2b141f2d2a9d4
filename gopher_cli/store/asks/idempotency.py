"""Asks about replies: what a request that may be sent again was answered. No I/O."""

from __future__ import annotations

from typing import Any

from gopher_cli.store.asks.ask import Ask
from gopher_cli.store.keyspace import reply_key


def claim(namespace: str, digest: str, record: bytes, lasts: float) -> Ask[bytes]:
    """Write the record down for ``lasts`` seconds if none is there; the one that is there then."""
    key, kept = reply_key(namespace, digest), max(1, round(lasts * 1000))
    return Ask([("SET", key, record, "NX", "PX", kept), ("GET", key)], lambda raw: raw[1] or record)


def conclude(namespace: str, digest: str, record: bytes) -> Ask[None]:
    """Put the record in the place of the claim; a claim that is over has nothing to remember."""
    key = reply_key(namespace, digest)

    def answer(_: list[Any]) -> None:
        return None

    return Ask([("SET", key, record, "XX", "KEEPTTL")], answer)
