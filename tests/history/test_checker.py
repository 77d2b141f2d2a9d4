"""The checker of histories is checked: what is right passes, and what is wrong is found, of every kind."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from history import FOREVER, History, Op
from history.checker import CHECKS, check
from history.linear import Step, TooWide, unexplained
from history.made import Made
from history.wrong import SEEDS, Seed


@pytest.fixture(scope="module")
def worlds() -> list[History]:
    return [Made(number, 300).history() for number in range(30)]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 1 << 32), steps=st.integers(1, 250))
def test_a_history_of_a_serial_world_passes(seed: int, steps: int) -> None:
    verdict = check(Made(seed, steps).history())

    assert not verdict.broken, str(verdict)


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.__name__)
def test_a_seeded_violation_is_found(seed: Seed, worlds: list[History]) -> None:
    """In every one of many worlds that have room for it, by the check whose law it is."""
    spoiled = [wrong for world in worlds if (wrong := seed(world))]

    assert spoiled, "no world has room for this violation"
    for wrong in spoiled:
        assert SEEDS[seed] in check(wrong).broken


def test_every_check_has_its_violation() -> None:
    assert {one.__name__ for one in CHECKS} == set(SEEDS.values())


def asked(kind: str, began: int, ended: int, answer: str, **more: object) -> Op:
    return Op(kind, "ann", began, ended, id="job", answer=answer, **more)


SUBMITTED = asked("submit", 0, 10, "accepted")


def test_what_overlaps_may_have_been_in_either_order() -> None:
    cancel, requeue = asked("cancel", 20, 40, "cancelled"), asked("requeue", 30, 50, "again")

    assert check_job(SUBMITTED, cancel, requeue)
    assert not check_job(SUBMITTED, cancel, replace(requeue, began=41, ended=50))


def test_what_was_never_answered_may_have_happened_at_any_time_or_never() -> None:
    unknown = asked("cancel", 20, FOREVER, "")
    late, never = asked("requeue", 900, 910, "enqueued"), asked("requeue", 900, 910, "again")

    assert check_job(SUBMITTED, unknown, late)
    assert check_job(SUBMITTED, unknown, never)
    assert not check_job(SUBMITTED, replace(unknown, began=911), late)


def test_an_answer_is_not_taken_from_the_future() -> None:
    assert not check_job(asked("purge", 0, 5, "purged", detail="enqueued"), replace(SUBMITTED, began=6))


def check_job(*ops: Op) -> bool:
    return "a_serial_order_explains_every_job" not in check(History(list(ops))).broken


def test_eight_at_once_are_searched_and_too_many_are_refused() -> None:
    """Every one of them may lead to a world of its own: a set of who has been there."""

    def crowd(size: int) -> list[Step[frozenset[int]]]:
        return [Step(str(n), n, 100 + n, lambda seen, n=n: [seen | {n}]) for n in range(size)]

    assert unexplained(crowd(8), frozenset()) is None
    with pytest.raises(TooWide):
        unexplained(crowd(20), frozenset())


def test_what_nobody_answered_is_counted_and_no_failure() -> None:
    verdict = check(History([asked("submit", 0, FOREVER, "")]))

    assert not verdict.broken
    assert verdict.figures["unknown"] == 1
