"""Twenty seconds of everything at once. `make chaos` has five minutes of it, with the leases of real life."""

from __future__ import annotations

import random

import pytest

from chaos.run import Plan, run

pytestmark = pytest.mark.anyio


@pytest.mark.timeout(300)
async def test_nothing_is_lost_and_no_outcome_counts_twice_whatever_happens() -> None:
    told: list[str] = []
    plan = Plan(seconds=20.0, seed=random.SystemRandom().randrange(1_000_000), lease=5.0, calm=1.0)

    outcome = await run(plan, told.append)

    assert outcome.holds, "\n".join([*told, str(outcome)])
    assert outcome.faults >= 4 and outcome.end.accepted >= 100, str(outcome)
