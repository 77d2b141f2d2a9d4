"""The description of schedules: what is sent, with examples as people send them, and what is answered."""

from __future__ import annotations

from gopher_cli.web.api.support.openapi import answer, answers, body_of

IF_NONE_MATCH = {
    "name": "If-None-Match", "in": "header", "required": False, "schema": {"type": "string"},
    "description": "the ETag that is known: 304 while the schedule is still as it says",
}  # fmt: skip
ONLY_NEW = {
    "name": "If-None-Match", "in": "header", "required": False, "schema": {"type": "string"},
    "description": "*: only if there is none of this name",
}  # fmt: skip
IF_MATCH = {
    "name": "If-Match", "in": "header", "required": False, "schema": {"type": "string"},
    "description": "only if it is defined as it was with this ETag; what has run since does not matter",
}  # fmt: skip
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key", "in": "header", "required": False,
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    "description": "sent again under its key within a day, it runs once, and is answered as before",
}  # fmt: skip
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


SCHEDULE = body_of("ScheduleRequest", example=_NIGHTLY)
PAUSE = body_of("PauseRequest", example={"reason": "the database moves"}, required=False)
BACKFILL = body_of("BackfillRequest", example={"from": "2026-01-01", "to": "2026-01-08"})
PREVIEW = body_of(
    "PreviewRequest", example={"cron": "30 2 * * *", "tz": "Europe/Berlin", "from": "2026-03-28", "count": 2}
)
_NONE, _MATCH = "no such queue or schedule", "it is not defined any more as If-Match says"
LIST_ANSWERS = answers("ScheduleList", "all, or those of these queues", s404=_NONE)
GET_ANSWERS = answers("ScheduleDetail", "the schedule", s404=_NONE) | {
    304: {"description": "it is as If-None-Match says"}
}
NEXT_ANSWERS = answers("NextRuns", "the next runs", example=_SHOWN, s404=_NONE)
PREVIEW_ANSWERS = answers("NextRuns", "what it means", example=_SHOWN)
PUT_ANSWERS = answers(
    "ScheduleDone", "it was there: changed, or as it was", s409="the queue has a thousand already",
    s412=_MATCH,
) | {201: answer("it is new", "ScheduleDone", example=_CREATED)}  # fmt: skip
CHANGE_ANSWERS = answers("ScheduleDone", "it is so now", s404=_NONE, s412=_MATCH)
RUN_ANSWERS = answers(
    "Submitted", "its job", status=201, s404=_NONE, s400="the Idempotency-Key is not valid",
    s403="the key may not submit, or not to this queue",
    s409="it has to skip: the run before is unfinished, or its unique key is held (job_id)",
)  # fmt: skip
BACKFILL_ANSWERS = answers("Backfilled", "what became of each instant", s404=_NONE)
