"""A job between two queues is in neither: who asks for it is told where it is."""

from __future__ import annotations

from typing import Any

import builders
import pytest

from cli.running import Cli
from cli.world import do, fail, start
from gopher_cli.gopher import Gopher
from gopher_cli.store import calls
from gopher_cli.store.asks.outbox import encode_follow_ups


@pytest.mark.parametrize("door", ["near", "far"])
def test_a_job_that_moves_is_not_unknown_while_it_is_on_its_way(near: Cli, far: Cli, door: str) -> None:
    cli = {"near": near, "far": far}[door]
    id = fail(near, "-Q", "here", "--id", "order:10")

    async def move_out(gopher: Gopher) -> Any:
        return await gopher.store.run(calls.move_out(gopher.keys("here"), [id], "there", "n"))

    do(near, move_out)
    ran, other = cli("inspect", id), cli("inspect", "order:1")

    assert ran.code == 3
    assert f"the job '{id}' is on its way from the queue here to the queue there" in ran.err
    assert other.code == 3 and "on its way" not in other.err


def test_a_follow_up_that_waits_says_for_what(near: Cli) -> None:
    near.id("-t", "x", "-Q", "here")
    (lease,) = start(near, queue="here")
    parent, child = builders.job("p", queue="there"), builders.job("c", queue="here", after=("p",))
    entries = encode_follow_ups([parent, child])
    settlement = builders.msgspec.structs.replace(
        builders.settlement(lease, builders.success()), follow_ups=entries
    )

    async def settle(gopher: Gopher) -> Any:
        return await gopher.settle("w1.0", [settlement])

    do(near, settle)

    assert "from the queue here to the queue here, and waits for p (there)" in near("inspect", "c").err
