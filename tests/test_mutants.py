"""The gate: every seeded bug is noticed by a short walk under the laws. A bug ever found is added."""

from __future__ import annotations

from uuid import uuid4

import pytest
from driver import Queue
from laws.walk import Walk
from mutants import MUTANTS
from redis.exceptions import ResponseError

SEEDS = (1, 2, 3, 4, 5, 6, 7)
STEPS = 200


def walk(redis, seed, scripts):
    queue = Queue(redis, f"mutant-{uuid4().hex[:8]}", scripts=scripts)
    try:
        Walk(queue, seed).go(STEPS, every=3)
    finally:
        queue.forget()


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.bug)
def test_the_laws_notice_that(redis, mutant):
    scripts = {mutant.script: mutant.source}

    for seed in SEEDS:
        try:
            walk(redis, seed, scripts)
        except (AssertionError, ResponseError):
            return
    pytest.fail("it survived")


@pytest.mark.parametrize("seed", SEEDS[:3])
def test_the_laws_notice_nothing_where_nothing_is_wrong(redis, seed):
    walk(redis, seed, {})


def test_every_script_that_writes_has_a_mutant():
    writing = {
        "cancel", "expire", "hand_back", "once", "pause", "promote", "purge", "reclaim",
        "renew", "report", "requeue", "reschedule", "reserve", "sample", "settle", "submit",
    }  # fmt: skip

    assert {mutant.script for mutant in MUTANTS} == writing
