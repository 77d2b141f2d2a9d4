"""What many jobs hold: what was submitted, what killed their workers, when the next of them is due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from gopher_cli.model.errors import NotFound
from gopher_cli.model.job.job import Spec
from gopher_cli.model.views.job_view import JobRow
from gopher_cli.store.asks import ask
from gopher_cli.store.keyspace import PLACES
from gopher_cli.store.record import read_record
from gopher_cli.store.rows import row_of, spec_or_none
from gopher_cli.verbs.core import Core, in_slices
from gopher_cli.verbs.queues import list_queues, type_terms
from gopher_cli.verbs.read.inspect import inspect

"""Jobs are (queue, id): one read for each queue among them, and for each 500 ids of it."""


async def specs(core: Core, jobs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Spec | None]:
    """What was submitted; None for a job that is gone or that nobody can read."""
    contents: dict[tuple[str, str], Spec | None] = {}
    for queue, ids in by_queue(jobs):
        specs, _, _ = await core.store.ask(ask.records(core.keys(queue), ids))
        contents |= {(queue, id): spec_or_none(raw) for id, raw in zip(ids, specs, strict=True)}
    return contents


async def count_poison(core: Core, jobs: Iterable[tuple[str, str]]) -> int:
    """How many of these are dead because workers died of them."""
    from gopher_cli.verbs.select.match import is_poison  # late: most commands list nothing

    count = 0
    for queue, ids in by_queue(jobs):
        _, _, errors = await core.store.ask(ask.records(core.keys(queue), ids))
        for id in (id for id, history in zip(ids, errors, strict=True) if is_poison(history)):
            with suppress(NotFound):  # of one that runs again by now its history says the same
                count += (await inspect(core, queue, id)).is_poison
    return count


async def due_next(core: Core, limit: int) -> list[JobRow]:
    """Jobs that wait for their moment, the next one first."""
    waiting: list[tuple[float, str, str, str]] = []
    for queue in await list_queues(core):
        for place, state in PLACES.items():
            if state in ("scheduled", "retrying"):
                ids = await core.store.ask(ask.ids_in(core.keys(queue), place, 0, limit - 1))
                waiting += [(score, queue, place, id) for id, score in ids]
    return await _due_rows(core, sorted(waiting)[:limit])


async def _due_rows(core: Core, standing: Sequence[tuple[float, str, str, str]]) -> list[JobRow]:
    """The rows of jobs by (score, queue, place, id), in that order."""
    places = {(queue, id): (place, score) for score, queue, place, id in standing}
    terms = await type_terms(core) if standing else {}
    rows: dict[tuple[str, str], JobRow] = {}
    for queue, ids in by_queue(places):
        records = await core.store.ask(ask.records(core.keys(queue), ids))
        for id, spec, meta, errors in zip(ids, *records, strict=True):
            place, score = places[queue, id]
            rows[queue, id] = row_of(
                id, queue, PLACES[place], score, spec, read_record(meta), errors, core.defaults, terms
            )
    return [rows[job] for job in places]


def by_queue(jobs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, Sequence[str]]]:
    """Queues with their ids, some at a time."""
    apart: dict[str, list[str]] = defaultdict(list)
    for queue, id in jobs:
        apart[queue].append(id)
    return ((queue, ids) for queue, all_ids in apart.items() for ids in in_slices(all_ids))
