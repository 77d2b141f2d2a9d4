"""The gate: every seeded bug is noticed by a short walk under the laws. A bug ever found is added."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from driver import Queue
from laws.schedule_steps import ScheduleWalk
from laws.walk import Walk
from mutants import ELSEWHERE, MUTANTS, Mutant
from redis.exceptions import ResponseError

SEEDS = (1, 2, 3, 4, 5, 6, 7)
STEPS = 200


def walk(redis, seed, scripts, way=Walk):
    queue = Queue(redis, f"mutant-{uuid4().hex[:8]}", scripts=scripts)
    try:
        way(queue, seed).go(STEPS if way is Walk else STEPS // 2, every=3)
    finally:
        queue.forget()


def is_of_schedules(mutant):
    return mutant.script in ("tick", "schedule", "run_schedule") or "ticks" in mutant.bug


SEEDED = [
    pytest.param(mutant, id=mutant.bug, marks=[pytest.mark.slow] if is_of_schedules(mutant) else [])
    for mutant in MUTANTS
]


@pytest.mark.parametrize("mutant", SEEDED)
def test_the_laws_notice_that(redis, mutant):
    scripts = {mutant.script: mutant.source}
    way = ScheduleWalk if is_of_schedules(mutant) else Walk

    for seed in SEEDS:
        try:
            walk(redis, seed, scripts, way)
        except (AssertionError, ResponseError):
            return
    pytest.fail("it survived")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("way", [Walk, ScheduleWalk])
def test_the_laws_notice_nothing_where_nothing_is_wrong(redis, seed, way):
    walk(redis, seed, {}, way)


def test_every_script_that_writes_has_a_mutant():
    writing = {
        "cancel", "drop_expect", "expect", "expire", "release", "once", "pause", "promote", "purge",
        "reclaim", "renew", "report", "requeue", "reschedule", "reserve", "run_schedule", "sample",
        "schedule", "settle", "submit", "tick",
    }  # fmt: skip

    assert {mutant.script for mutant in MUTANTS} == writing


@pytest.mark.slow
@pytest.mark.parametrize(("mutant", "tests"), ELSEWHERE, ids=[mutant.bug for mutant, _ in ELSEWHERE])
def test_the_tests_of_it_notice_that(mutant: Mutant, tests: str):
    here = Path(__file__).parent
    environ = {**os.environ, "MUTANT": mutant.bug, "PYTHONPATH": f"{here}:{here.parent}"}
    words = ("-m", "pytest", "-q", "-x", "-p", "mutated", "-p", "no:xdist", "-p", "no:cacheprovider", tests)

    ran = subprocess.run(
        [sys.executable, *words], cwd=here.parent, env=environ, capture_output=True, text=True
    )

    assert ran.returncode == pytest.ExitCode.TESTS_FAILED, ran.stdout[-2000:] + ran.stderr[-2000:]
