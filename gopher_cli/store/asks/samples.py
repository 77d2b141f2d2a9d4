"""Reading what was noted of queues minute by minute (lua/work/sample.lua)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from gopher_cli.store.asks.ask import Ask
from gopher_cli.store.calls.call import text
from gopher_cli.store.keyspace import Keys


class Sample(msgspec.Struct, frozen=True):
    """How many jobs stood where at one moment of a minute, and how long the oldest had waited."""

    enqueued: int
    scheduled: int
    retrying: int
    blocked: int
    processing: int
    failed: int
    oldest_age_ms: int


def samples(all_keys: Sequence[Keys], minutes: Sequence[int]) -> Ask[list[dict[int, Sample]]]:
    """By queue, what was noted in these minutes (since the epoch); what cannot be read is left out."""

    def answer(raw: list[Any]) -> list[dict[int, Sample]]:
        rows = ([_read(value) for value in row] for row in raw)
        return [{at: one for at, one in zip(minutes, row, strict=True) if one} for row in rows]

    return Ask([("HMGET", keys["samples"], *minutes) for keys in all_keys], answer)


def _read(raw: bytes | None) -> Sample | None:
    parts = text(raw or b"").split(",")
    sound = len(parts) == 7 and all(part.isdecimal() and len(part) < 16 for part in parts)
    return Sample(*map(int, parts)) if sound else None
