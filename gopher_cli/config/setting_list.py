"""The list of settings: one row each, in the order in which they are shown."""

from __future__ import annotations

from dataclasses import Field, fields
from functools import cache
from typing import Any

from gopher_cli.config.given import Given, Name
from gopher_cli.config.subjects import Subjects
from gopher_cli.model.errors import BadConfig, GopherError, Usage
from gopher_cli.model.text.duration import format_duration

Row = Field[Any]


def rows() -> tuple[Row, ...]:
    return fields(Subjects)


@cache
def names() -> tuple[Name, ...]:
    return tuple(
        Name(
            field=row.name,
            flag=row.metadata["flag"] or "--" + row.name.replace("_", "-"),
            variables=(f"GOPHER_{row.name.upper()}", *row.metadata["variables"]),
            secret=row.metadata["show"] is not None,
            join=row.metadata["join"],
        )
        for row in rows()
    )


def read(row: Row, given: Given) -> object:
    """The value of a raw text. Raises Usage (a flag) or BadConfig, naming what the user has set."""
    wrong = Usage if given.origin == "flag" else BadConfig
    try:
        return row.metadata["kind"](given.raw)
    except GopherError as error:
        raise wrong(f"{given.called}: {error}", error.hint) from None
    except ValueError as error:
        value = "" if row.metadata["show"] else f" {given.raw[:80]!r}"
        see = "" if given.origin == "flag" else "see: gopher config show"  # who typed it sees it
        raise wrong(f"{given.called} has a wrong value{value}: it takes {error}", see) from None


def shown(row: Row, value: object) -> str:
    """A value as text that reads back the same; a secret as stars."""
    if row.metadata["show"]:
        return str(row.metadata["show"](str(value)))
    if isinstance(value, float):
        return format_duration(value)
    if isinstance(value, tuple):
        return "; ".join("=".join(part) if isinstance(part, tuple) else str(part) for part in value)
    return str(value)


def raw(value: object) -> str:
    """A value as text that its kind reads back."""
    if isinstance(value, tuple):
        programs = [part for part in value if isinstance(part, tuple)]
        return "\n".join("=".join(part) for part in programs) or ":".join(str(part) for part in value)
    return str(value)
