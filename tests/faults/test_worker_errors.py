"""Errors of the worker's own code: wherever one strikes, no job is lost, and the worker serves on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from faults.conftest import Fleet
from faults.ledger import Ledger
from worker.processes import until

from gopher_cli.gopher import Gopher

pytestmark = pytest.mark.anyio

BORNE = ("job.before_start:raise:2", "job.started:raise:3", "ack.sent:raise:2", "ack.replied:raise:3")
DUTIES = ("hb.sent:raise:1", "promote.sent:raise:2", "reclaim.sent:raise:2")
FATAL = ("fetch.replied:raise:5", "job.done_before_ack:raise:5")


@pytest.mark.row("W11")
async def test_an_error_at_a_step_of_a_job_or_in_a_duty_is_borne(
    gopher: Gopher, fleet: Fleet, ledger: Ledger, ends_well: Callable[..., Any]
) -> None:
    one = fleet("-c", "2", env={"GOPHER_FAILPOINT": ",".join(BORNE + DUTIES)})
    (runner,) = one.runners()
    for type in ("quick", "quick-thread") * 6:
        ledger.accept(await gopher.submit(type, {}))

    for point in BORNE + DUTIES:
        one.heard(f"failpoint {point.partition(':')[0]}")
    verdict = await ends_well()

    assert (verdict.completed, verdict.extra_runs) == (13, 0)
    assert one.runners() == [runner]


@pytest.mark.row("W2", "W4")
@pytest.mark.parametrize("point", FATAL)
async def test_a_runner_that_an_error_of_its_own_ends_is_replaced_and_its_jobs_spend_nothing(
    gopher: Gopher, fleet: Fleet, ledger: Ledger, ends_well: Callable[..., Any], point: str
) -> None:
    one = fleet("-c", "1", env={"GOPHER_FAILPOINT": point})  # so that it dies twice or thrice, and no more
    (first,) = one.runners()
    ids = [await gopher.submit("slow", {"seconds": 0.05}) for _ in range(8)]
    ledger.accept(*ids)

    one.heard(f"failpoint {point.partition(':')[0]}")
    await until(lambda: one.runners() and first not in one.runners())
    verdict = await ends_well()

    assert verdict.completed == 9
    for id in ids:
        assert (await gopher.inspect("default", id)).attempts == 1
