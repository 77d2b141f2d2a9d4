"""Streams: what happens to jobs, written by the scripts while somebody watches; and the audit.

A queue's stream is there for as long as somebody renews it, and for a minute after that: who comes back
within that time has missed nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from gopher_cli.model.facts import AuditEntry
from gopher_cli.model.text.timestamp import Instant
from gopher_cli.store.asks.ask import Ask, Command
from gopher_cli.store.calls.call import pairs, text
from gopher_cli.store.keyspace import Keys, fleet_key

KEPT_MS = 60_000
MARK = "watched"  # the entry with which a stream begins; it tells nothing


class StreamEntry(NamedTuple):
    """One entry of a queue's stream."""

    ms: int
    sequence: int
    state: str
    ids: tuple[str, ...]


def renew(all_keys: Sequence[Keys]) -> Ask[list[bool]]:
    """Keep these streams for another minute; for each whether it is there."""
    commands: list[Command] = [("PEXPIRE", keys["events"], KEPT_MS) for keys in all_keys]
    return Ask(commands, lambda raw: [bool(there) for there in raw])


def begin(keys: Keys) -> Ask[tuple[int, int] | None]:
    """Let a stream begin; where it does, or None where there is one by now.

    It gets its end under another name, which no script tells of: however few of these commands arrive, no
    stream is there that would be told of for ever.
    """
    new = keys["events_new"]
    commands: list[Command] = [
        ("XADD", new, "*", MARK, ""), ("PEXPIRE", new, KEPT_MS), ("RENAMENX", new, keys["events"]),
        ("UNLINK", new),
    ]  # fmt: skip
    return Ask(commands, lambda raw: _place(raw[0]) if raw[2] else None)


def news(after: Mapping[Keys, str], count: int, *, apart: bool) -> Ask[dict[Keys, list[StreamEntry]]]:
    """What these streams say after the places named, as (at most so many) entries of each.

    ``apart``: they live on several servers, and no command spans them.
    """
    all_keys = list(after)
    if not all_keys:
        return Ask([], lambda _: {})
    if apart:
        each = [("XRANGE", keys["events"], f"({place}", "+", "COUNT", count) for keys, place in after.items()]
        return Ask(each, lambda raw: dict(zip(all_keys, map(_entries, raw), strict=True)))
    names = [keys["events"] for keys in all_keys]
    by_name = dict(zip(names, all_keys, strict=True))

    def answer(raw: list[Any]) -> dict[Keys, list[StreamEntry]]:
        found = raw[0] or []
        streams = found.items() if isinstance(found, dict) else found
        return {by_name[text(name)]: _entries(entries) for name, entries in streams}

    return Ask([("XREAD", "COUNT", count, "STREAMS", *names, *after.values())], answer)


def ends(all_keys: Sequence[Keys]) -> Ask[list[tuple[tuple[int, int], tuple[int, int]]]]:
    """Where each of these streams begins and ends; (0, 0) where there is none."""
    commands: list[Command] = []
    for keys in all_keys:
        commands.append(("XRANGE", keys["events"], "-", "+", "COUNT", 1))
        commands.append(("XREVRANGE", keys["events"], "+", "-", "COUNT", 1))
    return Ask(commands, lambda raw: [(_first(first), _first(two)) for first, two in pairs(raw)])


def specs(keys: Keys, ids: Sequence[str]) -> Ask[list[bytes]]:
    """What these jobs are to do; empty bytes for who is gone."""
    return Ask([("HMGET", keys["spec"], *ids)], lambda raw: [spec or b"" for spec in raw[0]])


def written_down(
    namespace: str, before: str, limit: int, least: int = 0
) -> Ask[list[tuple[str, AuditEntry]]]:
    """(nonce, entry), the newest first; ``before`` is the id of an entry, or empty, ``least`` a time (ms)."""
    last = f"({before}" if before else "+"
    command = ("XREVRANGE", fleet_key(namespace, "audit"), last, least or "-", "COUNT", limit)
    return Ask([command], lambda raw: list(_audit_entries(raw[0])))


def _audit_entries(raw: Any) -> Iterable[tuple[str, AuditEntry]]:
    for id, fields in raw:
        nonce, content = text(fields[0]), fields[1]
        try:
            actor, action, target, changed, detail = msgspec.json.decode(content, type=_SAID)
        except msgspec.DecodeError:  # a newer version's, or nobody's
            actor, action, target, changed, detail = "?", "?", text(content)[:200], 0, ""
        yield nonce, AuditEntry(text(id), Instant(_place(id)[0]), actor, action, target, changed, detail)


_SAID = tuple[str, str, str, int, str]


def _entries(raw: Any) -> list[StreamEntry]:
    entries = []
    for id, fields in raw or []:
        ms, sequence = _place(id)
        for state, ids in pairs(fields):
            entries.append(StreamEntry(ms, sequence, text(state), tuple(text(ids).split())))
    return entries


def _place(id: bytes) -> tuple[int, int]:
    ms, _, sequence = text(id).partition("-")
    return int(ms), int(sequence or 0)


def _first(entries: Any) -> tuple[int, int]:
    return _place(entries[0][0]) if entries else (0, 0)
