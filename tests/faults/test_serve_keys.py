"""`gopher serve` is killed again and again while clients retry under their Idempotency-Keys."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Any

import httpx2
import pytest
from faults.serving import Serve, Served
from redis import Redis
from worker.processes import until

from gopher_cli.gopher import Gopher

pytestmark = pytest.mark.anyio
JOBS, BATCH = "/api/v1/jobs", "/api/v1/jobs/batch"
CLIENTS, EACH, DEATHS = 12, 25, 3


class Town:
    """Clients that send each request until they hear its answer, wherever the server is by now."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.answered: dict[str, httpx2.Response] = {}
        self.tries: Counter[str] = Counter()

    async def client(self, number: int) -> None:
        async with httpx2.AsyncClient(timeout=10.0) as http:
            for n in range(EACH):
                await self._until_answered(http, f"{number}-{n}", many=n % 5 == 0)

    async def _until_answered(self, http: httpx2.AsyncClient, key: str, *, many: bool) -> None:
        body: Any = {"type": "t", "payload": {"key": key}}
        path, body = (BATCH, [body, body]) if many else (JOBS, body)
        while key not in self.answered:
            self.tries[key] += 1
            try:
                answer = await http.post(self.served.url + path, json=body, headers={"Idempotency-Key": key})
            except httpx2.TransportError:
                await asyncio.sleep(0.01)
                continue
            if answer.status_code < 300:
                self.answered[key] = answer


@pytest.mark.row("N9")
@pytest.mark.row("S1")
async def test_a_server_that_is_killed_midway_loses_nothing_and_doubles_nothing(
    serve: Serve, gopher: Gopher, redis: Redis, namespace: str
) -> None:
    town = Town(serve())
    clients = [asyncio.create_task(town.client(number)) for number in range(CLIENTS)]
    for death in range(1, DEATHS + 1):
        so_far = death * CLIENTS * EACH // (DEATHS + 1)
        await until(lambda so_far=so_far: len(town.answered) >= so_far)
        await asyncio.sleep(random.uniform(0, 0.02))
        town.served.kill()
        town.served = await asyncio.to_thread(serve)
    await asyncio.gather(*clients)

    ids = [
        id
        for answer in town.answered.values()
        for id in (
            [item["job_id"] for item in answer.json()["items"]]
            if "items" in answer.json()
            else [answer.json()["job_id"]]
        )
    ]
    stored = {id.decode() for id in redis.hkeys(f"{namespace}:{{default}}:meta")}
    again = sum(count > 1 for count in town.tries.values())
    print(
        f"N9 keys: {len(ids)} jobs accepted over {DEATHS} deaths, {again} requests sent again, "
        f"lost {len(set(ids) - stored)}, doubled {len(stored - set(ids))}"
    )
    assert again > 0, "no request was under way when the server died"
    assert len(ids) == len(set(ids)) == CLIENTS * (EACH // 5 * 2 + EACH - EACH // 5)
    assert set(ids) == stored
