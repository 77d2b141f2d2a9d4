"""The server is killed, again and again, with a fast disk and with a slow one: what was accepted is there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from awake_clock import awake, clock
from faults.scene import CALM, Scene, Storm
from servers import Server, binaries_found, own_server

pytestmark = [pytest.mark.anyio, pytest.mark.row("R1")]

KINDS = list(binaries_found())


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    kind = getattr(request, "param", KINDS[0])
    with own_server(binaries_found()[kind]) as one:
        yield one


@pytest.mark.parametrize("server", KINDS, indirect=True)
async def test_a_server_that_is_killed_in_a_storm_loses_nothing_that_it_accepted(scene: Scene) -> None:
    scene.worker("-c", "8", **CALM)
    storm, flaky = Storm(scene, "quick"), Storm(scene, "flaky", size=2, pause=0.05)
    for _ in range(4):
        await storm.more(150)
        await asyncio.to_thread(scene.server.restart)
    await storm.more(50)
    scene.ledger.accept(*await storm.ends(), *await flaky.ends())

    verdict = await scene.ends_well()

    print(verdict)
    assert verdict.waiting == 0 and not verdict.lost
    assert max(scene.ledger.times().values()) <= 3, "twice, and once more for an answer that was lost"


@pytest.mark.parametrize(("policy", "seconds"), [("everysec", 2.5), ("always", 0.0)])
async def test_with_a_slow_disk_a_killed_server_has_lost_what_it_had_put_off(
    scene: Scene, policy: str, seconds: float
) -> None:
    """A sync that hangs keeps `everysec` from writing for up to 2 s; `always` answers nobody meanwhile."""
    scene.worker("-c", "4", **CALM)
    storm = Storm(scene)
    await storm.more(100)
    scene.redis.config_set("appendfsync", policy)
    scene.server.control.slow_syncs(3.0 if policy == "everysec" else 0.2)
    await storm.more(300 if policy == "everysec" else 20)

    scene.server.kill()
    off = clock()
    scene.server.control.quick_syncs()
    scene.server.start()
    accepted = {id: at for id, at in (await storm.ends()).items() if at <= off}
    left = scene.those_left()
    lost = [awake(at, off) for id, at in accepted.items() if id not in left]

    print(f"{policy}: {len(lost)} of {len(accepted)}, {max(lost, default=0):.2f} s")
    assert max(lost, default=0.0) <= seconds
    scene.ledger.accept(*(id for id in accepted if id in left))
    await scene.ends_well()
