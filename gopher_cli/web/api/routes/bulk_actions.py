"""What an operator does to many jobs over HTTP: cancel, retry, purge; a few seconds' worth a request."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.gopher import Gopher
from gopher_cli.model.access.scopes import OPERATE
from gopher_cli.model.errors import Ambiguous, NotFound
from gopher_cli.model.job.ids import VALID_ID
from gopher_cli.model.job.value_checks import check_queue
from gopher_cli.model.select.actions import CANCEL, DELETE, GONE, RETRY, Action, Answer, Result
from gopher_cli.model.select.bulk import Bulk, words_of
from gopher_cli.model.select.filter import Filter
from gopher_cli.store.keyspace import PLACES
from gopher_cli.verbs.read.inspect import the_only
from gopher_cli.web.api.support import openapi
from gopher_cli.web.api.support.filters import STEP_SECONDS, Again, Meant, filter_of_body, read_meant
from gopher_cli.web.api.support.openapi import answers, body_of
from gopher_cli.web.api.support.route_table import Routes
from gopher_cli.web.api.support.views import answered
from gopher_cli.web.server.problems import Problem, field, soon
from gopher_cli.web.services.services import gopher_of, services_of

routes = Routes("/api/v1", "jobs")


class Part(msgspec.Struct, kw_only=True):
    """So many jobs of one queue and state."""

    queue: str
    state: str
    jobs: int


class Changed(msgspec.Struct, kw_only=True):
    """What was done. With `more` the same request with this `cursor` goes on.

    Where the `rate` asks for a wait, it does nothing before `retry_after` seconds are over. `left` counts
    the jobs that could not be changed, by reason; `ambiguous` is an id that several queues have: name the
    queue. A dry run counts them in `matched`.
    """

    changed: int
    left: dict[str, int]
    more: bool
    cursor: str | None
    retry_after: float | None = None
    matched: int | None = None
    by: list[Part] | None = None


openapi.SCHEMAS += [Meant, Again, Changed]
_EXAMPLES = {
    "all that timed out": {"value": {"error": "timed out", "type": "email"}},
    "count first": {"value": {"state": ["failed"], "older_than": "7d", "dry_run": True}},
    "everything": {"value": {"all": True}},
}
_DONE_EXAMPLE = {
    "changed": 41, "left": {"locked": 1}, "more": False, "cursor": None, "retry_after": None,
    "matched": None, "by": None,
}  # fmt: skip
BULK_ANSWERS = answers(
    "Changed", "what was done", example=_DONE_EXAMPLE, s404="no such queue",
    s422="a field is not valid, or no job is meant",
)  # fmt: skip


def meant_body(name: str = "Meant") -> dict[str, Any]:
    body = body_of(name)
    body["content"]["application/json"]["examples"] = _EXAMPLES
    return body


@routes("POST /jobs/cancel", OPERATE, "Cancel many jobs", BULK_ANSWERS, body=meant_body())
async def cancel_jobs(request: Request) -> Response:
    """Running jobs are asked to stop: they count as left, because they are `requested`."""
    return await _many(request, CANCEL)


@routes("POST /jobs/retry", OPERATE, "Run many jobs again now", BULK_ANSWERS, body=meant_body("Again"))
async def retry_jobs(request: Request) -> Response:
    """Retrying and failed jobs, unless states are named."""
    return await _many(request, RETRY, Again)


@routes("POST /jobs/purge", OPERATE, "Delete many jobs for good", BULK_ANSWERS, body=meant_body())
async def purge_jobs(request: Request) -> Response:
    """In any state but processing, unless that is named."""
    return await _many(request, DELETE)


@routes(
    "POST /dlq/requeue", OPERATE, "Bring dead jobs back", BULK_ANSWERS, body=meant_body("Again"), tag="dlq"
)
async def requeue_dlq(request: Request) -> Response:
    """The oldest first, with all their attempts before them."""
    return await _many(request, RETRY, Again, ("failed",))


async def _many(
    request: Request, action: Action, body: type[Meant] = Meant, states: Sequence[str] = ()
) -> Response:
    meant = await read_meant(request, body)
    return await done(request, action, meant, filter_of_body(meant, states))


async def done(request: Request, action: Action, meant: Meant, filter: Filter) -> Response:
    """Do it, or count; for `STEP_SECONDS`, or half of what an answer may take."""
    gopher = gopher_of(request)
    seconds = min(STEP_SECONDS, services_of(request).settings.server_write_timeout / 2)
    if meant.ids is not msgspec.UNSET:
        _check_alone(meant)
        return answered(await _by_ids(gopher, action, meant, filter))
    target, rate = _where_to(meant), _pace(meant)
    limit, cursor = meant.limit or 0, meant.cursor or ""
    with _cursor_or(meant):
        if meant.dry_run:
            counting = gopher.tally(action, filter, cursor=cursor, seconds=seconds, target=target)
            counts, after = await soon(counting, seconds)
            jobs = sum(counts.values())
            by = [Part(queue=queue, state=state, jobs=n) for (queue, state), n in sorted(counts.items())]
            most = min(jobs, limit) if limit else jobs
            return answered(
                Changed(changed=0, left={}, more=bool(after), cursor=after or None, matched=most, by=by)
            )
        working = gopher.bulk(
            action, filter, limit=limit, cursor=cursor, seconds=seconds, target=target, rate=rate
        )
        step = await soon(working, seconds)
    return answered(
        Changed(
            changed=step.changed, left=words_of(step.left), more=bool(step.cursor),
            cursor=step.cursor or None, retry_after=round(step.retry_after, 3) or None,
        )
    )  # fmt: skip


def _check_alone(meant: Meant) -> None:
    for name in ("limit", "cursor", "rate"):
        if getattr(meant, name, None):
            raise Problem(422, f"ids name the jobs: {name} does not go with them", pointer=f"/{name}")


def _cursor_or(meant: Meant) -> Any:
    return field("/cursor" if meant.cursor else "")


def _pace(meant: Meant) -> float:
    with field("/rate"):
        return meant.pace if isinstance(meant, Again) else 0.0


def _where_to(meant: Meant) -> str:
    target = getattr(meant, "target", None)
    if not target:
        return ""
    with field("/target"):
        return check_queue(target)


async def _by_ids(gopher: Gopher, action: Action, meant: Meant, filter: Filter) -> Changed:
    """These jobs, at most 500 of them, as far as they are in a state that is meant."""
    target, bulk = _where_to(meant), Bulk()
    apart: dict[tuple[str, str], list[str]] = defaultdict(list)
    for id in dict.fromkeys(meant.ids or ()):
        try:
            apart[await _place(gopher, id, filter)].append(id)
        except NotFound:
            bulk.add(action, {GONE: 1})
        except Ambiguous:
            bulk.add(action, {Answer(Result.AMBIGUOUS): 1})
    states = action.meant(filter, target).states
    if meant.dry_run:
        by = _parts({where: len(ids) for where, ids in apart.items()})
        jobs = sum(part.jobs for part in by if part.state in states)
        return Changed(changed=0, left=words_of(bulk.left), more=False, cursor=None, matched=jobs, by=by)
    for (queue, place), ids in apart.items():
        if PLACES[place] in states:
            counts = await soon(gopher.do_to(action, queue, place, ids, target), STEP_SECONDS)
            bulk.add(action, counts)
        else:
            bulk.add(action, {action.read(PLACES[place]): len(ids)})
    return Changed(changed=bulk.changed, left=words_of(bulk.left), more=False, cursor=None)


def _parts(by_place: Mapping[tuple[str, str], int]) -> list[Part]:
    by_state = Counter[tuple[str, str]]()
    for (queue, place), jobs in by_place.items():
        by_state[queue, PLACES[place]] += jobs
    return [Part(queue=queue, state=state, jobs=n) for (queue, state), n in sorted(by_state.items())]


async def _place(gopher: Gopher, id: str, filter: Filter) -> tuple[str, str]:
    """Its queue and its place. Raises NotFound, or Ambiguous where several of these queues have it."""
    if not VALID_ID.fullmatch(id):
        raise Problem(422, f"{id[:64]!r} is not an id", pointer="/ids")
    having = (await soon(gopher.queues_of([id])))[id]
    queue = the_only([queue_of for queue_of in having if not filter.queues or queue_of in filter.queues], id)
    place = await soon(gopher.place_of(queue, id))
    if not place:
        raise NotFound(f"no job {id!r}")
    return queue, place
