"""What several pages read: a job by its id, and the beginnings of payloads for a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec
from starlette.requests import Request

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import NotFound
from gopher_cli.model.job.ids import VALID_ID
from gopher_cli.model.numbers.histogram import per_minute, window, window_length
from gopher_cli.model.numbers.series import History
from gopher_cli.model.text.duration import parse_when
from gopher_cli.model.text.safe import safe
from gopher_cli.model.views.job_view import JobDetail, JobRow
from gopher_cli.model.views.stats import Stats, WorkerInfo
from gopher_cli.store.asks import ask
from gopher_cli.store.keyspace import PLACES
from gopher_cli.store.record import read_record
from gopher_cli.store.rows import row_of, spec_or_none
from gopher_cli.verbs.select.match import is_poison
from gopher_cli.web.dashboard.views.overview_charts import RANGES, is_young

_PREVIEW = 120


def gopher_of(request: Request) -> Gopher:
    gopher: Gopher = request.app.state.gopher
    return gopher


async def now_of(gopher: Gopher) -> int:
    """The time of Redis, by which all times of jobs are: epoch milliseconds."""
    return await gopher.store.ask(ask.time_ms())


def now_in(stats: Stats) -> int:
    """The time of Redis when these were counted, in the same unit."""
    return round(parse_when(stats.at) * 1000)


class Line(msgspec.Struct, frozen=True):
    """A row of a table of jobs: the job, and how its payload begins."""

    row: JobRow
    payload: str
    tags: tuple[str, ...] = ()


async def lines_of(gopher: Gopher, rows: Sequence[JobRow]) -> list[Line]:
    """The rows with their payloads: one read for each queue among them."""
    apart: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        apart[row.queue].append(row.id)
    specs: dict[tuple[str, str], bytes] = {}
    for queue, ids in apart.items():
        found, _, _ = await gopher.store.ask(ask.records(gopher.keys(queue), ids))
        specs |= {(queue, id): spec for id, spec in zip(ids, found, strict=True)}
    return [_line(row, specs.get((row.queue, row.id), b"")) for row in rows]


def _line(row: JobRow, raw: bytes) -> Line:
    spec = spec_or_none(raw)
    if spec is None:
        return Line(row, "")
    text = bytes(spec.payload)[: _PREVIEW * 4].decode("utf-8", "replace")
    begins = text if len(text) <= _PREVIEW else f"{text[:_PREVIEW]}…"
    return Line(row, safe(begins), spec.options.tags)


async def job_at(gopher: Gopher, id: str, queue: str = "") -> JobDetail:
    """The job of this whole id. Raises NotFound, or Ambiguous where several queues have one."""
    try:
        if VALID_ID.fullmatch(id):
            return await gopher.inspect(await gopher.queue_of(id, queue), id)
    except NotFound:
        pass
    raise _no_job(id)


def _no_job(id: str) -> NotFound:
    return NotFound(f"There is no job {id[:80]!r}.", "It may have been kept long enough, or deleted.")


async def payload_at(gopher: Gopher, id: str, queue: str = "") -> bytes:
    """What was submitted, byte for byte. Raises as `job_at`, and NotFound where nobody can read it."""
    if not VALID_ID.fullmatch(id):
        raise _no_job(id)
    (raw,), _, _ = await gopher.store.ask(ask.records(gopher.keys(await gopher.queue_of(id, queue)), [id]))
    if (spec := spec_or_none(raw)) is None:
        raise NotFound("What is stored of this job cannot be read.", "Look at it with: gopher doctor")
    return bytes(spec.payload)


async def poison_among(gopher: Gopher, picked: Iterable[tuple[str, str]]) -> int:
    """How many of these (queue, id) are dead because workers died of them."""
    apart: dict[str, list[str]] = defaultdict(list)
    for queue, id in picked:
        apart[queue].append(id)
    count = 0
    for queue, ids in apart.items():
        _, _, errors = await gopher.store.ask(ask.records(gopher.keys(queue), ids))
        for id in (id for id, said in zip(ids, errors, strict=True) if is_poison(said)):
            with suppress(NotFound):  # of one that runs again by now its history says the same
                count += (await gopher.inspect(queue, id)).is_poison
    return count


def served(workers: Sequence[WorkerInfo]) -> set[str]:
    """The queues that a living worker serves."""
    return {queue for one in workers if one.alive for queue in one.queues}


async def worker_names(gopher: Gopher) -> dict[str, str]:
    """What people call the workers that are known, by id."""
    return {one.id: one.label for one in await gopher.workers()}


async def due_next(gopher: Gopher, *, most: int) -> list[JobRow]:
    """Jobs that wait for their moment, the next one first."""
    waiting: list[tuple[float, str, str, str]] = []
    for queue in await gopher.queues():
        for place, state in PLACES.items():
            if state in ("scheduled", "retrying"):
                found = await gopher.store.ask(ask.ids_in(gopher.keys(queue), place, 0, most - 1))
                waiting += [(score, queue, place, id) for id, score in found]
    return await _rows(gopher, sorted(waiting)[:most])


async def _rows(gopher: Gopher, standing: Sequence[tuple[float, str, str, str]]) -> list[JobRow]:
    """The rows of jobs by (score, queue, place, id), in that order."""
    rows: dict[tuple[str, str], JobRow] = {}
    terms = await gopher.terms() if standing else {}
    for queue in {queue for _, queue, _, _ in standing}:
        mine = [(id, place, score) for score, of, place, id in standing if of == queue]
        records = await gopher.store.ask(ask.records(gopher.keys(queue), [id for id, _, _ in mine]))
        for (id, place, score), spec, meta, errors in zip(mine, *records, strict=True):
            rows[queue, id] = row_of(
                id, queue, PLACES[place], score, spec, read_record(meta), errors, gopher.defaults, terms
            )
    return [rows[queue, id] for _, queue, _, id in standing]


async def recent(gopher: Gopher, queues: Sequence[str], wanted: str = "") -> tuple[str, History]:
    """The range of this name and its history; else those of an hour, or of 15 minutes where that is all."""
    name = wanted if wanted in RANGES else "1h"
    found = await gopher.history(RANGES[name], queues=queues)
    if wanted not in RANGES and is_young(found):
        name = "15m"
        found = await gopher.history(RANGES[name], queues=queues)
    return name, found


class Speed(msgspec.Struct, frozen=True):
    """Attempts that ended: a second, over five minutes; and in each whole minute of the last hour."""

    per_second: float
    per_minute: list[int]


async def speeds(gopher: Gopher, queues: Sequence[str]) -> dict[str, Speed]:
    now = await now_of(gopher)
    found = await gopher.store.ask(ask.cells([gopher.keys(queue) for queue in queues]))
    return {queue: _speed(cells, now) for queue, cells in zip(queues, found, strict=True)}


def _speed(cells: Mapping[str, bytes], now: int) -> Speed:
    ended = sum(cell.attempts for cell in window(cells, now, 300).values())
    return Speed(ended / window_length(now, 300), per_minute([cells], now, 61)[:-1])


async def types_of(gopher: Gopher) -> dict[str, Any]:
    """What workers have published; nothing where one of them has published what is no JSON."""
    try:
        return dict(await gopher.types())
    except msgspec.DecodeError:
        return {}
