"""The options of ctx.submit: those of Gopher.submit that make sense for a follow-up, in every handler."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from gopher_cli.context import FOLLOW_UP_OPTIONS
from gopher_cli.gopher import Gopher
from gopher_cli.model.job.fields import CHECKS
from gopher_cli.model.job.make import make_job
from worker.attempts import outcome_of
from worker.conftest import Work

pytestmark = pytest.mark.anyio

KINDS = ("options", "options-thread", "options-isolated")
FORBIDDEN = {
    "durability": "ctx.submit does not take durability: a follow-up is as safe as the outcome of the job "
    "that submits it (leave it out)",
    "parent": "ctx.submit does not take parent: the parent of a follow-up is the job that submits it "
    "(leave it out)",
    "prio": "ctx.submit does not know the option prio (did you mean priority?)",
}


def test_a_follow_up_takes_all_options_of_a_submit_that_make_sense_for_it() -> None:
    parameters = inspect.signature(make_job).parameters.values()
    of_jobs = {given.name for given in parameters if given.kind is given.KEYWORD_ONLY}

    assert set(FOLLOW_UP_OPTIONS) == (of_jobs | CHECKS.keys()) - {"options", "parent"}


@pytest.mark.parametrize("kind", KINDS)
async def test_another_option_is_refused_when_the_follow_up_is_submitted(
    gopher: Gopher, runner: Work, kind: str
) -> None:
    detail = await outcome_of(gopher, runner, kind, [{"durability": "fsync"}, {"parent": "p"}, {"prio": 3}])

    assert detail.state == "completed", detail.history
    assert detail.result == [f"Usage: {said}" for said in FORBIDDEN.values()]
    assert (await gopher.depth("default")).counters["enqueued"] == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_every_other_option_arrives(gopher: Gopher, runner: Work, kind: str) -> None:
    given: dict[str, Any] = {
        "id": "child", "queue": "other", "priority": 7, "max_retries": 2, "timeout": 9.0, "delay": 60.0,
        "due": None, "backoff": "fixed:2s", "unique_key": "k", "unique_for": 5.0, "retention": 70.0,
        "tags": ["t"], "headers": {"h": "1"},
    }  # fmt: skip
    last = {"id": "last", "queue": "other", "after": ["child"]}
    detail = await outcome_of(gopher, runner, kind, [given, last])
    child, waiting = [await gopher.inspect("other", id) for id in ("child", "last")]

    assert detail.result == ["child", "last"], detail.history
    assert (child.state, child.parent, child.priority, child.timeout) == ("scheduled", detail.id, 7, 9.0)
    assert (child.max_retries, child.tags, child.headers) == (2, ["t"], {"h": "1"})
    assert (child.unique_key, waiting.state, list(waiting.after)) == ("k", "blocked", ["child"])
