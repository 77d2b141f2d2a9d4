"""Deeds on many jobs: first a page that says how many, then some at a time until it is done."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.config import Settings
from gopher_cli.model.access.scopes import OPERATE
from gopher_cli.model.errors import Usage
from gopher_cli.model.select.bulk import meant
from gopher_cli.model.select.filter import Filter
from gopher_cli.model.select.language import format_search, parse_search
from gopher_cli.web.auth.authenticate import needs
from gopher_cli.web.dashboard.forms.form_body import Form, checked_form
from gopher_cli.web.dashboard.page_route import PageRoute, redirect
from gopher_cli.web.dashboard.pages.login import local
from gopher_cli.web.dashboard.render import link, page
from gopher_cli.web.dashboard.views import job_actions
from gopher_cli.web.dashboard.views.queries import gopher_of
from gopher_cli.web.dashboard.views.search import count_of
from gopher_cli.web.server.problems import soon

router = APIRouter(route_class=PageRoute, dependencies=[Depends(needs(OPERATE))])
_AT_ONCE = 3.0  # seconds that one request works for
_EVERYTHING = "everything"
_MOST = 1000


@router.get("/bulk")
async def confirm(
    request: Request,
    deed: Annotated[str, Query(max_length=20)] = "",
    q: Annotated[str, Query(max_length=4000)] = "",
    job: Annotated[list[str] | None, Query()] = None,
    all: Annotated[str, Query(max_length=1)] = "",
    back: Annotated[str, Query(max_length=2000)] = "/jobs",
) -> Response:
    """Says how many jobs are meant, and asks. Nothing is done by looking at it."""
    _known(deed)
    told: dict[str, Any] = {
        "deed": deed,
        "name": job_actions.NAMES[deed],
        "back": local(back),
        "typed": "",
        "states": (),
        "named": False,
        "q": "",
        "picked": [],
        "poison": 0,
    }
    if picked := [] if all else job_actions.picked_jobs(job or ()):
        if deed == "retry":
            told["poison"] = await soon(gopher_of(request).count_poison(picked[:_MOST]))
        return page(request, "confirm.html", **told | {"picked": picked}, count=len(picked), whole=True)
    if not all:
        return redirect(request, local(back), said="No job is selected.", kind="wrong")
    asked = parse_search(q)
    wanted = meant(deed, asked)
    count = await soon(count_of(gopher_of(request), wanted), 1)
    told |= {"typed": to_type(deed, asked), "states": wanted.states, "named": bool(asked.states)}
    told["q"] = format_search(asked)
    if deed == "retry" and not wanted.poison and "failed" in wanted.states:
        dead = msgspec.structs.replace(wanted, states=("failed",), poison="yes")
        told["poison"] = (await soon(count_of(gopher_of(request), dead), 1)).count
    return page(request, "confirm.html", **told, count=count.count, whole=count.whole)


@router.post("/bulk")
async def act(request: Request) -> Response:
    """Some of it; while there is more, a page that goes on (by itself, where scripts run)."""
    form = await checked_form(request)
    deed, back = form.one("deed"), local(form.one("back"))
    _known(deed)
    if picked := job_actions.picked_jobs(form.all("job")):
        words = await soon(job_actions.do_selected(gopher_of(request), deed, picked[:_MOST]), 2)
        said, done = job_actions.outcome(deed, words)
        return redirect(request, back, said=said, kind="done" if done else "wrong")
    if not form.one("all"):
        return redirect(request, back, said="No job is selected.", kind="wrong")
    return await _some(request, form, deed, back)


async def _some(request: Request, form: Form, deed: str, back: str) -> Response:
    wanted = parse_search(form.one("q"))
    cursor, needed = form.raw("cursor") or "", to_type(deed, wanted)
    if needed and form.one("typed") != needed:
        said = f"Nothing was deleted: type {needed} to delete all of it."
        again = link("/bulk", deed=deed, q=format_search(wanted), all="1", back=back)
        return redirect(request, again, said=said, kind="wrong")
    settings: Settings = request.app.state.settings
    some = min(_AT_ONCE, settings.server_write_timeout / 3)  # an answer may not take longer than that
    step = await soon(gopher_of(request).bulk(deed, wanted, cursor=cursor, seconds=some), some + 1)
    words = _sum(form, step.changed, step.left, deed)
    said, done = job_actions.outcome(deed, words)
    if step.cursor:
        return page(
            request, "going.html", deed=deed, name=job_actions.NAMES[deed], q=format_search(wanted),
            back=back, cursor=step.cursor, said=said, words=words, typed=needed,
        )  # fmt: skip
    return redirect(request, back, said=said, kind="done" if done or not words else "wrong")


def _sum(form: Form, changed: int, left: dict[str, int], deed: str) -> Counter[str]:
    """What this request has done and the ones before it, which the form carries along."""
    words: Counter[str] = Counter()
    for text in form.all("word"):
        word, _, count = text.partition(":")
        if word.isalpha() and count.isdecimal() and len(count) < 12:
            words[word] += int(count)
    words.update(left)
    words[job_actions.WORD[deed]] += changed
    return words


def to_type(deed: str, wanted: Filter) -> str:
    """What has to be typed before whole queues are deleted; empty where nothing has."""
    if deed != "purge" or wanted.by_content or wanted.states:
        return ""
    return wanted.queues[0] if len(wanted.queues) == 1 else _EVERYTHING


def _known(deed: str) -> None:
    if deed not in job_actions.NAMES:
        raise Usage(f"{deed[:20]!r} is not something to do", f"deeds: {', '.join(job_actions.NAMES)}")
