"""What a job says arrives before its end: a word that comes later is not heard."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from gopher_cli.config import Settings
from gopher_cli.context import Context
from gopher_cli.gopher import Gopher
from gopher_cli.handlers import Registry
from gopher_cli.model.errors import Unavailable
from gopher_cli.model.job.job import Lease
from gopher_cli.worker.handler_link import HandlerLink, JobOutput, held_by
from gopher_cli.worker.runner.reconcile import NOTHING
from worker.attempts import run
from worker.conftest import Work

pytestmark = pytest.mark.anyio


@pytest.fixture
def reports(gopher: Gopher, monkeypatch: pytest.MonkeyPatch) -> Any:
    """``begun`` is set when words are on their way; they arrive a while later, and fail as often as asked."""

    class Reports:
        begun = asyncio.Event()
        failures = 0

    truly = gopher.report

    async def report(some: Any) -> None:
        Reports.begun.set()
        await asyncio.sleep(0.05)
        if Reports.failures:
            Reports.failures -= 1
            raise Unavailable("away")
        await truly(some)

    monkeypatch.setattr(gopher, "report", report)
    monkeypatch.setattr("gopher_cli.worker.handler_link._INTERVAL", 0.01)
    return Reports


def talking(begun: asyncio.Event) -> Registry:
    registry = Registry()

    @registry.handler("talk")
    async def talk(payload: Any, ctx: Context) -> None:
        ctx.log("first")
        await begun.wait()
        ctx.log("last")

    return registry


@pytest.mark.parametrize("failures", [0, 1, 3])
async def test_no_line_is_lost_that_is_on_its_way_when_its_job_ends(
    gopher: Gopher, runner: Work, reports: Any, failures: int
) -> None:
    reports.failures = failures
    id = await gopher.submit("talk")
    await run(runner, registry=talking(reports.begun))

    detail = await gopher.inspect("default", id)

    assert [line.split(" ", 1)[1] for line in detail.log] == ["first", "last"]


async def test_what_an_attempt_said_is_not_taken_for_words_of_the_next(gopher: Gopher) -> None:
    from gopher_cli.config import Settings

    id = await gopher.submit("talk")
    link = HandlerLink(gopher, Settings())
    (old,) = (await gopher.reserve("default", worker="w.0", token="w.0:1:t", sequence=1)).leases
    link.log(old, "of the first")
    await gopher.release("default", "w.0")
    (new,) = (await gopher.reserve("default", worker="w.0", token="w.0:2:t", sequence=2)).leases
    link.log(new, "of the second")

    await link.send("default", [(id, old.token), (id, new.token)])

    detail = await gopher.inspect("default", id)
    assert [line.split(" ", 1)[1] for line in detail.log] == ["of the second"]
    assert not link.has_words


async def test_a_destructor_that_prints_while_a_line_is_kept_neither_stops_the_runner_nor_loses_a_line(
    gopher: Gopher, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = HandlerLink(gopher, Settings())
    lease = Lease("1", "default", "t", 1, 0, NOTHING)

    class Collecting(JobOutput):  # collection of garbage may run wherever something is made
        def __init__(self, lease: Lease) -> None:
            super().__init__(lease)
            monkeypatch.setattr("gopher_cli.worker.handler_link.JobOutput", JobOutput)
            link.log(lease, "from a destructor")

    monkeypatch.setattr("gopher_cli.worker.handler_link.JobOutput", Collecting)
    thread = threading.Thread(target=link.log, args=(lease, "of the handler"), daemon=True)
    thread.start()
    await asyncio.to_thread(thread.join, 5)

    assert not thread.is_alive()
    ((_, report),) = link._next([held_by(lease)]).items()
    assert [line.split(b" ", 1)[1] for line in report.log.splitlines()] == [
        b"from a destructor",
        b"of the handler",
    ]
