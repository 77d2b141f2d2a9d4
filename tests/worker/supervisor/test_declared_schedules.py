"""Schedules that code declares: set at a worker's start, and never against an operator."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gopher_cli.context import Context
from gopher_cli.gopher import Gopher
from gopher_cli.handlers import Registry
from gopher_cli.load_handlers import load_registry
from gopher_cli.model.errors import BadConfig, Usage
from gopher_cli.model.schedule.declaration import declare
from gopher_cli.model.schedule.recurrence import BadSchedule
from gopher_cli.model.select.filter import Filter
from gopher_cli.worker.supervisor.registration import bring_home
from worker.conftest import Work
from worker.processes import Worker

pytestmark = pytest.mark.anyio
NOON = "1767268800000"  # 2026-01-01T12:00:00Z


def test_a_schedule_is_declared_of_a_type_or_on_a_handler_in_either_order() -> None:
    app = Gopher()
    app.schedule("poll", "poll", {"of": "mail"}, every=30)

    @app.schedule("above", cron="0 3 * * *", tz="Europe/Berlin")
    @app.handler("report")
    def report() -> None: ...

    @app.handler("export")
    @app.schedule("below", every=60)
    def export() -> None: ...

    found = {one.name: (one.type, one.payload) for one in app.registry.declarations()}
    assert found == {
        "poll": ("poll", '{"of":"mail"}'), "above": ("report", "{}"), "below": ("export", "{}"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "field"),
    [({}, "cron"), ({"cron": "61 * * * *"}, "cron"), ({"every": 0.5}, "every"),
     ({"cron": "0 3 * * *", "tz": "Mars/Olympus"}, "tz")],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_where_it_is_written(options: dict[str, Any], field: str) -> None:
    with pytest.raises(BadSchedule) as caught:
        Gopher().schedule("s", "t", **options)
    assert caught.value.field == field


def test_a_bad_name_is_refused_where_it_is_written() -> None:
    with pytest.raises(Usage, match="the name"):
        Gopher().schedule("a b", "t", every=1)


def test_two_of_one_name_and_one_of_no_type_and_a_payload_that_does_not_fit_end_with_their_places() -> None:
    app = Gopher()
    app.schedule("s", "t", every=1)
    app.schedule("s", "t", every=2)
    with pytest.raises(BadConfig, match=r"declared twice: .*test_declared_schedules\.py:\d+ and .*:\d+"):
        app.registry.declarations()

    lonely = Gopher()
    lonely.schedule("s", every=1)(lambda: None)
    with pytest.raises(BadConfig, match="names no type, and decorates no handler"):
        lonely.registry.declarations()

    picky = Gopher()
    picky.schedule("s", "sum", {"numbers": "none"}, every=1)

    @picky.handler("sum")
    def add(numbers: list[int]) -> None: ...

    with pytest.raises(BadConfig, match="the payload of the schedule 's'"):
        picky.registry.declarations()


def test_the_schedules_of_two_apps_add_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    for name in ("decl_a", "decl_b"):
        text = f"from gopher_cli import Gopher\napp = Gopher()\napp.schedule('{name}', 't', every=60)\n"
        (tmp_path / f"{name}.py").write_text(text)

    found = load_registry("decl_a:app,decl_b:app").declarations()
    assert [one.name for one in found] == ["decl_a", "decl_b"]


async def test_the_same_declaration_again_changes_nothing_that_an_operator_has_changed(
    gopher: Gopher,
) -> None:
    first = declare("s", "t", {"v": 1}, every=60)
    assert (await gopher.declare_schedule(first, now=NOON)).change == "created"
    assert (await gopher.set_schedule("s", "t", {"v": 1}, every=10, now=NOON)).change == "changed"

    assert (await gopher.declare_schedule(first, now=NOON)).change == "unchanged"
    row = await gopher.schedule_row("s")
    assert row.schedule and (row.schedule.when.every, row.schedule.origin) == (10, "app")

    second = declare("s", "t", {"v": 2}, every=60)
    assert (await gopher.declare_schedule(second, now=NOON)).change == "changed"
    row = await gopher.schedule_row("s")
    assert row.schedule and row.schedule.when.every == 60


async def test_a_schedule_that_moves_to_another_queue_leaves_the_old_one(gopher: Gopher) -> None:
    await gopher.set_schedule("s", "t", every=60, queue="hand", now=NOON)
    await gopher.declare_schedule(declare("s", "t", every=60), "one", now=NOON)
    await gopher.declare_schedule(declare("s", "t", every=60, queue="two"), "one", now=NOON)

    assert [row.queue for row in await gopher.schedules()] == ["hand", "two"], "what a person has set stays"


async def homes(gopher: Gopher) -> list[str]:
    return [row.queue for row in await gopher.schedules()]


async def test_workers_of_one_application_do_not_take_a_schedule_from_each_other(gopher: Gopher) -> None:
    await gopher.declare_schedule(declare("s", "t", every=60), "mail", now=NOON)
    change = await gopher.declare_schedule(declare("s", "t", every=60), "reports", now=NOON)
    assert (change.change, change.queue, await homes(gopher)) == ("unchanged", "mail", ["mail"])

    change = await gopher.declare_schedule(declare("s", "t", every=30), "reports", now=NOON)
    assert (change.change, change.queue, await homes(gopher)) == ("changed", "mail", ["mail"])


async def test_a_schedule_whose_queue_no_worker_serves_comes_to_one_that_has_its_code(gopher: Gopher) -> None:
    one = declare("s", "t", every=60)
    await gopher.declare_schedule(one, "mail", now=NOON)
    runner = SimpleNamespace(schedules=[one])
    worker = SimpleNamespace(gopher=gopher, queues=["reports"])
    await gopher.beat("w", {"queues": ["mail"], "host": "h", "pid": 1})
    await bring_home(worker, runner)  # type: ignore[arg-type]
    assert await homes(gopher) == ["mail"]

    await gopher.bury("w", [], 1)
    await bring_home(worker, runner)  # type: ignore[arg-type]
    assert await homes(gopher) == ["reports"]


async def test_of_workers_that_start_together_one_sets_a_schedule(gopher: Gopher) -> None:
    queues = ["d", "b", "a", "c"]
    await asyncio.gather(
        *(gopher.declare_schedule(declare("s", "t", every=60), one, queues) for one in queues)
    )
    assert len(await homes(gopher)) == 1


async def test_a_schedule_that_moves_runs_what_is_due_and_stays_paused(gopher: Gopher) -> None:
    await gopher.declare_schedule(declare("due", "t", every=60, queue="one"), now=NOON)
    await gopher.declare_schedule(declare("held", "t", every=60, queue="one"), now=NOON)
    await gopher.pause_schedule("held", reason="the database moves", now=NOON)

    later = str(int(NOON) + 60_000)
    for name in ("due", "held"):
        await gopher.declare_schedule(declare(name, "t", every=60, queue="two"), now=later)
    assert [(row.queue, row.state) for row in await gopher.schedules()] == [
        ("two", "active"),
        ("two", "paused"),
    ]
    pause = (await gopher.schedule_row("held")).standing.pause
    assert pause and pause.reason == "the database moves"
    assert [job.id for job in await gopher.jobs(Filter())] == ["due:20260101T120100Z"]


async def test_a_worker_sets_what_its_code_declares_and_says_so(
    worker: Callable[..., Worker], gopher: Gopher, tmp_path: Path
) -> None:
    (tmp_path / "declared.py").write_text(
        "from gopher_cli import Gopher\napp = Gopher()\n"
        "@app.schedule('tick', every=1)\n@app.handler('note')\n"
        "def note(ctx): return [ctx.schedule, ctx.due and ctx.due.isoformat()]\n"
    )
    path = f"{tmp_path}:" + ":".join(sys.path)
    one = worker("--app", "declared:app", env={"PYTHONPATH": path})
    one.heard("the schedule tick is created")

    async with asyncio.timeout(30):
        while not (done := await gopher.jobs(Filter(states=("completed",)))):
            await asyncio.sleep(0.05)
    detail = await gopher.inspect("default", done[0].id)
    assert detail.result[0] == "tick"
    moment = datetime.fromisoformat(detail.result[1])
    assert f"tick:{moment:%Y%m%dT%H%M%SZ}" == detail.id
    assert [info.schedules for info in await gopher.workers()] == [["tick"]]


async def test_a_handler_knows_its_schedule_and_instant(gopher: Gopher, runner: Work) -> None:
    registry, seen = Registry(), list[Any]()

    @registry.handler("t")
    async def note(ctx: Context) -> None:
        seen.append((ctx.schedule, ctx.due and ctx.due.isoformat()))

    await gopher.set_schedule(
        "s", "t", cron="0 12 * * *", overlap="all", start=1767268800 - 60, now="1767182400001"
    )
    await gopher.tick("default", now=NOON)
    await gopher.run_schedule("s")
    await gopher.submit("t")
    await runner(registry, burst=True).run()

    assert sorted(seen, key=str) == [("", None), ("s", "2026-01-01T12:00:00+00:00"), ("s", None)]


async def test_a_program_knows_its_schedule_and_instant(gopher: Gopher, runner: Work, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text('#!/bin/sh\necho "\\"$GOPHER_SCHEDULE $GOPHER_DUE\\""\n')
    program.chmod(0o755)
    await gopher.set_schedule("s", "script", cron="0 12 * * *", now="1767182400001")
    (id,) = (await gopher.tick("default", now=NOON)).made
    await runner(load_registry("", [("script", str(program))]), burst=True).run()

    assert (await gopher.inspect("default", id)).result == "s 2026-01-01T12:00:00Z"
