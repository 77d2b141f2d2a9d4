"""Actions on many jobs: first a page that says how many, then some at a time until it is done."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

import msgspec
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.model.access.scopes import OPERATE
from gopher_cli.model.select.actions import DELETE, RETRY, Action, Answer, plain_action
from gopher_cli.model.select.bulk import Bulk, words_of
from gopher_cli.model.select.filter import Filter
from gopher_cli.model.select.filter_parser import format_search, parse_search
from gopher_cli.web.authorize import needs
from gopher_cli.web.dashboard.forms.form_body import Form, checked_form
from gopher_cli.web.dashboard.page_route import PageRoute, redirect
from gopher_cli.web.dashboard.pages.login import local
from gopher_cli.web.dashboard.render import link, page
from gopher_cli.web.dashboard.views import job_actions
from gopher_cli.web.dashboard.views.search import count_of
from gopher_cli.web.server.parameters import Given
from gopher_cli.web.server.problems import soon
from gopher_cli.web.services.services import gopher_of, services_of

router = APIRouter(route_class=PageRoute, dependencies=[Depends(needs(OPERATE))])
_AT_ONCE = 3.0  # seconds that one request works for
_EVERYTHING = "everything"
_MOST = 1000


@router.get("/bulk")
async def confirm(request: Request) -> Response:
    """Says how many jobs are meant, and asks. Nothing is done by looking at it."""
    given = Given(request)
    action, all = plain_action(given.free_text("action", 20)), given.free_text("all", 1)
    back = local(given.free_text("back", 2000, "/jobs"))
    shown: dict[str, Any] = {
        "action": action, "back": back, "typed": "", "states": (), "named": False, "q": "",
        "picked": [], "poison": 0,
    }  # fmt: skip
    if picked := [] if all else job_actions.picked_jobs(request.query_params.getlist("job")):
        if action is RETRY:
            shown["poison"] = await soon(gopher_of(request).count_poison(picked[:_MOST]))
        return page(request, "confirm.html", **shown | {"picked": picked}, count=len(picked), whole=True)
    if not all:
        return redirect(request, back, message="No job is selected.", kind="wrong")
    asked = parse_search(given.free_text("q", 4000))
    filter = action.meant(asked)
    count = await soon(count_of(gopher_of(request), filter), 1)
    shown |= {"typed": to_type(action, asked), "states": filter.states, "named": bool(asked.states)}
    shown["q"] = format_search(asked)
    if action is RETRY and not filter.poison and "failed" in filter.states:
        dead = msgspec.structs.replace(filter, states=("failed",), poison="yes")
        shown["poison"] = (await soon(count_of(gopher_of(request), dead), 1)).count
    return page(request, "confirm.html", **shown, count=count.count, whole=count.whole)


@router.post("/bulk")
async def act(request: Request) -> Response:
    """Some of it; while there is more, a page that goes on (by itself, where scripts run)."""
    form = await checked_form(request)
    action, back = plain_action(form.one("action")), local(form.one("back"))
    if picked := job_actions.picked_jobs(form.all("job")):
        act = partial(gopher_of(request).act, action)
        message, done = job_actions.sentence(action, await soon(job_actions.done_to(picked[:_MOST], act), 2))
        return redirect(request, back, message=message, kind="done" if done else "wrong")
    if not form.one("all"):
        return redirect(request, back, message="No job is selected.", kind="wrong")
    return await _some(request, form, action, back)


async def _some(request: Request, form: Form, action: Action, back: str) -> Response:
    filter = parse_search(form.one("q"))
    cursor, needed = form.raw("cursor") or "", to_type(action, filter)
    if needed and form.one("typed") != needed:
        message = f"Nothing was deleted: type {needed} to delete all of it."
        again = link("/bulk", action=action.name, q=format_search(filter), all="1", back=back)
        return redirect(request, again, message=message, kind="wrong")
    settings = services_of(request).settings
    some = min(_AT_ONCE, settings.server_write_timeout / 3)  # an answer may not take longer than that
    step = await soon(gopher_of(request).bulk(action, filter, cursor=cursor, seconds=some), some + 1)
    counts = _sum(form, action, step)
    message, done = job_actions.sentence(action, counts)
    if step.cursor:
        return page(
            request, "going.html", action=action, q=format_search(filter), back=back,
            cursor=step.cursor, sentence=message, words=words_of(counts), typed=needed,
        )  # fmt: skip
    return redirect(request, back, message=message, kind="done" if done or not counts else "wrong")


def _sum(form: Form, action: Action, step: Bulk) -> Counter[Answer]:
    """What this request has done and the ones before it, which the form carries along."""
    counts = Counter(step.left)
    for text in form.all("word"):
        word, _, count = text.partition(":")
        if word.isalpha() and count.isdecimal() and len(count) < 12:
            counts[action.read(word)] += int(count)
    counts[action.success] += step.changed
    return counts


def to_type(action: Action, filter: Filter) -> str:
    """What has to be typed before whole queues are deleted; empty where nothing has."""
    if action is not DELETE or filter.by_content or filter.states:
        return ""
    return filter.queues[0] if len(filter.queues) == 1 else _EVERYTHING
