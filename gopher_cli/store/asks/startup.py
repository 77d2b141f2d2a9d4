"""Asks about what the fleet should know, and whether the data is ours at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from gopher_cli.store.asks.ask import Ask, info
from gopher_cli.store.calls.call import text
from gopher_cli.store.keyspace import fleet_key, is_ours
from gopher_cli.store.schema_version import FIELD, SchemaVersion, checked, written


class Standing(NamedTuple):
    """``written``: somebody has written the schema version down. ``missing``: the fleet knows it not."""

    schema: SchemaVersion
    written: bool
    missing_queues: list[str]
    missing_types: list[str]


def standing(namespace: str, queues: Sequence[str] = (), types: Sequence[str] = ()) -> Ask[Standing]:
    """The schema version, and whether these are known. Raises Outdated, BadData."""

    def answer(raw: list[Any]) -> Standing:
        version, known = checked(raw[0]), iter(raw[1:])
        lost_queues = [name for name in queues if not next(known)]
        lost_types = [name for name in types if not next(known)]
        return Standing(version, raw[0] is not None, lost_queues, lost_types)

    return Ask(
        [
            ("HGET", fleet_key(namespace, "meta"), FIELD),
            *(("SISMEMBER", fleet_key(namespace, "queues"), queue) for queue in queues),
            *(("HEXISTS", fleet_key(namespace, "types"), type) for type in types),
        ],
        answer,
    )


def first_look(namespace: str) -> Ask[tuple[dict[str, str], bool]]:
    """What the server says of itself, and whether the schema version is written. Raises as `standing`."""
    look = info()

    def answer(raw: list[Any]) -> tuple[dict[str, str], bool]:
        checked(raw[1])
        return look.answer(raw[:1]), raw[1] is not None

    return Ask([*look.commands, ("HGET", fleet_key(namespace, "meta"), FIELD)], answer)


def write_schema(namespace: str, *, anew: bool = False) -> Ask[None]:
    """Write our schema version down: where there is none, or ``anew``."""
    command = "HSET" if anew else "HSETNX"
    return Ask([(command, fleet_key(namespace, "meta"), FIELD, written())], lambda _: None)


def is_used(namespace: str) -> Ask[bool]:
    """Whether some gopher has used this namespace."""
    keys = (fleet_key(namespace, "meta"), fleet_key(namespace, "queues"))
    return Ask([("EXISTS", *keys)], lambda raw: bool(raw[0]))


def foreign_keys(namespace: str, cursor: int) -> Ask[tuple[int, list[str]]]:
    """One step through the database; the keys under our prefix that are not ours."""

    def answer(raw: list[Any]) -> tuple[int, list[str]]:
        after, names = raw[0]
        return int(after), [name for name in map(text, names) if not is_ours(namespace, name)]

    return Ask([("SCAN", cursor, "MATCH", f"{namespace}:*", "COUNT", 1000)], answer)
