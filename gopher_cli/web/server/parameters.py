"""Reading what stands behind the question mark: each parameter is known by name, and described once."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from starlette.requests import Request

from gopher_cli.model.errors import Usage
from gopher_cli.model.text.duration import parse_duration
from gopher_cli.web.server.problems import FILL, Problem

TEXT, NUMBER = {"type": "string", "minLength": 1}, {"type": "integer"}
FLAG = {"anyOf": [{"type": "boolean"}, {"const": ""}]}  # named without a value, it is set
_SURE = {"type": "boolean"}  # what makes a request do more has to be said: a variable may not be set
MANY = {"type": "array", "items": TEXT}
MOST = 500
LONGEST = 50.0  # seconds that an answer may be held: many proxies cut one that has not begun after 60

_NEEDED = ("id", "batch")
# Of routes of one job; for lists it may be repeated.
ONE_QUEUE = (TEXT, "the queue that has the job, where several have one of this id")
# Each with the schema of its value, and what it is for.
PARAMETERS: dict[str, tuple[dict[str, Any], str]] = {
    "state": (MANY, "only jobs in this state (again, or a,b)"),
    "queue": (MANY, "only this queue (again, or a,b)"),
    "type": (TEXT, "only jobs of this type"),
    "tag": (TEXT, "only jobs with this tag"),
    "error": (TEXT, "only jobs with an error that matches this (a simple regular expression)"),
    "group": (TEXT, "only dead jobs of this failure group"),
    "older_than": (TEXT, "only jobs that are so for longer: 90s, 5m, 2d"),
    "q": (TEXT, 'a search: type:email payload.to:ann error:"time out" some words'),
    "limit": (NUMBER | {"minimum": 1, "maximum": MOST, "default": 50}, "how many at most"),
    "cursor": (TEXT, "next_cursor of the page before"),
    "order": (TEXT | {"enum": ["newest", "oldest"], "default": "newest"}, "which come first"),
    "id": (TEXT, "a whole id, or a unique prefix (4 characters) or suffix (6) of one"),
    "source": (TEXT, "only if the job is in this state"),
    "wait": (
        {"type": "number", "minimum": 0, "maximum": LONGEST},
        "hold the answer until the job has ended, so many seconds at most",
    ),
    "poison": (_SURE, "also where workers died of the job: it may take others down"),
    "atomic": (FLAG | {"default": False}, "store all of them or none: up to 500 jobs of one queue"),
    "follow": (FLAG, "go on until the job has ended"),
    "batch": (TEXT | {"maxLength": 100}, "the id of a batch"),
    "durability": (TEXT, "how safe that has to be: memory (default), fsync or replica:N"),
    "all": (_SURE, "all workers that are called so"),
    "name": (TEXT, "only those of this name, one in each queue at most"),
    "count": (NUMBER | {"minimum": 1, "maximum": 100, "default": 5}, "how many at most"),
    "minutes": (NUMBER | {"minimum": 1, "maximum": 1440, "default": 60}, "how far back"),
}


PREFER = {
    "name": "Prefer", "in": "header", "required": False, "schema": {"type": "string"},
    "description": f"wait=10 holds the answer until the job has ended, for {LONGEST:g} seconds at most",
}  # fmt: skip


class Parameters:
    """The parameters that a route takes, by their names in `PARAMETERS`; ``own`` describes them anew."""

    def __init__(self, *names: str, **own: tuple[dict[str, Any], str]) -> None:
        self._known = {name: PARAMETERS[name] for name in names} | own

    @property
    def described(self) -> list[dict[str, Any]]:
        """For the OpenAPI document."""
        return [
            {"name": name, "in": "query", "required": name in _NEEDED, "schema": schema, "description": about}
            for name, (schema, about) in self._known.items()
        ]

    def check(self, request: Request) -> None:
        """Raises Problem 422, with a guess, for a parameter that the route does not have."""
        if request.scope["query_string"]:
            for name in request.query_params:
                if name not in self._known:
                    raise _unknown(name, tuple(self._known))


def _unknown(name: str, names: tuple[str, ...]) -> Problem:
    near = difflib.get_close_matches(name[:64], names, 1)
    known = f"parameters: {', '.join(names)}" if names else "it takes none"
    hint = f"did you mean {near[0]}?" if near else known
    return Problem(422, f"there is no parameter {name[:64]!r}", hint=hint, parameter=name[:64])


class Given:
    """The values of one request. What is not valid raises Problem 422 that names its parameter; so does
    what is given but empty: in a script, a variable that was not set must not mean everything."""

    def __init__(self, request: Request) -> None:
        self._values = request.query_params

    def text(self, name: str) -> str:
        """ "" where it is not given."""
        text = self._single(name)
        if name in self._values:
            check_filled(name, text)
        return text

    def free_text(self, name: str, longest: int, default: str = "") -> str:
        """As a page takes it: empty is a value too, and of several the last one counts."""
        text = self._values.get(name, default)
        if len(text) > longest:
            raise wrong(name, f"{name} has at most {longest} characters")
        return text

    def words(self, name: str) -> tuple[str, ...]:
        """Repeated, or with commas."""
        return words_of(name, self._values.getlist(name))

    def _single(self, name: str) -> str:
        values = self._values.getlist(name)
        if len(values) > 1:
            raise wrong(name, f"{name} is given {len(values)} times")
        return values[0] if values else ""

    def number(self, name: str, default: int, most: int) -> int:
        text = self.text(name)
        if name not in self._values:
            return default
        if not (text.isascii() and text.isdecimal() and len(text) < 10 and 1 <= int(text) <= most):
            raise wrong(name, f"{name} is a whole number from 1 to {most}, not {text[:64]!r}")
        return int(text)

    def flag(self, name: str) -> bool:
        """True also when it is named without a value, ``?follow``, unless that makes a request do more."""
        if name not in self._values:
            return False
        text = self._single(name).lower()
        if PARAMETERS.get(name, (FLAG,))[0] is _SURE:
            check_filled(name, text)
        if text in ("", "1", "true", "yes"):
            return True
        if text in ("0", "false", "no"):
            return False
        raise wrong(name, f"{name} is true or false, not {text[:64]!r}")

    def seconds(self, name: str) -> float:
        text = self.text(name)
        try:
            return parse_duration(text[:64]) if text else 0.0
        except ValueError as error:
            raise wrong(name, f"{name}: {error}") from None

    def choice(self, name: str, known: tuple[str, ...]) -> str:
        """The first is the default."""
        text = self.text(name) if name in self._values else known[0]
        if text not in known:
            raise wrong(name, f"{name} is {' or '.join(known)}, not {text[:64]!r}")
        return text


def words_of(name: str, given: Sequence[str]) -> tuple[str, ...]:
    """Of a parameter that may be repeated, and may have commas. Raises Problem 422 where one is empty."""
    for text in given:
        check_filled(name, text.replace(",", ""))
    return tuple(dict.fromkeys(word for text in given for word in text.split(",") if word))


def check_filled(name: str, text: str) -> None:
    """Raises Problem 422 for a parameter that is given but empty."""
    if not text.strip():
        raise wrong(name, f"{name} is empty", FILL)


@contextmanager
def parameter(name: str) -> Iterator[None]:
    """What is not valid in here is this parameter."""
    try:
        yield
    except Usage as error:
        raise wrong(name, str(error), error.hint) from None


def wrong(name: str, detail: str, hint: str = "") -> Problem:
    return Problem(422, detail, hint=hint, parameter=name)
