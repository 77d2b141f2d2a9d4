"""Fetches of a runner, from a real server."""

from __future__ import annotations

from collections import Counter

import builders
import pytest

from gopher_cli.gopher import Gopher
from gopher_cli.worker.options import WorkerOptions
from gopher_cli.worker.runner.fetcher import Fetcher
from gopher_cli.worker.runner.unhandled_jobs import UnhandledJobs

pytestmark = pytest.mark.anyio


def fetcher(gopher: Gopher) -> Fetcher:
    options = WorkerOptions(queues=(("default", 1),), priority_ratio="5:3:1")
    return Fetcher(gopher, "w.0", options, UnhandledJobs(gopher, ["mail"], 3600.0), lambda batches: None)


async def test_large_jobs_are_fetched_in_answers_that_bring_each_class_its_turns(gopher: Gopher) -> None:
    """As many are asked for as fit, so the best class does not fill each answer."""
    large = "x" * 900_000
    for priority in (8, 5, 2):
        for _ in range(10):
            await gopher.submit_many([builders.job(payload=large, priority=priority) for _ in range(2)])
    fetches, came, sizes = fetcher(gopher), Counter[int](), []

    while sum(came.values()) < 36:
        batches = await fetches.fetch(400, 400)
        leases = [lease for batch in batches for lease in batch.leases]
        sizes.append(len(leases))
        came.update(lease.spec.priority for lease in leases)

    assert max(sizes) <= 5
    assert came[2] >= 2
    assert came[8] <= 20


async def test_after_large_jobs_small_ones_come_by_hundreds_again(gopher: Gopher) -> None:
    await gopher.submit_many([builders.job(payload="x" * 1_000_000) for _ in range(6)])
    await gopher.submit_many([builders.job() for _ in range(500)])
    await gopher.submit_many([builders.job() for _ in range(500)])
    fetches = fetcher(gopher)

    sizes = [sum(len(batch.leases) for batch in await fetches.fetch(500, 500)) for _ in range(12)]

    assert sum(sizes) == 1006
    assert max(sizes) >= 300
