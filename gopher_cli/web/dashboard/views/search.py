"""The search box: what was typed as a Filter, the tabs of states, and how many jobs there are."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import msgspec

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import GopherError, Usage
from gopher_cli.model.job.job import JobState
from gopher_cli.model.select.filter import Filter
from gopher_cli.model.select.filter_parser import format_search, parse_search
from gopher_cli.web.dashboard.views.queries import types_of

_COUNTING = 1.0  # seconds
_STEP = 500


@dataclass(frozen=True, slots=True)
class Search:
    """``wrong`` says what cannot be understood of the text; then nothing is meant."""

    text: str
    wanted: Filter
    wrong: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Tab:
    """``count`` is None where counting would mean to look at every job."""

    name: str
    text: str
    count: int | None
    chosen: bool


@dataclass(frozen=True, slots=True)
class Count:
    """``whole`` is False where there are more than could be counted in time."""

    count: int
    whole: bool


def read_search(text: str) -> Search:
    text = text.strip()
    try:
        return Search(text, parse_search(text))
    except Usage as error:
        return Search(text, Filter(), str(error), error.hint)


def with_states(filter: Filter, *states: str) -> str:
    """The text of the same search for other states."""
    return format_search(msgspec.structs.replace(filter, states=states))


async def tabs_of(gopher: Gopher, search: Search) -> list[Tab]:
    """One for all, and one for each state."""
    counts = await depths(gopher, search.wanted)
    tabs = [Tab("all", with_states(search.wanted), _sum(counts), not search.wanted.states)]
    for state in map(str, JobState):
        count = None if counts is None else counts[state]
        tabs.append(Tab(state, with_states(search.wanted, state), count, state in search.wanted.states))
    return tabs


def total_of(tabs: list[Tab]) -> int | None:
    """How many jobs a search means in all; None where nobody has counted."""
    counts = [tab.count for tab in tabs if tab.chosen and tab.count is not None]
    return sum(counts) if counts else None


async def depths(gopher: Gopher, filter: Filter) -> dict[str, int] | None:
    """How many jobs are in each state; None where their content would decide."""
    if filter.by_content:
        return None
    queues = await gopher.queue_stats(filter.queues)
    return {str(state): sum(queue.states[state] for queue in queues) for state in JobState}


async def count_of(gopher: Gopher, filter: Filter) -> Count:
    """How many a filter means, as far as can be counted in a second."""
    counts = await depths(gopher, filter)
    if counts is not None:
        return Count(sum(counts[state] for state in filter.states or counts), True)
    count, cursor, until = 0, "", time.monotonic() + _COUNTING
    while True:
        page = await gopher.page(filter, limit=_STEP, cursor=cursor)
        count += len(page.rows)
        cursor = page.next_cursor
        if not cursor or time.monotonic() > until:
            return Count(count, not cursor)


async def suggestions(gopher: Gopher) -> list[str]:
    """What the search box offers to complete: states, queues, types that workers know."""
    try:
        queues, types = await asyncio.gather(gopher.queues(), types_of(gopher))
    except GopherError:
        return []
    filters = [Filter(states=(str(state),)) for state in JobState]
    filters += [Filter(queues=(queue,)) for queue in queues[:30]]
    filters += [Filter(type=type) for type in list(types)[:30]]
    return [format_search(filter) for filter in filters]


def _sum(counts: dict[str, int] | None) -> int | None:
    return None if counts is None else sum(counts.values())
