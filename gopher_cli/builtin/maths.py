"""`math`: one small calculation, bounded so that no payload can keep a worker busy."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Annotated

from msgspec import Meta, Struct

from gopher_cli.model.job.signals import Discard

Number = int | float
Given = int | float | str | None

MAX_BITS = 13_000  # some 3 900 digits; Python refuses to print more than 4 300
MAX_FACTORIAL = 1_000
MAX_FIBONACCI = 10_000
MAX_PRIME = 2**64
_WITNESSES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)  # enough below 3.3e24


class Math(Struct, frozen=True, kw_only=True):
    """One operation on two numbers, on one, or on a list of them."""

    op: Annotated[
        str,
        Meta(
            description="add, subtract, multiply, divide, power, sum, mean, factorial, fibonacci or is_prime"
        ),
    ] = ""
    operation: Annotated[str, Meta(description="another name for op")] = ""
    a: Annotated[Given, Meta(description="first number")] = None
    b: Annotated[Given, Meta(description="second number")] = None
    x: Annotated[Given, Meta(description="another name for a")] = None
    y: Annotated[Given, Meta(description="another name for b")] = None
    n: Annotated[Given, Meta(description="another name for a")] = None
    values: Annotated[list[int | float | str], Meta(description="the numbers, as a list")] = []


async def calculate(payload: Math) -> int | float | bool | str:
    """The result; as text when it is an integer that does not fit into 64 bits."""
    name = payload.op or payload.operation or "add"
    operation = _OPERATIONS.get(name)
    if operation is None:
        raise Discard(f"unknown op {name[:40]!r}: use one of {', '.join(_NAMES)}")
    try:
        return _portable(operation(_numbers(payload)))
    except ZeroDivisionError:
        raise Discard("division by zero") from None
    except OverflowError:
        raise Discard(f"the result of {name} is too large") from None


def _numbers(payload: Math) -> Sequence[Number]:
    if payload.values:
        return [_number(value) for value in payload.values]
    first = payload.a if payload.a is not None else payload.x
    first = payload.n if first is None else first
    second = payload.b if payload.b is not None else payload.y
    return [_number(value) for value in (first, second) if value is not None]


def _number(value: int | float | str) -> Number:
    number: Number
    if isinstance(value, int):
        return value
    try:
        # "3" is what a shell's k=v sends for 3.
        whole = isinstance(value, str) and value.strip().lstrip("+-").isdecimal()
        number = int(value) if whole else float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise Discard(f"{str(value)[:40]!r} is not a number")
    return number


def _portable(result: Number) -> Number | bool | str:
    if isinstance(result, float) and not math.isfinite(result):
        raise OverflowError
    if isinstance(result, int) and not isinstance(result, bool) and result.bit_length() > 63:
        return str(_bounded(result))
    return result


def _bounded(number: Number) -> Number:
    if isinstance(number, int) and number.bit_length() > MAX_BITS:
        raise OverflowError
    return number


def _fold(step: Callable[[Number, Number], Number]) -> Callable[[Sequence[Number]], Number]:
    def fold(numbers: Sequence[Number]) -> Number:
        if len(numbers) < 2:
            raise Discard("this op needs two numbers: a and b, or values")
        # Bounded at each step: the product of a long list would be quadratic.
        return reduce(lambda left, right: _bounded(step(left, right)), numbers)

    return fold


def _power(base: Number, exponent: Number) -> Number:
    whole = isinstance(base, int) and isinstance(exponent, int)
    if whole and exponent > 0 and int(base).bit_length() * exponent > MAX_BITS and abs(base) > 1:
        raise OverflowError
    result = base**exponent
    if isinstance(result, complex):
        raise Discard("a root of a negative number is not a real number")
    return result if whole and exponent >= 0 else float(result)


def _sum(numbers: Sequence[Number]) -> Number:
    exact = all(isinstance(number, int) for number in numbers)
    return sum(numbers) if exact else math.fsum(numbers)


def _mean(numbers: Sequence[Number]) -> Number:
    if not numbers:
        raise Discard("the mean of nothing: give values")
    return _sum(numbers) / len(numbers)


def _one(numbers: Sequence[Number], limit: int) -> int:
    if len(numbers) != 1 or numbers[0] != int(numbers[0]):
        raise Discard("this op needs one whole number: a")
    number = int(numbers[0])
    if number < 0 or number > limit:
        raise Discard(f"a has to be between 0 and {limit}")
    return number


def _fibonacci(numbers: Sequence[Number]) -> int:
    before, here = 0, 1
    for _ in range(_one(numbers, MAX_FIBONACCI)):
        before, here = here, before + here
    return before


def _is_prime(numbers: Sequence[Number]) -> bool:
    """Miller-Rabin with witnesses that decide every number up to the limit."""
    number = _one(numbers, MAX_PRIME)
    for prime in _WITNESSES:
        if number % prime == 0:
            return number == prime
    if number < 2:
        return False
    twos = ((number - 1) & (1 - number)).bit_length() - 1
    return all(_passes(number, witness, (number - 1) >> twos, twos) for witness in _WITNESSES)


def _passes(number: int, witness: int, odd: int, twos: int) -> bool:
    power = pow(witness, odd, number)
    if power in (1, number - 1):
        return True
    for _ in range(twos - 1):
        power = power * power % number
        if power == number - 1:
            return True
    return False


_NAMES: dict[str, Callable[[Sequence[Number]], Number | bool]] = {
    "add": _fold(lambda a, b: a + b),
    "subtract": _fold(lambda a, b: a - b),
    "multiply": _fold(lambda a, b: a * b),
    "divide": _fold(lambda a, b: a / b),
    "power": _fold(_power),
    "sum": _sum,
    "mean": _mean,
    "factorial": lambda numbers: math.factorial(_one(numbers, MAX_FACTORIAL)),
    "fibonacci": _fibonacci,
    "is_prime": _is_prime,
}
_ALIASES = {"sub": "subtract", "mul": "multiply", "div": "divide", "pow": "power", "avg": "mean"}
_OPERATIONS = _NAMES | {alias: _NAMES[name] for alias, name in _ALIASES.items()}
