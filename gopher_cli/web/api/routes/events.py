"""What happens, as it happens; and who did what."""

from __future__ import annotations

import re
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.model.access.scopes import ADMIN, READ
from gopher_cli.model.errors import Usage
from gopher_cli.model.events import GONE, OF_QUEUES, OF_SCHEDULES, EventFilter, read_event_id
from gopher_cli.model.job.job import JobState
from gopher_cli.model.text.timestamp import json_of
from gopher_cli.web.api.support.event_stream import EventStream, tell
from gopher_cli.web.api.support.openapi import problems
from gopher_cli.web.api.support.route_table import Routes
from gopher_cli.web.authorize import still_may
from gopher_cli.web.server.parameters import MANY, MOST, NUMBER, TEXT, Given, Parameters
from gopher_cli.web.server.problems import Problem, soon
from gopher_cli.web.services.services import gopher_of, services_of

_KNOWN = (*JobState, GONE, *OF_QUEUES, *OF_SCHEDULES)
_PLACE = re.compile(r"[0-9]{1,15}-[0-9]{1,12}")
routes = Routes("/api/v1", "events")

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

_WORDS = (MANY, "only these (repeat, or a,b)")
_EVENTS = Parameters(
    queue=_WORDS, job=_WORDS, state=_WORDS, type=_WORDS,
    last_event_id=(TEXT, "the same, for clients that cannot send the header"),
)  # fmt: skip
_LAST_EVENT = {
    "name": "Last-Event-ID", "in": "header", "required": False, "schema": {"type": "string"},
    "description": "go on behind this event",
}  # fmt: skip
_AUDIT = Parameters(
    "limit", "cursor", limit=(NUMBER | {"minimum": 1, "maximum": MOST, "default": 100}, "how many at most")
)


@routes("GET /events", READ, "Watch what happens", takes=_EVENTS, headers=[_LAST_EVENT], answers=_stream)
async def watch_events(request: Request) -> Response:
    """Server-sent events: `job` for each job that came to a state, `queue` for a queue that was paused or
    resumed, `redis` when Redis goes `away` and is `back`. A comment every 15 seconds shows that somebody is
    there.

    `EventSource` comes back by itself and misses nothing of the last minute; an event may then come twice.
    """
    given = Given(request)
    filter = EventFilter(
        queues=frozenset(given.words("queue")), jobs=frozenset(given.words("job")), states=_states(given),
        types=frozenset(given.words("type")),
    )  # fmt: skip
    last_id = given.text("last_event_id")
    last_id = _event_id(request.headers.get("last-event-id") or last_id)
    feed = services_of(request).event_feed
    client = feed.join()

    frames = tell(feed, client, filter, last_id, partial(still_may, request, READ))
    return EventStream(frames, feed.closed, lambda: feed.leave(client))


@routes("GET /audit", ADMIN, "Who did what", takes=_AUDIT, answers=_log)
async def list_audit(request: Request) -> Response:
    """What people have changed, the newest first; some ten thousand entries are kept."""
    given = Given(request)
    limit, cursor = given.number("limit", 100, MOST), given.text("cursor")
    if cursor and not _PLACE.fullmatch(cursor):
        hint = "take next_cursor of the page before"
        raise Problem(422, "this cursor was not made here", hint=hint, parameter="cursor")
    entries = await soon(gopher_of(request).audit_log(limit=limit + 1, before=cursor))
    more = entries[limit - 1].id if len(entries) > limit else None
    body = {"items": entries[:limit], "next_cursor": more}
    return Response(json_of(body), 200, {"Cache-Control": "no-store"}, "application/json")


def _states(given: Given) -> frozenset[str]:
    words = frozenset(given.words("state"))
    if unknown := sorted(words - set(_KNOWN)):
        raise Problem(422, f"no state {unknown[0][:80]!r}", hint=f"states: {', '.join(_KNOWN)}")
    return words


def _event_id(text: str) -> str:
    try:
        return str(read_event_id(text)) if text else ""
    except Usage as error:
        raise Problem(400, f"Last-Event-ID: {error}", hint=error.hint) from None
