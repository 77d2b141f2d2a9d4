"""Calls about what is expected of a queue: declare it, drop it, look at it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from gopher_cli.model.job.ids import VALID_ID
from gopher_cli.model.schedule.expect import MOST, Expect
from gopher_cli.store.calls.call import Arg, Call, make_call, mapping, text
from gopher_cli.store.keyspace import Keys


class _About(msgspec.Struct, omit_defaults=True):
    """Who has declared it. What a newer gopher adds is passed over."""

    by: str = ""


_FAR = 10**14  # ms: the year 5138
_decode = msgspec.json.Decoder(_About).decode


class Expected(NamedTuple):
    """What became of a declaration: ``word`` is new, changed, same or full."""

    word: str
    expect: Expect


def expect(keys: Keys, declared: Expect, *, most: int = MOST, now: str = "") -> Call[Expected]:
    """Declare it from now on; ``wanted.last_success`` is what is known so far."""
    argv: dict[str, Arg] = {
        "now": now, "name": declared.name, "type": declared.type, "every": f"{declared.every * 1000:.0f}",
        "grace": f"{declared.grace * 1000:.0f}", "seen": declared.last_success, "most": most,
        "about": msgspec.json.encode(_About(declared.by)),
    }  # fmt: skip

    def answer(raw: Any) -> Expected:
        at, word = int(raw[0]), text(raw[1])
        if word == "full":
            return Expected(word, declared)
        last, since, about = raw[2:5]
        stored = msgspec.structs.replace(
            declared, created=int(since), by=_by(about), last_success=int(last), now=at
        )
        return Expected(word, stored)

    return make_call("expect", keys, argv, answer)


def drop_expect(keys: Keys, name: str, *, now: str = "") -> Call[bool]:
    """Whether there was one."""
    return make_call("drop_expect", keys, {"now": now, "name": name}, lambda raw: bool(raw[1]))


def expects(keys: Keys, *, now: str = "") -> Call[list[Expect]]:
    """All of a queue, by name. One that cannot be read has no type."""

    def answer(raw: Any) -> list[Expect]:
        successes = mapping(raw[2])
        return [
            _read(keys.queue, name, line, successes, int(raw[0]))
            for name, line in sorted(mapping(raw[1]).items())
        ]

    return make_call("expects", keys, {"now": now}, answer)


def _read(queue: str, name: str, line: bytes, successes: Mapping[str, bytes], now: int) -> Expect:
    try:
        type, every, grace, since, about = text(line).split(";", 4)
        last = int(successes.get(type, 0))
        times = (last, int(since), int(every), int(grace))
        if not VALID_ID.fullmatch(type) or not all(0 <= ms < _FAR for ms in times):
            raise ValueError(line)
        return Expect(
            queue=queue, name=name, type=type, every=int(every) / 1000, grace=int(grace) / 1000,
            created=int(since), by=_by(about), last_success=last, now=now, noted=type in successes,
        )  # fmt: skip
    except ValueError:
        return Expect(queue=queue, name=name, now=now)


def _by(about: bytes | str) -> str:
    try:
        return _decode(about).by
    except msgspec.DecodeError:
        return ""
