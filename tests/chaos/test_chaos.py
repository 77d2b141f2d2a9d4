"""Half a minute of everything at once. `make chaos` has five of it, with the leases of real life."""

from __future__ import annotations

import random

import pytest

from chaos.run import Plan, run

pytestmark = pytest.mark.anyio


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("lease", "calm", "soak"), [(5.0, 1.0, False), (3.0, 5.0, True)], ids=["chaos", "soak"]
)
async def test_nothing_is_lost_and_no_outcome_counts_twice_whatever_happens(
    lease: float, calm: float, soak: bool
) -> None:
    told: list[str] = []
    plan = Plan(
        30.0, random.SystemRandom().randrange(1_000_000), lease, 20.0 if soak else 40.0, calm, soak=soak
    )

    outcome = await run(plan, told.append)

    assert outcome.holds, "\n".join([*told, str(outcome)])
    assert outcome.faults >= 4 and outcome.end.accepted >= 100, str(outcome)
