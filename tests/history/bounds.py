"""Upper bounds over a history: it is not enough that something happens, it must happen in time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from history import FOREVER, History

_SECOND = 1e9


@dataclass(frozen=True)
class Bounds:
    """Seconds; 0 is no bound. ``start``: from a submit to the first lease, for a job that may run at once;
    ``late``: the same from when it is due; ``again``: from the lease that was lost to the next one."""

    start: float = 0.0
    late: float = 0.0
    again: float = 0.0


def waits(history: History) -> dict[str, list[tuple[float, str]]]:
    """(seconds, id) of all that came to be leased, by what it waited for: `start high`, `late`, `again 2`."""
    found: dict[str, list[tuple[float, str]]] = defaultdict(list)
    touched = history.touched("requeue", "cancel", "purge")
    for id, op in history.submitted.items():
        stamps = [move.stamp for move in history.moves_of.get(id, []) if move.leased]
        if stamps and id not in touched and op.ended < FOREVER and not op.after:
            kind = "late" if op.due else f"start {_class(op.priority)}"
            found[kind].append(((stamps[0] - (op.due or op.ended)) / _SECOND, id))
    for id, moves in history.moves_of.items():
        losses, since = 0, 0
        for move in moves:
            if move.leased:
                if losses and since:
                    found[f"again {losses}"].append(((move.stamp - since) / _SECOND, id))
                since = move.stamp
            elif move.lost:
                losses += 1
            else:
                losses, since = 0, 0
    return found


def _class(priority: int) -> str:
    return "high" if priority >= 7 else "normal" if priority >= 4 else "low"


def exceeded(history: History, bounds: Bounds) -> Iterator[str]:
    """What came later than that; and what never came, though it was ready."""
    limits = {"start": bounds.start, "late": bounds.late, "again": bounds.again}
    for kind, some in waits(history).items():
        most = limits[kind.partition(" ")[0]]
        for seconds, id in some:
            if most and seconds > most:
                yield f"{id} ({kind}) was leased after {seconds:.1f} s; {most:g} s are the most"
    for id, state in history.final.items():
        if state in ("enqueued", "scheduled", "retrying", "processing") and any(limits.values()):
            yield f"{id} is {state}, and nothing more has come of it"


def percentiles(history: History) -> str:
    """For people: the middle, the ninth tenth and the most of each kind of wait, in ms."""
    lines = []
    for kind, some in sorted(waits(history).items()):
        ms = sorted(seconds * 1000 for seconds, _ in some)
        lines.append(f"{kind}: p50 {ms[len(ms) // 2]:.0f}, p90 {ms[len(ms) * 9 // 10]:.0f}, max {ms[-1]:.0f}")
    return "; ".join(lines)
