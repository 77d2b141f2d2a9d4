"""Schedules that an application declares beside its handlers: whose type they are is known at the end."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from gopher_cli.model.errors import BadConfig
from gopher_cli.model.schedule.declaration import Declaration, declare

_OURS = {
    str(Path(__file__).with_name(name)) for name in ("declared_schedules.py", "handlers.py", "gopher.py")
}


class Declared(msgspec.Struct, eq=False):
    """A schedule as code says it: of a type, or of the function of a handler."""

    name: str
    type: str
    payload: Any
    options: dict[str, Any]
    place: str
    function: Callable[..., Any] | None = None


def note(name: str, type: str, payload: Any, options: dict[str, Any]) -> Declared:
    """Raises Usage or BadData for what makes no sense."""
    declare(name, type, payload, **options)
    return Declared(name, type, payload, options, _caller())


def resolve(declared: Sequence[Declared], types: dict[Callable[..., Any], str]) -> list[Declaration]:
    """All of them, with the types of the functions. Raises BadConfig for two of one name."""
    places: dict[str, str] = {}
    for item in declared:
        if places.setdefault(item.name, item.place) != item.place:
            raise BadConfig(
                f"the schedule {item.name!r} is declared twice: {places[item.name]} and {item.place}",
                "remove one, or give it another name",
            )
    return [declare(item.name, _type_of(item, types), item.payload, **item.options) for item in declared]


def _type_of(item: Declared, types: dict[Callable[..., Any], str]) -> str:
    type = item.type or (types.get(item.function, "") if item.function else "")
    if not type:
        raise BadConfig(
            f"the schedule {item.name!r} ({item.place}) names no type, and decorates no handler",
            f'for example: app.schedule("{item.name}", "report", cron="0 3 * * *")',
        )
    return type


def _caller() -> str:
    """Where a schedule is declared: the first place that is not in here."""
    frame = inspect.currentframe()
    while frame and frame.f_code.co_filename in _OURS:
        frame = frame.f_back
    return place_of(frame.f_code.co_filename, frame.f_lineno) if frame else "?"


def place_of(name: str, line: int) -> str:
    """``file:line``, as editors and terminals take it."""
    file = Path(name)
    with suppress(ValueError, OSError):  # shorter, where it is below the place in which we stand
        file = file.relative_to(Path.cwd())
    return f"{file}:{line}"
