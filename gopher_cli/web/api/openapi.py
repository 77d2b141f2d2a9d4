"""The description of the API: schemas out of our own types, examples as people send them."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from gopher_cli.model.stats import Stats

REF = "#/components/schemas/{name}"
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
submit_body = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"$ref": REF.format(name="JobRequest")},
                "examples": {name: {"value": value} for name, value in _EXAMPLES.items()},
            }
        },
    }
}


class FieldError(msgspec.Struct, kw_only=True):
    """`pointer` is a JSON pointer into the body."""

    pointer: str
    detail: str


class Problem(msgspec.Struct, kw_only=True):
    """An error (RFC 9457). `error` repeats `detail` for simple clients.

    `job_id` comes with the 503 or 504 of a submit: sent again under this id, the job is stored once.
    """

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    error: str
    hint: str | None = None
    errors: list[FieldError] | None = None
    job_id: str | None = None


def _of(about: str, name: str, kind: str = "application/json") -> dict[str, Any]:
    return {"description": about, "content": {kind: {"schema": {"$ref": REF.format(name=name)}}}}


def _problems(**about: str) -> dict[int | str, dict[str, Any]]:
    always = {
        "s401": "the key is missing or wrong",
        "s503": "Redis is away; see Retry-After",
        "s421": "called by a name that is not this machine's, without a key",
        "s504": "SERVER_WRITE_TIMEOUT is over",
    }
    return {
        int(status[1:]): _of(text, "Problem", "application/problem+json")
        for status, text in sorted((always | about).items())
    }


submit_answers = _problems(
    s400="the body is no JSON",
    s408="the body did not arrive in time",
    s413="more than 1 MB",
    s415="not application/json",
    s422="a field makes no sense",
    s501="recurring jobs",
) | {
    200: _of("there already, by its id or its unique key: as it is now", "JobView"),
    201: _of("accepted", "Submitted"),
}
job_answers = _problems(s404="no such job") | {200: _of("the job", "JobView")}
stats_answers = _problems(s404="no such queue", s422="a wrong parameter") | {
    200: _of("counts and times", "Stats")
}
health_answers: dict[int | str, dict[str, Any]] = {
    200: _of("Redis answers", "Health"),
    503: _of("it does not", "Health"),
}


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, made once."""
    from gopher_cli.web.api.dialects import JobRequest
    from gopher_cli.web.api.views import JobView, Submitted
    from gopher_cli.web.health import Health

    if app.openapi_schema is None:
        ours = [JobRequest, Submitted, JobView, Stats, Health, Problem]
        _, schemas = msgspec.json.schema_components(ours, ref_template=REF)
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        document.setdefault("components", {})["schemas"] = schemas
        # FastAPI adds a form of error that never leaves this server.
        for route in (route for path in document["paths"].values() for route in path.values()):
            if "HTTPValidationError" in str(route["responses"].get("422")):
                del route["responses"]["422"]
        app.openapi_schema = document
    return app.openapi_schema
