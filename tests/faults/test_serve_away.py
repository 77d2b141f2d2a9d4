"""`gopher serve` while Redis is stopped, or dead, under load: nobody waits long, and all goes on at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import httpx2
import pytest
from awake_clock import awake, clock
from faults.serving import Serve
from servers import Server, own_server
from worker.processes import PATIENCE, until

pytestmark = pytest.mark.anyio
JOBS = "/api/v1/jobs"
CLIENTS, AWAY = 50, 4.0


@pytest.fixture
def server() -> Iterator[Server]:
    with own_server() as one:
        yield one


class Load:
    """Clients that submit without a pause. ``heard``: when, status, how long it took (s)."""

    def __init__(self, url: str) -> None:
        self.url, self.heard = url, list[tuple[float, int, float, bool]]()
        self.over = False

    async def run(self, http: httpx2.AsyncClient) -> None:
        while not self.over:
            began = clock()
            answer = await http.post(f"{self.url}{JOBS}", json={"type": "t"})
            now = clock()
            self.heard.append((now, answer.status_code, awake(began, now), "retry-after" in answer.headers))
            if answer.status_code == 503:
                await asyncio.sleep(0.1)

    def since(self, moment: float) -> list[tuple[float, int, float, bool]]:
        return [one for one in self.heard if one[0] > moment]


@pytest.mark.row("S2")
@pytest.mark.parametrize("fault", ["stopped", "killed"])
async def test_while_redis_is_away_every_client_hears_so_soon_and_afterwards_all_goes_on(
    serve: Serve, server: Server, fault: str
) -> None:
    served = serve(server.url, program="gopher_cli")
    load = Load(served.url)
    limits = httpx2.Limits(max_connections=CLIENTS + 10)
    async with httpx2.AsyncClient(timeout=60.0, limits=limits, base_url=served.url) as http:
        clients = [asyncio.create_task(load.run(http)) for _ in range(CLIENTS)]
        await until(lambda: len(load.heard) > 200)
        before = len(served.said)
        _take_away(server, fault)
        away = time.monotonic()
        while time.monotonic() < away + AWAY or not _know_it(load.since(away)):
            assert time.monotonic() < away + PATIENCE, (
                "each client waits for what others have found out already"
            )
            began = time.monotonic()
            lives, ready = await http.get("/livez"), await http.get("/readyz")
            took = time.monotonic() - began
            await asyncio.sleep(0.2)
        during = [one for one in load.since(away) if one[1] == 503]
        _give_back(server, fault)
        back = time.monotonic()
        await until(lambda: any(status == 201 for _, status, _, _ in load.since(back)))
        recovered = next(at for at, status, _, _ in load.since(back) if status == 201) - back
        await until(lambda: _is_ready(http))
        load.over = True
        await asyncio.gather(*clients)

    slowest = max(seconds for _, _, seconds, _ in load.since(away))
    at_once = sum(seconds < 0.5 for _, _, seconds, _ in during)
    print(
        f"S2 {fault}: {len(during)} times 503, {at_once} of them at once, {slowest:.2f} s at worst; back "
        f"after {recovered:.2f} s; /livez and /readyz in {took * 1000:.0f} ms"
    )
    assert (lives.status_code, ready.status_code) == (200, 503)
    assert {status for _, status, _, _ in load.heard} == {201, 503}
    assert during and all(retry for _, _, _, retry in during)
    told = [line for line in served.said[before:] if "Redis" in line and "API keys" not in line]
    changes = ["Redis is back" in line for line in told]
    assert changes in [[False, True] * n for n in range(1, 6)], (
        f"not of changes, but of requests: {told[:20]}"
    )
    assert slowest < 20  # two seconds, and room for a machine that does other things as well


def _know_it(heard: list[tuple[float, int, float, bool]]) -> bool:
    """Most were told at once that Redis is away, and all of them while it was."""
    told = [seconds for _, status, seconds, _ in heard if status == 503]
    return len(told) > 5 * CLIENTS and sum(seconds < 0.5 for seconds in told) > len(told) / 2


def _take_away(server: Server, fault: str) -> None:
    server.stop() if fault == "stopped" else server.kill()


def _give_back(server: Server, fault: str) -> None:
    server.cont() if fault == "stopped" else server.start()


async def _is_ready(http: httpx2.AsyncClient) -> bool:
    return (await http.get("/readyz")).status_code == 200
