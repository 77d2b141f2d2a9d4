"""The description of schedules: what is sent, with examples as people send them, and what is answered."""

from __future__ import annotations

from typing import Any

from gopher_cli.web.api.support.openapi import answer, problems

IF_NONE_MATCH = {
    "name": "If-None-Match", "in": "header", "required": False, "schema": {"type": "string"},
    "description": "the ETag that is known: 304 while the schedule is still as it says",
}  # fmt: skip
_ONLY_NEW = {
    "name": "If-None-Match", "in": "header", "required": False, "schema": {"type": "string"},
    "description": "*: only if there is none of this name",
}  # fmt: skip
_IF_MATCH = {
    "name": "If-Match", "in": "header", "required": False, "schema": {"type": "string"},
    "description": "only if it is defined as it was with this ETag; what has run since does not matter",
}  # fmt: skip
IF_MATCH = {"parameters": [_IF_MATCH]}
_KEY = {
    "name": "Idempotency-Key", "in": "header", "required": False,
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    "description": "sent again under its key within a day, it runs once, and is answered as before",
}  # fmt: skip
RUN = {"parameters": [_KEY]}
_NIGHTLY = {
    "type": "report", "payload": {"report_type": "daily_summary"}, "cron": "0 3 * * *",
    "tz": "Europe/Berlin",
}  # fmt: skip
_SELF = {"self": "/api/v1/schedules/default/nightly"}
_CREATED = {
    "name": "nightly", "queue": "default", "outcome": "created", "changed": True, "state": "active",
    "next_run": "2026-01-02T02:00:00.000Z", "job_id": "nightly:20260102T020000Z", "links": _SELF,
}  # fmt: skip
_SHOWN = {
    "description": "every day at 02:30, Europe/Berlin",
    "items": [
        {"instant": "2026-03-28T01:30:00.000Z", "local": "2026-03-28T02:30:00+01:00", "note": None,
         "job_id": None},
        {"instant": "2026-03-29T01:00:00.000Z", "local": "2026-03-29T03:00:00+02:00",
         "note": "02:30 does not exist that day: at the end of the gap", "job_id": None},
    ],
}  # fmt: skip


def _body(name: str, example: Any, *, required: bool = True) -> dict[str, Any]:
    return {"required": required, "content": answer("", name, example=example)["content"]}


PUT = {"requestBody": _body("ScheduleRequest", _NIGHTLY), "parameters": [_IF_MATCH, _ONLY_NEW]}
PAUSE = {
    "requestBody": _body("PauseRequest", {"reason": "the database moves"}, required=False),
    "parameters": [_IF_MATCH],
}
BACKFILL = {"requestBody": _body("BackfillRequest", {"from": "2026-01-01", "to": "2026-01-08"})}
PREVIEW = {
    "requestBody": _body(
        "PreviewRequest", {"cron": "30 2 * * *", "tz": "Europe/Berlin", "from": "2026-03-28", "count": 2}
    )
}
_NONE = "no such queue or schedule"
_body_problems = problems(
    s400="the body is not valid JSON", s408="the body did not arrive in time", s413="more than 1 MB",
    s415="not application/json", s422="a field or a parameter is not valid",
)  # fmt: skip
_read = problems(s404=_NONE, s422="a parameter is not valid")
_operate = problems(s403="this key lacks the scope operate")
_match = problems(s412="it is not defined any more as If-Match says")
list_answers = _read | {200: answer("all, or those of these queues", "ScheduleList")}
get_answers = _read | {
    200: answer("the schedule", "ScheduleDetail"),
    304: {"description": "it is as If-None-Match says"},
}
next_answers = _read | {200: answer("the next runs", "NextRuns", example=_SHOWN)}
preview_answers = _body_problems | {200: answer("what it means", "NextRuns", example=_SHOWN)}
put_answers = (
    _operate
    | _match
    | _body_problems
    | problems(s409="the queue has a thousand already")
    | {
        200: answer("it was there: changed, or as it was", "ScheduleDone"),
        201: answer("it is new", "ScheduleDone", example=_CREATED),
    }
)
change_answers = _read | _operate | _match | {200: answer("it is so now", "ScheduleDone")}
pause_answers = change_answers | _body_problems
run_answers = _read | problems(
    s400="the Idempotency-Key is not valid", s403="the key may not submit, or not to this queue",
    s409="it has to skip: the run before is unfinished, or its unique key is held (job_id)",
) | {201: answer("its job", "Submitted")}  # fmt: skip
backfill_answers = (
    _read | _operate | _body_problems | {200: answer("what became of each instant", "Backfilled")}
)
