"""The description of submitting: what is sent, with examples as people send them, and what is answered."""

from __future__ import annotations

from typing import Any

from gopher_cli.web.api.support import openapi
from gopher_cli.web.api.support.openapi import REF, answer, problems
from gopher_cli.web.server.parameters import FLAG, PARAMETERS, PREFER

_EXAMPLES = {
    "an e-mail, soon": {
        "type": "email",
        "payload": {"to": "user@example.com", "subject": "Hello", "body": "Test email"},
        "priority": "high",
        "max_retries": 3,
    },
    "a report, later": {
        "type": "report",
        "payload": {"report_type": "daily_summary"},
        "execute_at": "2030-10-01T10:00:00Z",
    },
    "a cleanup, each night": {
        "type": "cleanup",
        "payload": {},
        "recurring": {"cron_expression": "0 0 * * *", "tz": "Europe/Berlin"},
    },
    "data, with a number for the priority": {
        "type": "data_process",
        "payload": {
            "source_url": "https://api.example.com/data",
            "operation": "transform",
            "filters": {"status": "active"},
        },
        "priority": 8,
        "max_attempts": 5,
    },
}
_JOB = {"$ref": REF.format(name="JobRequest")}
_JOBS = {"type": "array", "items": _JOB}
KEY = {
    "name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    "description": "sent again under its key within a day, a request is done once, and answered as before",
}  # fmt: skip
_WAIT = {
    "name": "wait", "in": "query", "schema": PARAMETERS["wait"][0],
    "description": "hold the answer so many seconds, until the job has ended; as Prefer: wait=N does",
}  # fmt: skip
_ATOMIC = {
    "name": "atomic", "in": "query", "schema": FLAG | {"default": False},
    "description": "store all of them or none: up to 500 jobs of one queue",
}  # fmt: skip
_BATCH = {
    "name": "batch", "in": "query", "schema": {"type": "string", "maxLength": 100},
    "description": "the jobs are lines of this file, each with its mark: up to 500, all of them valid",
}  # fmt: skip


def _body(schema: dict[str, Any], examples: dict[str, Any], **more: Any) -> dict[str, Any]:
    named = {name: {"value": value} for name, value in examples.items()}
    kinds = {"application/json": {"schema": schema, "examples": named}} | more
    return {"required": True, "content": kinds}


_refused = {
    "s400": "the body is not valid JSON, or nested too deeply",
    "s403": "the key may not submit, or not to this queue",
    "s408": "the body did not arrive in time",
    "s409": "the holder of the unique key is being cancelled (code try_later)",
    "s413": "too large",
    "s415": "another kind of body, or a compressed one",
    "s422": "a field is not valid, or the Idempotency-Key has come with another request",
}
ONE, ONE_BODY = [KEY, PREFER, _WAIT, _ATOMIC], _body({"oneOf": [_JOB, _JOBS]}, _EXAMPLES)
_known = {
    "description": "there already, as it is now (who may not read hears its state alone); the finished job, "
    "for who waits; a Batch, for an array",
    "content": {"application/json": {"schema": {"anyOf": [
        {"$ref": REF.format(name=name)} for name in ("JobView", "Batch", "Submitted")
    ]}}},
}  # fmt: skip
ONE_ANSWERS = problems(**_refused) | {200: _known, 201: answer("accepted", "Submitted")}
LEGACY_BODY = _body(_JOB, _EXAMPLES)
LEGACY_ANSWERS = problems(**_refused) | {
    200: answer("there already", "LegacyJob"),
    201: answer("accepted", "LegacyJob"),
}
_object = {
    "type": "object", "properties": {"jobs": _JOBS}, "required": ["jobs"], "additionalProperties": False,
}  # fmt: skip
_two = [{"type": "email", "payload": {"to": "ann@example.com"}}, {"type": "cleanup"}]
MANY = [KEY, _ATOMIC, _BATCH]
MANY_BODY = _body(
    {"oneOf": [_JOBS, _object]},
    {"two jobs": {"jobs": _two}},
    **{"application/x-ndjson": {"schema": {"type": "string"}}},
)
_many = answer("what became of each", "Batch")
_many["content"]["application/x-ndjson"] = {"schema": {"type": "string"}}
MANY_ANSWERS = problems(**_refused) | {200: _many}


def add(*kinds: Any) -> None:
    """Let the document know these types."""
    openapi.SCHEMAS += kinds
