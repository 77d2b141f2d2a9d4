"""An operator at a fleet where eight things are wrong: each view names its own, and says nothing false.

Other numbers: GOPHER_TEST_JOBS=200000.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from faults.scene import Scene
from faults.test_memory import fill
from servers import Server, binaries_found, own_server
from worker.processes import until

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.timeout(600)]
JOBS = int(os.environ.get("GOPHER_TEST_JOBS", "5000"))
APP, OLDER = ("--app", "faults.troubled:app"), ("--app", "faults.troubled:older")


@pytest.fixture
def server() -> Iterator[Server]:
    with own_server(next(iter(binaries_found().values()))) as one:
        yield one


class Desk:
    """Where the operator sits. ``shown`` is all that was printed, for people to read: pytest -s."""

    def __init__(self, scene: Scene) -> None:
        self._environ = scene.fleet.environ | {"REDIS_URL": scene.server.url, "REDIS_TIMEOUT": "60s"}
        self._environ |= {"COLUMNS": "130"}

    async def __call__(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        ran = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-m", "gopher_cli", *words], env=self._environ, input=stdin,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if words[0] != "submit":
            print(f"\n$ gopher {' '.join(words)}\n{ran.stdout}{ran.stderr}[exit {ran.returncode}]")
        return ran

    async def seen(self, *words: str) -> str:
        return (await self(*words, "-o", "table")).stdout

    async def told(self, *words: str) -> Any:
        return json.loads((await self(*words, "-o", "json")).stdout)


def lines() -> str:
    """One batch with all of it."""
    jobs = [{"type": "mail", "payload": {"n": n}} for n in range(JOBS)]
    jobs += [{"type": "charge", "payload": {"n": n}} for n in range(40)]
    jobs += [{"type": "crash", "id": "poison-1"}]
    jobs += [{"type": "report", "queue": "reports", "payload": {"n": n}} for n in range(30)]
    jobs += [{"type": "report", "queue": "crm"}, {"type": "sync", "queue": "crm", "id": "stuck-1"}]
    jobs += [{"type": "mail", "queue": "news", "payload": {"n": n}} for n in range(50)]
    return "".join(json.dumps(job) + "\n" for job in jobs)


async def test_each_view_names_what_is_wrong_and_says_nothing_false(scene: Scene, tmp_path: Path) -> None:
    desk, gopher = Desk(scene), scene.gopher
    ran = await desk("submit", "--batch", "-", "-q", stdin=lines())
    assert ran.returncode == 0, ran.stderr
    assert len(ran.stdout.split()) == JOBS + 123
    await desk("queue", "pause", "news")
    calm = {"GOPHER_LEASE": "15s", "GOPHER_HEARTBEAT": "1s"}
    scene.worker(*APP, "--name", "shop-1", "-c", "4", **calm)
    scene.worker(*OLDER, "--name", "shop-0", "-c", "4", **calm)
    scene.worker(*APP, "--name", "reports-1", "-Q", "reports", "-c", "4", **calm)
    scene.worker(*APP, "--name", "crm-1", "-Q", "crm,news", "-c", "2", **calm)

    async def done() -> bool:
        states = (await gopher.queue_stats(["default"]))[0].states
        return states["completed"] == JOBS and states["failed"] == 41

    async def stuck() -> bool:
        return any(worker.stuck for worker in await gopher.workers())

    async def told() -> bool:
        """They say how they are once a second."""
        crew = await gopher.workers()
        return sum(w.busy for w in crew) == 5 and sum(w.completed for w in crew) == JOBS

    async def seats_are_full() -> bool:
        current = [w.current for w in await gopher.workers() if w.name == "reports-1"]
        return bool(current) and min((job["seconds"] for job in current[0]), default=0) > 10

    await until(done, 300)
    await until(stuck)
    await until(told)
    await until(seats_are_full)
    await views(desk, full=False)
    fill(scene)
    await views(desk, full=True)
    await the_brakes_work(desk, gopher)
    scene.redis.config_set("maxmemory", 0)


async def views(desk: Desk, *, full: bool) -> None:
    """What each of them has to say, with memory and without."""
    stats = await desk.seen("stats")
    assert "news (paused)" in stats
    assert ("full, submits are refused" in stats) is full
    assert "4 alive, 5 of 14 slots busy" in stats
    assert any("charge" in line and "0.0%" in line for line in stats.splitlines()), stats
    workers = await desk.seen("workers")
    rows = {line.split()[0]: line for line in workers.splitlines() if line.strip()}
    assert "+1 stuck" in rows["crm-1"] and "4/4" in rows["reports-1"]
    assert all("running" in rows[name] for name in ("shop-0", "shop-1", "reports-1", "crm-1"))
    told = {one["name"]: one for one in await desk.told("workers")}
    assert told["shop-0"]["types"] == ["mail"] and len(told["shop-1"]["types"]) == 5
    assert told["shop-1"]["completed"] + told["shop-0"]["completed"] == JOBS
    ran = await desk("health")
    assert ran.returncode == (75 if full else 0)
    assert ran.stdout.startswith("degraded: memory is full" if full else "ok:")
    assert "4 workers alive" in ran.stdout
    found = {(one["name"], one["queue"]): one for one in (await desk.told("doctor"))["findings"]}
    await desk.seen("doctor")
    wrong = {name: one["severity"] for (name, _), one in found.items() if one["severity"] != "ok"}
    assert wrong.pop("all slots are busy") in ("note", "warning")  # by how long they are
    assert wrong == {
        "stuck handlers": "warning", "failing types": "warning", "poison jobs": "note",
        "paused with a backlog": "note", "workers that lack types": "note",
        **({"memory": "critical"} if full else {}),
    }  # fmt: skip
    assert found["failing types", ""]["examples"] == ["charge 80 of 80 attempts"]
    assert found["poison jobs", "default"]["examples"] == ["poison-1"]
    assert found["workers that lack types", "default"]["examples"][0].startswith("shop-0 lacks charge, crash")
    assert "4 report" in found["all slots are busy", "reports"]["meaning"]
    assert found["workers", ""]["meaning"] == "4 alive, with 14 slots"


async def the_brakes_work(desk: Desk, gopher: Any) -> None:
    """At full memory, all that an operator needs to end it."""
    assert (await desk("submit", "-t", "mail")).returncode == 75
    assert (await desk("queue", "pause", "default")).returncode == 0
    assert (await desk("queue", "resume", "default")).returncode == 0
    assert (await desk("workers", "quiet", "shop-0")).returncode == 0
    assert (await desk("cancel", "stuck-1")).returncode != 75
    assert (await desk("events", "--audit")).stdout.count("\n") >= 4
    waiting, *_ = (await desk.told("jobs", "ls", "-Q", "reports", "-s", "enqueued"))["items"]
    said = (await desk.told("inspect", waiting["job_id"]))["why_not_running"]
    assert "all 4 slots of its workers are busy (4 report)" in said
