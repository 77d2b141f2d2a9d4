"""`gopher events` through the API of a server: the same lines, and it goes on when the server comes back."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import builders
import pytest
from faults.serving import Served
from worker.processes import until

from cli.running import CLEAN, Cli
from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import Denied, Unavailable
from gopher_cli.model.events import JobEvent
from gopher_cli.model.job.defaults import Defaults
from gopher_cli.remote.http import Wire
from gopher_cli.remote.remote_gopher import RemoteGopher
from gopher_cli.remote.watch import RemoteLookout

pytestmark = pytest.mark.anyio
KEY = "of-the-environment-and-long-enough"


@pytest.fixture
def served(redis_url: str, namespace: str, tmp_path: Path) -> Iterator[Served]:
    environ = {name: value for name, value in os.environ.items() if name not in CLEAN} | {
        "REDIS_URL": redis_url, "GOPHER_NAMESPACE": namespace, "GOPHER_HOME": str(tmp_path / "server"),
        "API_KEY": KEY,
    }  # fmt: skip
    one = Served(environ)
    yield one
    one.kill()


@pytest.fixture
async def far(served: Served) -> AsyncIterator[RemoteGopher]:
    gopher = RemoteGopher(Wire(served.url, KEY), Defaults())
    yield gopher
    await gopher.close()


async def heard(looking: RemoteLookout, id: str) -> JobEvent:
    """Looks until there is an event of this job."""
    found: list[JobEvent] = []

    async def look() -> JobEvent | None:
        found.extend(await looking.look())
        return next((event for event in found if id in event.job_ids), None)

    event: JobEvent = await until(look)
    return event


async def test_events_come_from_afar_as_they_are(
    far: RemoteGopher, gopher: Gopher, served: Served, cli: Cli
) -> None:
    await gopher.submit("x", {})
    near, looking = gopher.event_reader(types=True), far.event_reader()
    await near.look()
    await looking.look()
    ids = [receipt.id for receipt in await gopher.submit_many([builders.job("one"), builders.job("two")])]
    (event,) = await near.look()

    assert await heard(looking, ids[1]) == event
    await gopher.set_schedule("nightly", "mail", every=3600)
    await gopher.pause_schedule("nightly")
    (held,) = await near.look()
    assert (held.state, held.job_ids) == ("schedule_paused", ("nightly",))
    assert await heard(looking, "nightly") == held
    assert event in (await far.past_events() or [])
    assert await far.past_events(["nowhere"]) is None
    assert event in (await far.past_events(ago=3600) or [])
    assert await far.past_events(ago=0.001) == []
    remote = replace(
        cli, env={**cli.env, "REDIS_URL": "", "GOPHER_API_URL": served.url, "GOPHER_API_KEY": KEY}
    )
    assert await asyncio.to_thread(lambda: remote("events", "-q", "--type", "mail").lines) == ids


async def test_when_the_server_goes_away_that_is_said_again_and_again(
    far: RemoteGopher, gopher: Gopher, served: Served
) -> None:
    await gopher.submit("x", {})
    looking = far.event_reader()
    await looking.look()
    served.kill()

    async def fails() -> bool:
        try:
            await looking.look()
        except Unavailable:
            return True
        return False

    await until(fails)
    assert await fails()


async def test_without_a_right_there_is_nothing_to_see(served: Served) -> None:
    with pytest.raises(Denied):
        await RemoteGopher(Wire(served.url, "wrong"), Defaults()).event_reader().look()
