"""One law over many things, as one test that names all that break it.

A test of its own for each file of the house would cost more by far than the look at the file.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeVar

T = TypeVar("T")


def each(things: Iterable[T], name: Callable[[T], str] = str) -> Callable[[Callable[..., None]], Any]:
    """Calls the test with each of these as its first argument."""
    subjects = list(things)
    assert subjects, "a law over nothing cannot be broken"

    def decorate(law: Callable[..., None]) -> Callable[..., None]:
        @wraps(law)
        def test(**fixtures: Any) -> None:
            broken = [f"{name(one)}: {error}" for one in subjects if (error := _error(law, one, fixtures))]
            assert not broken, "\n".join(broken)

        _, *others = inspect.signature(law).parameters.values()
        test.__signature__ = inspect.Signature(others)  # type: ignore[attr-defined]
        return test

    return decorate


def _error(law: Callable[..., None], subject: Any, fixtures: dict[str, Any]) -> str:
    try:
        law(subject, **fixtures)
    except Exception as error:
        return f"{type(error).__name__} {error}"
    return ""
