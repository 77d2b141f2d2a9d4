"""The fields of a job that say how it is done, one row each: every door makes its own from them.

The command line has options, a batch line and a body of the API have keys, a form has inputs, and all of
them show what was said. What is of one job alone (its id, its time, the jobs it waits for) is not here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from gopher_cli.model.errors import Usage
from gopher_cli.model.job.job import NO_OPTIONS, PRIORITIES, Options, Spec
from gopher_cli.model.job.value_checks import (
    check_backoff,
    check_headers,
    check_list,
    check_parents,
    check_priority,
    check_retries,
    check_seconds,
    check_text,
    check_timeout,
    known_id,
)

WHAT, HOW, ONCE = "What", "How it runs", "Only once"  # panels of a help page


class Kind(StrEnum):
    """How a value is written."""

    TEXT = "text"
    PRIORITY = "priority"  # a word or a number
    WHOLE = "whole"
    SECONDS = "seconds"  # or text such as 1m30s
    TEXTS = "texts"
    PAIRS = "pairs"  # of texts


class Field(msgspec.Struct, frozen=True):
    """``name`` is that of `new_job`, of JSON, and of what is stored.

    ``option`` is the word of the command line, which a batch line may use, too. ``spellings`` are other keys
    in JSON, each with how much more than the field it counts. A form has an input for what has a
    ``placeholder``. ``label`` is how people see it.
    """

    name: str
    kind: Kind
    check: Callable[[Any], Any]
    option: str
    metavar: str
    panel: str
    help: str
    short: str = ""
    about: str = ""
    spellings: Mapping[str, int] = {}
    placeholder: str = ""
    label: str = ""

    @property
    def is_optional(self) -> bool:
        """Kept among the options, which few jobs have."""
        return self.name in Options.__struct_fields__

    @property
    def title(self) -> str:
        return self.label or self.option

    def of(self, spec: Spec) -> Any:
        """What a spec says of it; None where it says nothing."""
        if not self.is_optional:
            return getattr(spec, self.name)
        value = getattr(spec.options, self.name)
        return None if value == getattr(NO_OPTIONS, self.name) else value


_AS_HANDLER = "as the handler says"

FIELDS = (
    Field(
        "priority", Kind.PRIORITY, check_priority, "priority", "P", WHAT, "high, normal, low, or 0 to 10",
        about="high, normal, low, or 0 to 10; higher runs first", placeholder="normal",
    ),
    Field(
        "max_retries", Kind.WHOLE, lambda value: check_retries("max_retries", value), "retries", "N", HOW,
        "how often it runs again when it fails (3)", short="-r", about="how often it runs again",
        spellings={"max_attempts": 1, "retries": 0}, placeholder=_AS_HANDLER,
    ),
    Field(
        "timeout", Kind.SECONDS, check_timeout, "timeout", "DURATION", HOW,
        "how long an attempt may take (5m)", about="of one run: seconds, or 1m30s", placeholder=_AS_HANDLER,
    ),
    Field(
        "backoff", Kind.TEXT, check_backoff, "backoff", "B", HOW,
        "exp:5s, poly:2 or fixed:10s; behind it :CAP (1h), :nojitter", about="exp:5s, poly:2 or fixed:10s",
        placeholder=_AS_HANDLER,
    ),
    Field(
        "unique_key", Kind.TEXT, lambda value: check_text("a unique key", value), "unique", "KEY", ONCE,
        "only one unfinished job of its queue with this key",
        about="while another job holds it, that one is answered", label="unique key",
    ),
    Field(
        "unique_for", Kind.SECONDS, lambda value: check_seconds("unique_for", value), "unique-for",
        "DURATION", ONCE, "and none within that time either", label="unique for",
    ),
    Field(
        "retention", Kind.SECONDS, lambda value: check_seconds("retention", value), "retention", "DURATION",
        HOW, "how long the completed job and its result are kept (24h)",
        about="how long it is kept when it has completed",
    ),
    Field(
        "tags", Kind.TEXTS,
        lambda value: tuple(check_text("a tag", tag) for tag in check_list("tags", value, 50)),
        "tag", "TAG", WHAT, "a label to find it by (repeat)", placeholder="shop, urgent", label="tags",
    ),
    Field(
        "headers", Kind.PAIRS, check_headers, "header", "KEY=VALUE", WHAT, "handed to the handler (repeat)",
        placeholder='{"name": "text"}', label="headers",
    ),
)  # fmt: skip
BY_NAME = {field.name: field for field in FIELDS}
# Of the options of a job; `after` and `parent` are of one job alone.
CHECKS: dict[str, Callable[[Any], Any]] = {
    field.name: field.check for field in FIELDS if field.is_optional
} | {"after": check_parents, "parent": known_id}


class Contradiction(Usage):
    """Two keys of one meaning say two things."""

    def __init__(self, *keys: str) -> None:
        super().__init__(f"{' and '.join(keys)} contradict each other: give one of them")
        self.keys = keys


Keys = dict[str, tuple[Field, int]]


def keys_of(field: Field) -> dict[str, int]:
    """The keys of JSON that say it, each with how much more it counts."""
    return {field.name: 0, **field.spellings}


JSON_KEYS: Keys = {key: (field, more) for field in FIELDS for key, more in keys_of(field).items()}


def read_keys(body: Any, keys: Keys, read: Callable[[Field, str, Any], Any]) -> dict[str, Any]:
    """What the attributes of a body say, by the names of fields; None is not given.

    ``read`` says what a value means that stands under a key. Raises Contradiction, and what ``read`` raises.
    """
    given: dict[str, Any] = {}
    by: dict[str, str] = {}
    for key, (field, more) in keys.items():
        if (value := getattr(body, key)) is None:
            continue
        value = read(field, key, value)
        value = value - more if more else value
        if given.setdefault(field.name, value) != value:
            raise Contradiction(by[field.name], key)
        by.setdefault(field.name, key)
    return given


def given_in(spec: Spec) -> Iterator[tuple[Field, Any]]:
    """The fields that a spec says something of, each with its value."""
    for field in FIELDS:
        if (value := field.of(spec)) is not None:
            yield field, value


def priority_word(priority: int) -> str:
    """As people write it."""
    return {number: word for word, number in PRIORITIES.items()}.get(priority, str(priority))
