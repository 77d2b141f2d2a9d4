"""What happens, as it happens; and who did what."""

from __future__ import annotations

import re
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.model.access.scopes import ADMIN, READ
from gopher_cli.model.errors import Usage
from gopher_cli.model.events import GONE, OF_QUEUES, OF_SCHEDULES, EventFilter, read_event_id
from gopher_cli.model.job.job import JobState
from gopher_cli.model.text.timestamp import json_of
from gopher_cli.web.api.support.event_stream import EventStream, tell
from gopher_cli.web.api.support.openapi import problems
from gopher_cli.web.api.support.parameters import check_filled, only, words_of
from gopher_cli.web.authorize import needs, still_may
from gopher_cli.web.server.problems import Problem, soon
from gopher_cli.web.services.services import gopher_of, services_of

_KNOWN = (*JobState, GONE, *OF_QUEUES, *OF_SCHEDULES)
_PLACE = re.compile(r"[0-9]{1,15}-[0-9]{1,12}")
router = APIRouter(prefix="/api/v1", tags=["events"])

_EXAMPLE = (
    'id: 1767225600000-0-default\nevent: job\ndata: {"job_id":"0193...","type":"email",'
    '"queue":"default","status":"completed","at":"2026-01-01T00:00:00Z"}\n\n'
)


_stream = problems(
    s400="Last-Event-ID is not the id of an event",
    s403="the key lacks the scope read",
    s422="a word that is not a state, or an unknown parameter",
    s503="too many clients watch already",
) | {
    200: {
        "description": "a stream without an end",
        "content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}},
    }
}
_entry = {
    "type": "object",
    "required": ["id", "at", "actor", "action", "target", "changed", "detail"],
    "properties": {
        **{name: {"type": "string"} for name in ("id", "at", "actor", "action", "target", "detail")},
        "changed": {"type": "integer"},
    },
}
_page = {
    "type": "object",
    "required": ["items", "next_cursor"],
    "properties": {
        "items": {"type": "array", "items": _entry},
        "next_cursor": {"type": ["string", "null"]},
    },
}
_log = problems(s403="the key lacks the scope admin", s422="a wrong parameter") | {
    200: {"description": "a page, the newest first", "content": {"application/json": {"schema": _page}}}
}

Words = Annotated[list[str] | None, Query(description="only these (repeat, or a,b)")]
Since = Annotated[str | None, Header(alias="Last-Event-ID", description="go on behind this event")]
SinceToo = Annotated[str | None, Query(description="the same, for clients that cannot send the header")]
Limit = Annotated[int, Query(ge=1, le=500)]
Cursor = Annotated[str | None, Query(description="`next_cursor` of the page before", max_length=40)]


@router.get(
    "/events", summary="Watch what happens", operation_id="watch_events", response_class=Response,
    responses=_stream,
)  # fmt: skip
async def events(
    request: Request,
    queue: Words = None,
    job: Words = None,
    state: Words = None,
    type: Words = None,
    last_event_id: SinceToo = None,
    since: Since = None,
) -> Response:
    """Server-sent events: `job` for each job that came to a state, `queue` for a queue that was paused or
    resumed, `redis` when Redis goes `away` and is `back`. A comment every 15 seconds shows that somebody is
    there.

    `EventSource` comes back by itself and misses nothing of the last minute; an event may then come twice.
    """
    only(request, "queue", "job", "state", "type", "last_event_id")
    wanted = EventFilter(
        queues=_words("queue", queue), jobs=_words("job", job), states=_states(state),
        types=_words("type", type),
    )  # fmt: skip
    if last_event_id is not None:
        check_filled("last_event_id", last_event_id)
    last_id = _event_id(since or last_event_id or "")
    feed = services_of(request).event_feed
    client = feed.join()

    told = tell(feed, client, wanted, last_id, partial(still_may, request, READ))
    return EventStream(told, feed.closed, lambda: feed.leave(client))


@router.get(
    "/audit", summary="Who did what", operation_id="list_audit", response_class=Response, responses=_log,
    dependencies=[Depends(needs(ADMIN))],
)  # fmt: skip
async def audit(request: Request, limit: Limit = 100, cursor: Cursor = None) -> Response:
    """What people have changed, the newest first; some ten thousand entries are kept."""
    only(request, "limit", "cursor")
    if cursor is not None and not _PLACE.fullmatch(cursor):
        hint = "take next_cursor of the page before"
        raise Problem(422, "this cursor was not made here", hint=hint, parameter="cursor")
    found = await soon(gopher_of(request).audit_log(limit=limit + 1, before=cursor or ""))
    more = found[limit - 1].id if len(found) > limit else None
    said = {"items": found[:limit], "next_cursor": more}
    return Response(json_of(said), 200, {"Cache-Control": "no-store"}, "application/json")


def _words(name: str, given: list[str] | None) -> frozenset[str]:
    return frozenset(words_of(name, given or ()))


def _states(given: list[str] | None) -> frozenset[str]:
    words = _words("state", given)
    if unknown := sorted(words - set(_KNOWN)):
        raise Problem(422, f"no state {unknown[0][:80]!r}", hint=f"states: {', '.join(_KNOWN)}")
    return words


def _event_id(text: str) -> str:
    try:
        return str(read_event_id(text)) if text else ""
    except Usage as error:
        raise Problem(400, f"Last-Event-ID: {error}", hint=error.hint) from None
