"""Submitting by hand: choose a type, fill in the form that its schema makes, and watch the job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.model.access import SUBMIT
from gopher_cli.model.duration import parse_duration
from gopher_cli.model.errors import BadData, GopherError, Unavailable, Usage
from gopher_cli.model.ids import new_id
from gopher_cli.model.job import PRIORITIES, Job
from gopher_cli.model.stats import JobDetail
from gopher_cli.verbs.producing import new_job
from gopher_cli.web.access.door import needs
from gopher_cli.web.dashboard.again import exactly
from gopher_cli.web.dashboard.filters import json, segment
from gopher_cli.web.dashboard.forms import Field, fields_of, payload_of
from gopher_cli.web.dashboard.guard import Form, checked_form
from gopher_cli.web.dashboard.reading import gopher_of, job_at, types_of
from gopher_cli.web.dashboard.render import page
from gopher_cli.web.dashboard.route import PageRoute, redirect
from gopher_cli.web.problems import Problem, problem_of, soon

router = APIRouter(route_class=PageRoute, dependencies=[Depends(needs(SUBMIT))])
_EMPTY = Form({})


@router.get("/submit")
async def show(
    request: Request,
    type: Annotated[str, Query(max_length=200)] = "",
    like: Annotated[str, Query(max_length=140)] = "",
) -> Response:
    """``like`` is the id of a job whose type, payload and ways are taken over."""
    if not like:
        return await _form(request, type.strip(), _EMPTY)
    job = await soon(job_at(gopher_of(request), like))
    given = _ways(job) | {"json": json(job.payload), "queue": job.queue, "tags": ", ".join(job.tags)}
    form = Form({name: [text] for name, text in given.items()})
    return await _form(request, job.type, form, unique_key=job.unique_key)


@router.post("/submit")
async def submit(request: Request) -> Response:
    """Sent twice (a double click, the back button) the job is stored once: the form carries its id."""
    form = await checked_form(request)
    gopher, type = gopher_of(request), form.one("type")
    try:
        job = _job(gopher.defaults, type, await _fields(request, type), form)
        if not request.state.caller.may(SUBMIT, job.queue):
            raise Problem(403, f"this key may not submit to {job.queue}")
        await soon(request.app.state.published.check(job))
        (receipt,) = await soon(gopher.submit_many([job]))
    except Unavailable:
        raise
    except GopherError as error:
        problem = error if isinstance(error, Problem) else problem_of(error)
        if isinstance(error, (Usage, BadData)):
            problem = Problem(422, str(error))
        return await _form(request, type, form, status=problem.status, wrong=problem.detail)
    id = receipt.duplicate_of or receipt.id
    said = "Submitted." if receipt.accepted else "A job like this was there already: here it is."
    return redirect(request, f"/jobs/{segment(id)}", said=said)


def _ways(job: JobDetail) -> dict[str, str]:
    """How it was to be done, as one would write it."""
    named = {number: name for name, number in PRIORITIES.items()}
    return {
        "priority": named.get(job.priority, str(job.priority)),
        "retries": str(job.max_retries),
        "timeout": exactly(job.timeout) if job.timeout else "",
        "backoff": job.backoff,
        "headers": json(job.headers) if job.headers else "",
    }


async def _form(
    request: Request, type: str, form: Form, *, status: int = 200, wrong: str = "", unique_key: str = ""
) -> Response:
    gopher = gopher_of(request)
    schemas = await soon(types_of(gopher))
    schema = _schema(schemas, type)
    fields = fields_of(schema)
    return page(
        request, "submit.html", status=status, wrong=wrong, type=type, types=list(schemas), fields=fields,
        known=type in schemas, about=str(schema.get("description", ""))[:500],
        values=[_written(field, form) for field in fields], form=form, id=form.one("id") or new_id(),
        queues=await soon(gopher.queues()), default_queue=gopher.defaults.queue, unique_key=unique_key,
        priorities=list(dict.fromkeys(["normal", "high", "low", form.one("priority") or "normal"])),
    )  # fmt: skip


async def _fields(request: Request, type: str) -> list[Field]:
    return fields_of(_schema(await soon(types_of(gopher_of(request))), type))


def _schema(schemas: Mapping[str, Any], type: str) -> Mapping[str, Any]:
    """What a worker has published, if that is a schema at all."""
    found = schemas.get(type)
    return found if isinstance(found, Mapping) else {}


def _written(field: Field, form: Form) -> str:
    """What stands in its input: what was sent. For a box: whether it is ticked."""
    said = form.raw(field.name)
    if form is not _EMPTY and field.kind == "boolean":
        return "true" if said is not None else ""
    if field.kind == "boolean":
        return "true" if field.default is True else ""
    return said or ""


def _job(defaults: Any, type: str, fields: list[Field], form: Form) -> Job:
    """Raises Usage or BadData."""
    given: dict[str, Any] = {}
    if queue := form.one("queue"):
        given["queue"] = queue
    if priority := form.one("priority"):
        given["priority"] = priority
    if retries := form.one("retries"):
        if not retries.isdecimal() or len(retries) > 4:
            raise Usage(f"retries is a whole number, not {retries[:40]!r}")
        given["max_retries"] = int(retries)
    for name in ("delay", "timeout"):
        if text := form.one(name):
            given[name] = _seconds(name, text)
    if backoff := form.one("backoff"):
        given["backoff"] = backoff
    if headers := form.one("headers"):
        given["headers"] = _headers(headers)
    if tags := [tag.strip() for tag in form.one("tags").split(",") if tag.strip()]:
        given["tags"] = tags
    return new_job(defaults, type, payload_of(fields, form), id=form.one("id") or None, **given)


def _seconds(name: str, text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise Usage(f"{name}: {error}") from None


def _headers(text: str) -> dict[str, str]:
    try:
        return msgspec.json.decode(text.encode(), type=dict[str, str])
    except (msgspec.DecodeError, UnicodeError) as error:
        raise Usage(f'headers are JSON such as {{"name": "text"}}: {error}') from None
