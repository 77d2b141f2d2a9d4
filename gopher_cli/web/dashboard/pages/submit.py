"""Submitting by hand: choose a type, fill in the form that its schema makes, and watch the job."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.model.access.scopes import SUBMIT
from gopher_cli.model.errors import GopherError, Unavailable
from gopher_cli.model.job.ids import new_id
from gopher_cli.model.text.json_text import exact_value
from gopher_cli.store.calls import Receipt
from gopher_cli.verbs.submit import new_job
from gopher_cli.web.authorize import needs
from gopher_cli.web.dashboard.forms.form_body import Form, checked_form
from gopher_cli.web.dashboard.forms.form_fields import Field, fields_of
from gopher_cli.web.dashboard.forms.form_values import WHOLE, Faults, payload_of, written_in
from gopher_cli.web.dashboard.forms.inputs import grouped, inputs_of
from gopher_cli.web.dashboard.forms.job_options import FORM_FIELDS, options_like, options_of
from gopher_cli.web.dashboard.forms.payload_form import also_taken, fields_for, misfits, schema_in
from gopher_cli.web.dashboard.page_route import PageRoute, redirect
from gopher_cli.web.dashboard.render import page
from gopher_cli.web.dashboard.views.queries import job_at, types_of
from gopher_cli.web.dashboard.views.template_filters import segment
from gopher_cli.web.server.parameters import Given
from gopher_cli.web.server.problems import problem_of, soon
from gopher_cli.web.services.services import gopher_of

router = APIRouter(route_class=PageRoute, dependencies=[Depends(needs(SUBMIT))])


class Refused(GopherError):
    """What was written cannot become a job: ``faults`` by the name of the input, "" for all of it."""

    def __init__(self, faults: Faults, status: int = 422) -> None:
        super().__init__("; ".join(faults.values()))
        self.faults = faults
        self.status = status


@router.get("/submit")
async def show(request: Request) -> Response:
    """``like`` is the id of a job whose type, payload and options are taken over."""
    given = Given(request)
    if not (like := given.free_text("like", 140)):
        return await _form(request, given.free_text("type", 200).strip(), None)
    job = await soon(job_at(gopher_of(request), like))
    texts = {name: [text] for name, text in options_like(job).items()}
    payload = exact_value(bytes(job.exact_payload).decode())
    form = Form(texts | written_in(await fields_for(request, job.type), payload))
    return await _form(request, job.type, form, unique_key=job.unique_key or "")


@router.post("/submit")
async def submit(request: Request) -> Response:
    """Sent twice (a double click, the back button) the job is stored once: the form carries its id."""
    form = await checked_form(request)
    type = form.one("type")
    try:
        receipt = await _submitted(request, type, await fields_for(request, type), form)
    except Refused as refused:
        return await _form(request, type, form, faults=refused.faults, status=refused.status)
    id = receipt.duplicate_of or receipt.id
    message = "Submitted." if receipt.accepted else "A job like this was there already: here it is."
    return redirect(request, f"/jobs/{segment(id)}", message=message)


async def _submitted(request: Request, type: str, fields: Sequence[Field], form: Form) -> Receipt:
    """Raises Refused, for all that is wrong at once."""
    gopher = gopher_of(request)
    payload, faults = payload_of(fields, form)
    given, wrong = options_of(gopher.defaults, form)
    if WHOLE not in faults:
        faults = await misfits(request, type, payload, fields, form, form.one("id")) | faults
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


async def _form(
    request: Request, type: str, form: Form | None, *, faults: Faults | None = None, status: int = 200,
    unique_key: str = "",
) -> Response:  # fmt: skip
    gopher = gopher_of(request)
    schemas = await soon(types_of(gopher))
    schema, form_now, faults = schema_in(schemas, type), form or Form({}), faults or {}
    inputs = inputs_of(fields_of(schema), form, faults)
    at = {input.field.name: input.id for input in inputs}
    return page(
        request, "submit.html", status=status, type=type, types=list(schemas), known=type in schemas,
        about=str(schema.get("description", ""))[:500], groups=grouped(inputs), faults=faults,
        also=also_taken(schema),
        wrong=[(at.get(name, name), fault) for name, fault in faults.items()], form=form_now,
        id=form_now.one("id") or new_id(), queues=await soon(gopher.queues()),
        default_queue=gopher.defaults.queue, unique_key=unique_key,
        job_fields=FORM_FIELDS,
        priorities=list(dict.fromkeys(["normal", "high", "low", form_now.one("priority") or "normal"])),
    )  # fmt: skip
