"""Laws of the `math` handler."""

from __future__ import annotations

import math
from typing import Any

import anyio
import msgspec
import pytest

from gopher_cli.builtin.maths import Math, calculate
from gopher_cli.model.job.signals import Discard


def run(payload: Any) -> Any:
    return anyio.run(calculate, msgspec.convert(payload, Math))


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"a": 1, "b": 2, "op": "add"}, 3),
        ({"operation": "subtract", "x": 5, "y": 7}, -2),
        ({"op": "multiply", "a": "6", "b": "7"}, 42),
        ({"op": "divide", "a": 1, "b": 4}, 0.25),
        ({"op": "power", "a": 2, "b": 10}, 1024),
        ({"op": "power", "a": 2, "b": -1}, 0.5),
        ({"op": "sum", "values": [0.1, 0.2, 0.3]}, 0.6),
        ({"op": "mean", "values": [1, 2, 6]}, 3.0),
        ({"op": "factorial", "n": 5}, 120),
        ({"op": "fibonacci", "a": 90}, 2880067194370816120),
        ({"op": "is_prime", "a": 2**61 - 1}, True),
        ({"op": "is_prime", "a": 3215031751}, False),
        ({"op": "add", "values": [1, 2, 3]}, 6),
    ],
)
def test_an_operation_gives_its_result(payload: Any, expected: Any) -> None:
    assert expected == run(payload)


def test_the_primes_below_a_thousand_are_those_of_trial_division() -> None:
    slow = [n for n in range(2, 1000) if all(n % d for d in range(2, math.isqrt(n) + 1))]

    assert slow == [n for n in range(1000) if run({"op": "is_prime", "a": n})]


def test_an_integer_beyond_64_bits_comes_as_text() -> None:
    assert str(math.factorial(30)) == run({"op": "factorial", "a": 30})


@pytest.mark.parametrize(
    "payload",
    [
        {"op": "divide", "a": 1, "b": 0},
        {"op": "power", "a": 0, "b": -1},
        {"op": "power", "a": 10, "b": 10**9},
        {"op": "power", "a": -8, "b": 0.5},
        {"op": "power", "a": 1e300, "b": 2},
        {"op": "multiply", "a": 1e308, "b": 10},
        {"op": "multiply", "values": ["9" * 4000, "9" * 4000]},
        {"op": "factorial", "a": 10**6},
        {"op": "factorial", "a": -1},
        {"op": "factorial", "a": 1.5},
        {"op": "fibonacci", "a": 10**9},
        {"op": "is_prime", "a": "9" * 30},
        {"op": "mean"},
        {"op": "add", "a": 1},
        {"op": "add", "a": "one", "b": 2},
        {"op": "add", "a": "nan", "b": "inf"},
        {"op": "frobnicate", "a": 1, "b": 2},
    ],
)
def test_what_has_no_bounded_result_is_discarded(payload: Any) -> None:
    with pytest.raises(Discard):
        run(payload)


def test_the_reason_is_said() -> None:
    with pytest.raises(Discard, match="division by zero"):
        run({"op": "divide", "a": 1, "b": 0})
    with pytest.raises(Discard, match="use one of add"):
        run({"op": "plus", "a": 1, "b": 0})
