"""Schedules as they are stored (lua/lib/schedules/schedule_state.lua), and what to ask of them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import msgspec

from gopher_cli.model.errors import BadData, Usage
from gopher_cli.model.hints import LIST_SCHEDULES
from gopher_cli.model.schedule.schedule import Schedule, ScheduleTerms, check_schedule
from gopher_cli.model.schedule.schedule_state import HistoryEntry, Pause, Standing
from gopher_cli.store.asks.ask import Ask, Command, clocked, scored
from gopher_cli.store.calls.call import mapping, text
from gopher_cli.store.codec import decode_spec, encode_spec
from gopher_cli.store.keyspace import PLACES, Keys


class Stored(msgspec.Struct, frozen=True):
    """What a queue has under the name of a schedule. ``tick`` is the score of its next one, as text ("":
    none), ``revision`` empty where there is no definition."""

    name: str
    revision: str
    definition: bytes
    tick: str
    standing: Standing


class _Definition(ScheduleTerms, frozen=True, kw_only=True, omit_defaults=True):
    spec: msgspec.Raw


_KEPT = ScheduleTerms.__struct_fields__
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Definition).decode


def encode_definition(schedule: Schedule) -> bytes:
    kept = {part: getattr(schedule, part) for part in _KEPT}
    return _encode(_Definition(spec=msgspec.Raw(encode_spec(schedule.spec)), **kept))


def decode_definition(queue: str, name: str, raw: bytes) -> Schedule:
    """Raises BadData for what cannot be read."""
    try:
        if not raw:
            raise BadData("it has no definition")
        definition = _decode(raw)
        kept = {part: getattr(definition, part) for part in _KEPT}
        schedule = Schedule(name=name, queue=queue, spec=decode_spec(bytes(definition.spec)), **kept)
        check_schedule(schedule)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, BadData, Usage) as error:
        hint = LIST_SCHEDULES.put(f"gopher schedule rm {name} -Q {queue}, and set it again")
        raise BadData(f"the schedule {name} of {queue} cannot be read: {error}", hint) from None
    return schedule


def next_instant(queue: str, stored: Stored) -> int | None:
    """When it is due next (epoch ms); None without a tick. Raises BadData for one that is no instant."""
    if not stored.tick:
        return None
    at = float(stored.tick)
    if at % 1000 != 0 or at <= stored.standing.last:
        hint = LIST_SCHEDULES.put(f"gopher schedule pause {stored.name} -Q {queue}, and resume it")
        which = f"the schedule {stored.name} of {queue}"
        raise BadData(f"{which} has a tick that is not an instant: {at!r}", hint)
    return int(at)


def encode_pause(by: str, reason: str) -> str:
    """One line of JSON, as scripts keep it."""
    return _encode([by, reason]).decode()


def names(all_keys: Sequence[Keys]) -> Ask[list[list[str]]]:
    """The names of the schedules of each of these queues."""
    commands: list[Command] = [("HKEYS", keys["schedules"]) for keys in all_keys]
    return Ask(commands, lambda raw: [sorted(text(name) for name in some) for some in raw])


def known(all_keys: Sequence[Keys], name: str) -> Ask[list[bool]]:
    """Whether each of these queues has anything under this name, be it only a tick."""
    commands: list[Command] = []
    for keys in all_keys:
        commands += [("HEXISTS", keys["schedules"], name), ("ZSCORE", keys["ticks"], name)]

    def answer(raw: list[Any]) -> list[bool]:
        return [bool(there) or at is not None for there, at in zip(raw[::2], raw[1::2], strict=True)]

    return Ask(commands, answer)


def heads(all_keys: Sequence[Keys]) -> Ask[tuple[int, list[float | None]]]:
    """Redis's time, and when the first tick of each of these queues is due (epoch ms); None without one."""

    def answer(raw: list[Any]) -> list[float | None]:
        return [scored(some)[0][1] if some else None for some in raw]

    return clocked(Ask([("ZRANGE", keys["ticks"], 0, 0, "WITHSCORES") for keys in all_keys], answer))


def ticks(keys: Keys) -> Ask[list[str]]:
    """The names of all ticks of a queue."""
    return Ask([("ZRANGE", keys["ticks"], 0, -1)], lambda raw: [text(name) for name in raw[0]])


def tick_of(keys: Keys, name: str) -> Ask[str]:
    """The score of its tick as text; "" without one."""
    return Ask([("ZSCORE", keys["ticks"], name)], lambda raw: "" if raw[0] is None else _score(raw[0]))


def lasts(keys: Keys) -> Ask[dict[str, int]]:
    """Until when all is accounted for of each schedule of a queue (epoch ms), without what it is."""

    def answer(raw: list[Any]) -> dict[str, int]:
        return {text(name): read_standing(state).last for name, state in mapping(raw[0]).items()}

    return Ask([("HGETALL", keys["runs"])], answer)


def first(keys: Keys, skip: int, limit: int) -> Ask[tuple[int, list[tuple[str, float]]]]:
    """Redis's time, and ``limit`` ticks at most, the earliest first, behind ``skip`` others (epoch ms)."""
    command = ("ZRANGE", keys["ticks"], skip, skip + limit - 1, "WITHSCORES")
    return clocked(Ask([command], lambda raw: scored(raw[0])))


def read(keys: Keys, names: Sequence[str]) -> Ask[list[Stored | None]]:
    """What there is under these names, also where only a tick is left; None for what is not known."""
    hashes, ticks = ("HMGET", keys["schedules"], *names), ("ZMSCORE", keys["ticks"], *names)

    def answer(raw: list[Any]) -> list[Stored | None]:
        rows = zip(names, *raw, strict=True) if raw else ()
        return [
            None if definition is None and tick is None else _stored(name, definition, tick, runs)
            for name, definition, tick, runs in rows
        ]

    return Ask([hashes, ticks, ("HMGET", keys["runs"], *names)] if names else [], answer)


def _stored(name: str, raw: bytes | None, tick: Any, runs: bytes | None) -> Stored:
    revision, cut, definition = bytes(raw or b"").partition(b";")
    if raw is None:
        revision = b""
    elif not cut or not revision.isdigit():
        revision, definition = b"0", b""
    return Stored(name, text(revision), definition, "" if tick is None else _score(tick), read_standing(runs))


def _score(raw: Any) -> str:
    at = float(raw)
    return f"{at:.0f}" if at.is_integer() else repr(at)


def read_standing(raw: bytes | None) -> Standing:
    """What cannot be read counts from nothing."""
    lines = text(raw or b"").split("\n")
    parts = lines[0].split(";", 7)
    if len(parts) != 8 or not all(part.isdigit() for part in parts[:3]):
        return Standing()
    ran, skipped, missed, last, job, completed, paused_at, why = parts
    if not all(part.isdigit() or not part for part in (last, completed)):
        return Standing()
    pause = _pause(int(paused_at), why) if paused_at.isdigit() else None
    history = tuple(entry for line in lines[1:] if (entry := _entry(line)))
    return Standing(
        int(ran), int(skipped), int(missed), int(last or 0), job, int(completed or 0), pause, history
    )


def _pause(at: int, why: str) -> Pause:
    with suppress(msgspec.DecodeError, ValueError):
        by, reason = msgspec.json.decode(why, type=tuple[str, str])
        return Pause(at, by, reason)
    return Pause(at)


def _entry(line: str) -> HistoryEntry | None:
    parts = line.split(";", 5)
    if len(parts) != 6 or not all(parts[n].isdigit() for n in (0, 2, 3, 4)):
        return None
    instant, outcome, count, last, at, detail = parts
    if outcome == "paused":
        detail = _pause(0, detail).reason
    return HistoryEntry(int(instant), outcome, int(count), int(last), int(at), detail)


def states(keys: Keys, ids: Sequence[str]) -> Ask[dict[str, str]]:
    """The states of those of these jobs that the queue still knows."""

    def answer(raw: list[Any]) -> dict[str, str]:
        found: dict[str, str] = {}
        for state, scores in zip(PLACES.values(), raw, strict=True):
            found |= {id: state for id, score in zip(ids, scores, strict=True) if score is not None}
        return found

    commands: list[Command] = [("ZMSCORE", keys[place], *ids) for place in PLACES]
    return Ask(commands, answer) if ids else Ask([], lambda _: {})
