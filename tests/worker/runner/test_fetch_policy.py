"""Which queue is asked next, for how many jobs, and who sits where: no Redis, and no process."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from gopher_cli.model.errors import Usage
from gopher_cli.worker.board import Board
from gopher_cli.worker.options import parse_queues
from gopher_cli.worker.runner.fetch_policy import Prefetch, Quotas, Rotation

# Which queue, which class, how many


@given(some.lists(some.integers(1, 50), min_size=1, max_size=6), some.integers(1, 5))
def test_over_a_cycle_the_picks_are_as_the_weights(weights: list[int], cycles: int) -> None:
    rotation = Rotation(weights)
    picked = Counter(rotation.pick() for _ in range(sum(weights) * cycles))

    assert [picked[i] for i in range(len(weights))] == [weight * cycles for weight in weights]


def test_the_picks_are_spread_over_the_cycle() -> None:
    rotation = Rotation([3, 2, 1])

    assert "".join("abc"[rotation.pick()] for _ in range(6)) == "abacba"


def test_a_turn_asks_every_queue_the_picked_one_first_then_by_weight() -> None:
    rotation = Rotation([1, 5, 3])

    assert rotation.order() == [1, 2, 0]
    assert rotation.order() == [2, 1, 0]


@given(some.tuples(*[some.integers(0, 20)] * 3), some.lists(some.integers(1, 500), max_size=20))
def test_quotas_sum_to_what_is_wanted(ratio: tuple[int, int, int], counts: list[int]) -> None:
    quotas = Quotas(":".join(map(str, ratio)))
    for count in counts:
        assert sum(quotas.share(count)) == (count if sum(ratio) else 0)


def test_quotas_of_one_go_round_by_the_ratio() -> None:
    quotas = Quotas("3:2:1")
    totals = [sum(column) for column in zip(*(quotas.share(1) for _ in range(600)), strict=True)]

    assert totals == [300, 200, 100]


def test_strict_has_no_quotas() -> None:
    assert Quotas("strict").share(10) == (0, 0, 0)


def test_nothing_is_fetched_ahead_until_jobs_are_known_to_be_short() -> None:
    prefetch = Prefetch(10)
    assert prefetch.size == 0
    for _ in range(100):
        prefetch.learn(0.001)
    assert 300 <= prefetch.size <= 500
    prefetch.learn(1.0)
    assert prefetch.size == 0
    for _ in range(200):
        prefetch.learn(0.000001)
    assert prefetch.size == Prefetch.MOST
    prefetch.distrust()
    assert prefetch.size == 0


@pytest.mark.parametrize(
    ("text", "queues"),
    [
        ("default", (("default", 1),)),
        ("mail:3, default", (("mail", 3), ("default", 1))),
        ("a:2,a:5", (("a", 5),)),
    ],
)
def test_queues_have_weights(text: str, queues: Any) -> None:
    assert parse_queues(text) == queues


@pytest.mark.parametrize("text", ["", "a,", "a:", "a:0", "a:1001", "a:x", "a:-1", "a b", "a:1:2"])
def test_queues_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(Usage):
        parse_queues(text)


# The board


def test_the_board_tells_who_sits_where() -> None:
    board, other = Board.create(3), None
    try:
        import os

        other = Board(os.dup(board.fd), 3)
        other.write(0, 12.5, 1, "x" * 128)
        other.write(2, 99.0, 0, "short")
        assert board.read() == [(12.5, 1, "x" * 128), (99.0, 0, "short")]
        other.wipe(0)
        assert board.read() == [(99.0, 0, "short")]
        other.write(0, 1.0, 2, "y")
        assert (1.0, 2, "y") in board.read()
    finally:
        board.close()
        assert other is not None
        other.close()


def test_a_board_needs_no_memfd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("os.memfd_create", raising=False)
    board = Board.create(1)
    board.write(0, 1.0, 0, "x")

    assert board.read() == [(1.0, 0, "x")]
    board.close()
