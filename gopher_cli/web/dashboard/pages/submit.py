"""Submitting by hand: choose a type, fill in the form that its schema makes, and watch the job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.model.access import SUBMIT
from gopher_cli.model.errors import BadData, GopherError, Unavailable, Usage
from gopher_cli.model.ids import new_id
from gopher_cli.model.json_text import exact_value
from gopher_cli.store.calls import Receipt
from gopher_cli.verbs.producing import new_job
from gopher_cli.web.access.door import needs
from gopher_cli.web.dashboard.fields import Field, fields_of, other_kinds
from gopher_cli.web.dashboard.filters import segment
from gopher_cli.web.dashboard.forms import WHOLE, Faults, field_at, payload_of, written_in
from gopher_cli.web.dashboard.guard import Form, checked_form
from gopher_cli.web.dashboard.inputs import grouped, inputs_of
from gopher_cli.web.dashboard.options import options_like, options_of
from gopher_cli.web.dashboard.reading import gopher_of, job_at, types_of
from gopher_cli.web.dashboard.render import page
from gopher_cli.web.dashboard.route import PageRoute, redirect
from gopher_cli.web.problems import Problem, problem_of, soon

_KINDS = {"string": "a text", "array": "a list", "null": "nothing"}
router = APIRouter(route_class=PageRoute, dependencies=[Depends(needs(SUBMIT))])


class Refused(GopherError):
    """What was written cannot become a job: ``faults`` by the name of the input, "" for all of it."""

    def __init__(self, faults: Faults, status: int = 422) -> None:
        super().__init__("; ".join(faults.values()))
        self.faults = faults
        self.status = status


@router.get("/submit")
async def show(
    request: Request,
    type: Annotated[str, Query(max_length=200)] = "",
    like: Annotated[str, Query(max_length=140)] = "",
) -> Response:
    """``like`` is the id of a job whose type, payload and options are taken over."""
    if not like:
        return await _form(request, type.strip(), None)
    job = await soon(job_at(gopher_of(request), like))
    texts = {name: [text] for name, text in options_like(job).items()}
    payload = exact_value(bytes(job.exact_payload).decode())
    form = Form(texts | written_in(await _fields(request, job.type), payload))
    return await _form(request, job.type, form, unique_key=job.unique_key)


@router.post("/submit")
async def submit(request: Request) -> Response:
    """Sent twice (a double click, the back button) the job is stored once: the form carries its id."""
    form = await checked_form(request)
    type = form.one("type")
    try:
        receipt = await _submitted(request, type, await _fields(request, type), form)
    except Refused as refused:
        return await _form(request, type, form, faults=refused.faults, status=refused.status)
    id = receipt.duplicate_of or receipt.id
    said = "Submitted." if receipt.accepted else "A job like this was there already: here it is."
    return redirect(request, f"/jobs/{segment(id)}", said=said)


async def _submitted(request: Request, type: str, fields: Sequence[Field], form: Form) -> Receipt:
    """Raises Refused, for all that is wrong at once."""
    gopher = gopher_of(request)
    payload, faults = payload_of(fields, form)
    given, wrong = options_of(gopher.defaults, form)
    if WHOLE not in faults:
        faults = await _misfits(request, type, payload, fields, form) | faults
    if faults | wrong:
        raise Refused(faults | wrong)
    job = new_job(gopher.defaults, type, payload, id=form.one("id") or None, **given)
    if not request.state.caller.may(SUBMIT, job.queue):
        raise Refused({"queue": f"this key may not submit to {job.queue}"}, 403)
    try:
        (receipt,) = await soon(gopher.submit_many([job]))
    except Unavailable:
        raise
    except GopherError as error:
        problem = problem_of(error)
        raise Refused({"": problem.detail}, problem.status) from error
    if receipt.refused:
        raise Refused({"": receipt.refused})
    return receipt


async def _misfits(request: Request, type: str, payload: Any, fields: Sequence[Field], form: Form) -> Faults:
    """What the schema says against it. Raises Unavailable."""
    try:
        job = new_job(gopher_of(request).defaults, type, payload, id=form.one("id") or None)
        await soon(request.app.state.published.check(job))
    except Problem as problem:
        return _by_field(problem, fields, form)
    except (Usage, BadData) as error:
        return {"": str(error)}
    return {}


def _by_field(problem: Problem, fields: Sequence[Field], form: Form) -> Faults:
    """Each fault under the name of the input that it is about."""
    faults: Faults = {}
    for one in problem.more.get("errors", ()):
        path = one["pointer"].removeprefix("#/payload").split("/")[1:]
        names = [part.replace("~1", "/").replace("~0", "~") for part in path]
        field = None if form.one(WHOLE) else field_at(fields, names)
        name = field.name if field else WHOLE
        faults[name] = "; ".join(filter(None, (faults.get(name), one["detail"])))
    return faults or {"": problem.detail}


async def _form(
    request: Request, type: str, form: Form | None, *, faults: Faults | None = None, status: int = 200,
    unique_key: str = "",
) -> Response:  # fmt: skip
    gopher = gopher_of(request)
    schemas = await soon(types_of(gopher))
    schema, form_now, faults = _schema(schemas, type), form or Form({}), faults or {}
    inputs = inputs_of(fields_of(schema), form, faults)
    at = {one.field.name: one.id for one in inputs}
    return page(
        request, "submit.html", status=status, type=type, types=list(schemas), known=type in schemas,
        about=str(schema.get("description", ""))[:500], groups=grouped(inputs), faults=faults,
        also=[_KINDS.get(kind, kind) for kind in other_kinds(schema)],
        wrong=[(at.get(name, name), said) for name, said in faults.items()], form=form_now,
        id=form_now.one("id") or new_id(), queues=await soon(gopher.queues()),
        default_queue=gopher.defaults.queue, unique_key=unique_key,
        priorities=list(dict.fromkeys(["normal", "high", "low", form_now.one("priority") or "normal"])),
    )  # fmt: skip


async def _fields(request: Request, type: str) -> list[Field]:
    return fields_of(_schema(await soon(types_of(gopher_of(request))), type))


def _schema(schemas: Mapping[str, Any], type: str) -> Mapping[str, Any]:
    """What a worker has published, if that is a schema at all."""
    found = schemas.get(type)
    return found if isinstance(found, Mapping) else {}
