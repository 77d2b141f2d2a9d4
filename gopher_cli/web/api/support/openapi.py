"""The description of the API: schemas out of our own types, examples as people send them."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.model.text.timestamp import schema_hook
from gopher_cli.model.views.stats import Stats
from gopher_cli.web.auth.openapi_security import add_security, problem
from gopher_cli.web.server.compression import Compression

router = APIRouter()
REF = "#/components/schemas/{name}"
# Types that other modules answer or take: they add theirs when they are loaded.
SCHEMAS: list[Any] = []


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
    request_id: str | None = None
    parameter: str | None = None
    errors: list[FieldError] | None = None
    job_id: str | None = None


def answer(about: str, name: str, kind: str = "application/json", *, example: Any = None) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": {"$ref": REF.format(name=name)}}
    return {"description": about, "content": {kind: content | ({"example": example} if example else {})}}


def answers(
    name: str, about: str, *, status: int = 200, example: Any = None, **wrong: str
) -> dict[int | str, dict[str, Any]]:
    """This type, and what may go wrong: `s404="no such job"`."""
    return problems(**wrong) | {status: answer(about, name, example=example)}


def body_of(name: str, *, example: Any = None, required: bool = True) -> dict[str, Any]:
    """A body of this type."""
    return {"required": required, "content": answer("", name, example=example)["content"]}


def problems(**about: str) -> dict[int | str, dict[str, Any]]:
    always = {
        "s401": "the key is missing or wrong",
        "s503": "Redis is away; see Retry-After",
        "s421": "called by a name that is not this machine's, without a key",
        "s504": "SERVER_WRITE_TIMEOUT is over",
    }
    return {int(status[1:]): problem(text) for status, text in sorted((always | about).items())}


@router.get("/openapi.json", include_in_schema=False)
async def document(request: Request) -> Response:
    """The document, with the path under which a proxy shows this server. It is made once, beside the loop."""
    app: FastAPI = request.app
    if app.openapi_schema is None:
        await asyncio.to_thread(describe, app)
    root = request.scope["root_path"]
    servers = {"servers": [{"url": root}]} if root else {}
    return Compression(msgspec.json.encode(describe(app) | servers), media_type="application/json")


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, made once."""
    from gopher_cli.web.api.support.request_bodies import JobRequest
    from gopher_cli.web.api.support.views import JobView, Submitted

    if app.openapi_schema is None:
        ours = [JobRequest, Submitted, JobView, Stats, Problem, *SCHEMAS]
        _, schemas = msgspec.json.schema_components(ours, schema_hook=schema_hook, ref_template=REF)
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        document.setdefault("components", {})["schemas"] = schemas
        for schema in schemas.values():
            _without_null_defaults(schema)
        # FastAPI adds a form of error that never leaves this server.
        for route in (route for path in document["paths"].values() for route in path.values()):
            if "HTTPValidationError" in str(route["responses"].get("422")):
                del route["responses"]["422"]
        add_security(document)
        app.openapi_schema = document
    return app.openapi_schema


def _without_null_defaults(schema: dict[str, Any]) -> None:
    """What may be left out has no default of its own: a generator would have it said by everybody."""
    for property in schema.get("properties", {}).values():
        if property.get("default", 0) is None:
            del property["default"]
