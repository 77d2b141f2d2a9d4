"""Is there a serial order that explains what everybody saw? A search in the order of time.

Each thing that somebody did takes effect at one instant between its begin and its end. The search
walks from event to event and keeps every world that is still possible: a state, and which of the
things under way have taken effect in it. One that never ends may take effect late, or never.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from history import FOREVER

S = TypeVar("S", bound=Hashable)


@dataclass(frozen=True, eq=False)
class Step(Generic[S]):
    """``leads`` answers the states that it may lead to, none where it cannot have taken effect."""

    name: str
    began: int
    ended: int
    leads: Callable[[S], Collection[S]]


class TooWide(Exception):
    """More things at once than can be searched."""


def unexplained(steps: Iterable[Step[S]], start: S, most: int = 20_000) -> Step[S] | None:
    """The first thing that no serial order explains; None when one explains all."""
    worlds: set[tuple[S, frozenset[Step[S]]]] = {(start, frozenset())}
    under_way: set[Step[S]] = set()
    for _, ends, step in _events(steps):
        if not ends:
            under_way.add(step)
            continue
        worlds = {(state, done - {step}) for state, done in _with(step, worlds, under_way, most)}
        under_way.discard(step)
        if not worlds:
            return step
    return None


def _events(steps: Iterable[Step[S]]) -> list[tuple[int, bool, Step[S]]]:
    """Begins and ends. At the same instant begins come first: then the two may be in either order."""
    events = [(step.began, False, step) for step in steps]
    events += [(step.ended, True, step) for _, _, step in events if step.ended < FOREVER]
    return sorted(events, key=lambda event: event[:2])


def _with(
    step: Step[S],
    worlds: set[tuple[S, frozenset[Step[S]]]],
    under_way: set[Step[S]],
    most: int,
) -> set[tuple[S, frozenset[Step[S]]]]:
    """All worlds in which this step has taken effect, after any of the others under way."""
    seen, new, found = set(worlds), list(worlds), set()
    while new:
        state, done = new.pop()
        if step in done:
            found.add((state, done))
            continue
        for other in under_way - done:
            for after in other.leads(state):
                if (world := (after, done | {other})) not in seen:
                    seen.add(world)
                    new.append(world)
        if len(seen) > most:
            raise TooWide(step.name)
    return found
