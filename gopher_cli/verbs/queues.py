"""The queues that there are, and the places in them that a filter can mean."""

from __future__ import annotations

from collections.abc import Sequence

from gopher_cli.model.errors import NotFound, Usage
from gopher_cli.model.hints import LIST_QUEUES
from gopher_cli.model.job.job import JobState
from gopher_cli.model.job.terms import TypeTerms
from gopher_cli.model.select.filter import Filter
from gopher_cli.store.asks import ask
from gopher_cli.store.keyspace import PLACES
from gopher_cli.verbs.core import Core


async def list_queues(core: Core) -> list[str]:
    """Every queue that has ever been used."""
    return await core.store.ask(ask.queues(core.namespace))


async def known_queues(core: Core, queues: Sequence[str] = ()) -> list[str]:
    """The queues asked for, or all. Raises NotFound for one that nobody has used."""
    known = await list_queues(core)
    for queue in queues:
        if queue not in known:
            raise NotFound(f"no queue {queue}", LIST_QUEUES)
    return list(queues) or known


async def type_terms(core: Core, type: str = "") -> dict[str, TypeTerms]:
    """What workers have published of their types, or of one: what counts where a submit says nothing."""
    return await core.store.ask(ask.terms(core.namespace, type))


async def queues_and_places(core: Core, filter: Filter) -> tuple[list[str], list[str]]:
    """The queues, in the order of their names, and the places that a filter's states can mean."""
    for state in filter.states:
        if state not in list(JobState):
            raise Usage(f"no state {state!r}", f"states: {', '.join(JobState)}")
    states = filter.states_of(tuple(JobState))
    places = [place for place, state in PLACES.items() if state in states]
    return sorted(set(await known_queues(core, filter.queues))), places
