"""A schedule is made, or changed: its next instants are shown before it is saved."""

from __future__ import annotations

from functools import cache
from itertools import islice
from typing import Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.model.access.scopes import OPERATE
from gopher_cli.model.errors import Changed, Conflict, Usage
from gopher_cli.model.job.defaults import Defaults
from gopher_cli.model.job.fields import given_in
from gopher_cli.model.job.job import Spec
from gopher_cli.model.schedule.next_runs import NextRun, next_runs
from gopher_cli.model.schedule.recurrence import BadSchedule
from gopher_cli.model.schedule.schedule import Schedule, check_schedule_name
from gopher_cli.model.schedule.schedule_state import ScheduleChange, ScheduleRow
from gopher_cli.model.schedule.zone import zone_names
from gopher_cli.model.text.humanize import ago
from gopher_cli.model.text.json_text import exact_value
from gopher_cli.verbs.schedule.new_schedule import new_schedule
from gopher_cli.web.authorize import needs
from gopher_cli.web.dashboard.forms.form_body import Form, checked_form
from gopher_cli.web.dashboard.forms.form_fields import fields_of
from gopher_cli.web.dashboard.forms.form_values import WHOLE, Faults, payload_of, written_in
from gopher_cli.web.dashboard.forms.inputs import grouped, inputs_of
from gopher_cli.web.dashboard.forms.job_options import FORM_FIELDS, options_of, options_of_spec
from gopher_cli.web.dashboard.forms.payload_form import also_taken, fields_for, misfits, schema_in
from gopher_cli.web.dashboard.forms.schedule_options import (
    SHOWN,
    mark_of,
    recurring_like,
    recurring_of,
    when_of,
)
from gopher_cli.web.dashboard.page_route import PageRoute, redirect
from gopher_cli.web.dashboard.pages.schedules import place_of
from gopher_cli.web.dashboard.render import page
from gopher_cli.web.dashboard.views.queries import types_of
from gopher_cli.web.server.parameters import Given
from gopher_cli.web.server.problems import Problem, soon
from gopher_cli.web.services.services import gopher_of

router = APIRouter(route_class=PageRoute, dependencies=[Depends(needs(OPERATE))])
_FRESH = Form({"kind": ["cron"], "overlap": ["skip"], "catchup": ["once"]})


class Refused(Usage):
    """``faults`` by the name of the input, "" for all of it."""

    def __init__(self, faults: Faults, status: int = 422) -> None:
        super().__init__("; ".join(faults.values()))
        self.faults, self.status = faults, status


@router.get("/schedules/new")
async def ask(request: Request) -> Response:
    return await _form(request, Given(request).free_text("type", 200).strip(), None, _FRESH)


@router.post("/schedules/new")
async def make(request: Request) -> Response:
    form = await checked_form(request)
    return await _take(request, form, form.one("type"), form.one("name"), form.one("queue"), None)


@router.get("/schedules/{queue}/{name}/edit")
async def edit(queue: str, name: str, request: Request) -> Response:
    row, schedule = await _known(request, queue, name)
    texts = recurring_like(schedule) | options_of_spec(schedule.spec) | {"revision": str(row.revision)}
    fields = await fields_for(request, schedule.spec.type)
    payload = written_in(fields, exact_value(bytes(schedule.spec.payload).decode()))
    form = Form({name: [text] for name, text in texts.items()} | payload)
    return await _form(request, schedule.spec.type, schedule, form, shown=schedule)


@router.post("/schedules/{queue}/{name}/edit")
async def change(queue: str, name: str, request: Request) -> Response:
    form = await checked_form(request)
    _, schedule = await _known(request, queue, name)
    return await _take(request, form, schedule.spec.type, name, queue, schedule)


async def _known(request: Request, queue: str, name: str) -> tuple[ScheduleRow, Schedule]:
    row = await soon(gopher_of(request).schedule_row(name, queue))
    if row.schedule is None:
        raise Problem(409, f"it cannot be read: {row.problem}", hint="Remove it, and make it anew.")
    return row, row.schedule


async def _take(
    request: Request, form: Form, type: str, name: str, queue: str, known: Schedule | None
) -> Response:
    """Save what is asked for, if its next instants were seen; else show them."""
    gopher = gopher_of(request)
    shown, wrong = when_of(gopher, name, queue, form)
    if form.one("do") == "look":
        status = 422 if wrong else 200
        return await _form(request, type, known, form, shown=shown, faults=wrong, status=status)
    try:
        options, payload = await _options(request, type, form, queue, known)
        if wrong:
            raise Refused(wrong)
        if shown and form.one("seen") != mark_of(shown.when):
            return await _form(request, type, known, form, shown=shown, unseen=True)
        done = await _saved(request, name, type, payload, options, form)
    except Refused as refused:
        return await _form(
            request, type, known, form, shown=shown, faults=refused.faults | wrong, status=refused.status
        )
    return redirect(
        request, place_of(done.queue, done.name), message=_said(done, await soon(gopher.time_ms()))
    )


async def _options(
    request: Request, type: str, form: Form, queue: str, known: Schedule | None
) -> tuple[dict[str, Any], Any]:
    """All that the form says, and what it cannot say of a known one. Raises Refused, for all at once."""
    fields = await fields_for(request, type)
    payload, faults = payload_of(fields, form)
    given, wrong = options_of(gopher_of(request).defaults, form)
    recurring, unreadable = recurring_of(form, gopher_of(request).defaults.timezone)
    if WHOLE not in faults:
        faults = await misfits(request, type, payload, fields, form) | faults
    if faults | wrong | unreadable:
        raise Refused(faults | wrong | unreadable)
    kept = (
        {field.name: value for field, value in given_in(known.spec) if not field.placeholder} if known else {}
    )
    return {"queue": queue or None} | given | kept | recurring, payload


async def _saved(
    request: Request, name: str, type: str, payload: Any, options: dict[str, Any], form: Form
) -> ScheduleChange:
    """Raises Refused: what is wrong, or that another has changed it since the form was read."""
    gopher, revision = gopher_of(request), _revision(form)
    # What nobody has said of a known one stays unsaid, whatever the settings of this server are.
    defaults = Defaults(timezone=gopher.defaults.timezone) if revision else gopher.defaults
    try:
        check_schedule_name(name)
    except Usage as error:
        raise Refused({"name": str(error)}) from None
    try:
        schedule = new_schedule(defaults, name, type, payload, **options)
        return await soon(gopher.put_schedule(schedule, revision=revision))
    except BadSchedule as error:
        raise Refused({error.field: str(error)}) from None
    except Changed as error:
        message = f"{error}." if revision else f"there is a schedule {name} in this queue already"
        raise Refused({"" if revision else "name": message}, 409) from None
    except (Usage, Conflict) as error:
        raise Refused({"": str(error)}, 409 if isinstance(error, Conflict) else 422) from None


def _revision(form: Form) -> int:
    """Which one the form has shown; 0 for a new one."""
    text = form.one("revision")
    return int(text) if text.isdecimal() and len(text) < 20 else 0


def _said(done: ScheduleChange, now: int) -> str:
    if done.change == "unchanged":
        return f"{done.name} is as it was."
    next = f": its next run is {ago(done.next, now)}" if done.next else ""
    return f"{done.name} is {done.change}{next}."


async def _form(
    request: Request, type: str, known: Schedule | None, form: Form, *, shown: Schedule | None = None,
    faults: Faults | None = None, status: int = 200, unseen: bool = False,
) -> Response:  # fmt: skip
    gopher, faults = gopher_of(request), faults or {}
    schemas, now = await soon(types_of(gopher)), await soon(gopher.time_ms())
    schema = schema_in(schemas, type)
    is_fresh = form is _FRESH
    inputs = inputs_of(fields_of(schema), None if is_fresh else form, faults)
    at = {input.field.name: input.id for input in inputs}
    spec: Spec | None = known.spec if known else None
    return page(
        request, "schedule_form.html", status=status, type=type, types=list(schemas), known=type in schemas,
        groups=grouped(inputs), also=also_taken(schema), form=form, faults=faults, now=now, unseen=unseen,
        wrong=[(at.get(name, name), fault) for name, fault in faults.items()], schedule=known,
        place=place_of(known.queue, known.name) if known else "", queues=await soon(gopher.queues()),
        default_queue=gopher.defaults.queue, default_zone=gopher.defaults.timezone, zones=_zones(),
        times=_times(shown, now / 1000) if shown else [], shown=shown,
        mark=mark_of(shown.when) if shown else "", unique_key=spec.options.unique_key if spec else "",
        job_fields=FORM_FIELDS,
        priorities=list(dict.fromkeys(["normal", "high", "low", form.one("priority") or "normal"])),
    )  # fmt: skip


def _times(schedule: Schedule, now: float) -> list[NextRun]:
    """Its first runs, if it counts from now on."""
    count = min(SHOWN, schedule.when.times or SHOWN)
    return list(islice(next_runs(schedule.when, now, schedule.key), count))


@cache
def _zones() -> list[str]:
    return sorted(zone_names())
