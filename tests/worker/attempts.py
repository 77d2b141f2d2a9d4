"""One attempt of a job: a runner in the loop of the test, that ends when nothing is left."""

from __future__ import annotations

from typing import Any

from gopher_cli.gopher import Gopher
from worker.conftest import Work

FAR = str(2_000_000_000_000)  # a moment at which everything is due
SOON = {"backoff": "fixed:1s:nojitter"}


async def run(runner: Work, **options: Any) -> None:
    await runner(burst=True, **options).run()


async def outcome_of(gopher: Gopher, runner: Work, type: str, payload: Any, **options: Any) -> Any:
    """What is known of a job after one attempt."""
    id = await gopher.submit(type, payload, **options)
    await run(runner)
    return await gopher.inspect("default", id)
