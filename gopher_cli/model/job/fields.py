"""The fields of a job that say how it is done, one row each: every door makes its own from them.

The command line has options, a batch line and a body of the API have keys, a form has inputs, and all of
them show what was said. What is of one job alone (its id, its time, the jobs it waits for) is not here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from gopher_cli.model.errors import Usage
from gopher_cli.model.text.duration import exact_duration

if TYPE_CHECKING:
    from gopher_cli.model.job.job import Spec

WHAT, HOW, ONCE = "What", "How it runs", "Only once"  # panels of a help page


class Kind(StrEnum):
    """How a value is written."""

    TEXT = "text"
    PRIORITY = "priority"  # a word or a number
    WHOLE = "whole"
    SECONDS = "seconds"  # or text such as 1m30s
    TEXTS = "texts"
    PAIRS = "pairs"  # of texts


class Field(NamedTuple):
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
        return self.name not in _OF_EVERY_JOB

    @property
    def title(self) -> str:
        return self.label or self.option

    def of(self, spec: Spec) -> Any:
        """What a spec says of it; None where it says nothing."""
        if not self.is_optional:
            return getattr(spec, self.name)
        from gopher_cli.model.job.job import NO_OPTIONS

        value = getattr(spec.options, self.name)
        return None if value == getattr(NO_OPTIONS, self.name) else value


def _check(name: str, *before: Any) -> Callable[[Any], Any]:
    """A function of value_checks, which is loaded with the first value: a help page needs none."""

    def check(value: Any) -> Any:
        from gopher_cli.model.job import value_checks

        return getattr(value_checks, name)(*before, value)

    return check


def _check_tags(tags: Any) -> tuple[str, ...]:
    from gopher_cli.model.job.value_checks import check_list, check_text

    return tuple(check_text("a tag", tag) for tag in check_list("tags", tags, 50))


_OF_EVERY_JOB = ("priority", "max_retries", "timeout")
_AS_HANDLER = "as the handler says"

FIELDS = (
    Field(
        "priority", Kind.PRIORITY, _check("check_priority"), "priority", "P", WHAT,
        "high, normal, low, or 0 to 10",
        about="high, normal, low, or 0 to 10; higher runs first", placeholder="normal",
    ),
    Field(
        "max_retries", Kind.WHOLE, _check("check_retries", "max_retries"), "retries", "N", HOW,
        "how often it runs again when it fails (3)", short="-r", about="how often it runs again",
        spellings={"max_attempts": 1, "retries": 0}, placeholder=_AS_HANDLER,
    ),
    Field(
        "timeout", Kind.SECONDS, _check("check_timeout"), "timeout", "DURATION", HOW,
        "how long an attempt may take (5m)", about="of one run: seconds, or 1m30s", placeholder=_AS_HANDLER,
    ),
    Field(
        "backoff", Kind.TEXT, _check("check_backoff"), "backoff", "B", HOW,
        "exp:5s, poly:2 or fixed:10s; behind it :CAP (1h), :nojitter", about="exp:5s, poly:2 or fixed:10s",
        placeholder=_AS_HANDLER,
    ),
    Field(
        "unique_key", Kind.TEXT, _check("check_text", "a unique key"), "unique", "KEY", ONCE,
        "only one unfinished job of its queue with this key",
        about="while another job holds it, that one is answered", label="unique key",
    ),
    Field(
        "unique_for", Kind.SECONDS, _check("check_seconds", "unique_for"), "unique-for",
        "DURATION", ONCE, "and none within that time either", label="unique for",
    ),
    Field(
        "retention", Kind.SECONDS, _check("check_seconds", "retention"), "retention", "DURATION",
        HOW, "how long the completed job and its result are kept (24h)",
        about="how long it is kept when it has completed",
    ),
    Field(
        "tags", Kind.TEXTS,
        _check_tags,
        "tag", "TAG", WHAT, "a label to find it by (repeat)", placeholder="shop, urgent", label="tags",
    ),
    Field(
        "headers", Kind.PAIRS, _check("check_headers"), "header", "KEY=VALUE", WHAT,
        "handed to the handler (repeat)",
        placeholder='{"name": "text"}', label="headers",
    ),
)  # fmt: skip
BY_NAME = {field.name: field for field in FIELDS}
# Of the options of a job; `after` and `parent` are of one job alone.
CHECKS: dict[str, Callable[[Any], Any]] = {
    field.name: field.check for field in FIELDS if field.is_optional
} | {"after": _check("check_parents"), "parent": _check("known_id")}


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


def reader_of(
    keys: Keys, readers: Mapping[Kind, Callable[[str, Any], Any]]
) -> Callable[[Any], dict[str, Any]]:
    """From a body, whose attributes are these keys, to what it says by the names of fields.

    A value that is None is not given. ``readers`` get a key and its value where that is not yet what is
    meant. What is made raises Contradiction, and what they raise.
    """
    values_of, nothing = attrgetter(*keys), (None,) * len(keys)
    rows = [(key, field.name, readers.get(field.kind), more) for key, (field, more) in keys.items()]

    def given_in_body(body: Any) -> dict[str, Any]:
        given: dict[str, Any] = {}
        values = values_of(body)
        if values == nothing:  # as in most lines of a batch
            return given
        for (key, name, read, more), value in zip(rows, values, strict=True):
            if value is None:
                continue
            meant = read(key, value) if read else value
            if more:
                meant -= more
            if given.setdefault(name, meant) != meant:
                same = [other for other, (field, _) in keys.items() if field.name == name]
                raise Contradiction(*[other for other in same if getattr(body, other) is not None][:2])
        return given

    return given_in_body


def given_in(spec: Spec) -> Iterator[tuple[Field, Any]]:
    """The fields that a spec says something of, each with its value."""
    for field in FIELDS:
        if (value := field.of(spec)) is not None:
            yield field, value


def texts_of(field: Field, value: Any) -> list[str]:
    """A value as people write it: of one that has members, each of them."""
    match field.kind:
        case Kind.SECONDS:
            return [exact_duration(value)]
        case Kind.TEXTS:
            return list(value)
        case Kind.PAIRS:
            return [f"{name}={text}" for name, text in value.items()]
    return [str(value)]


def as_text(field: Field, value: Any) -> str:
    """The same in one line."""
    return ", ".join(texts_of(field, value))


def as_options(fields: Iterable[tuple[Field, Any]]) -> Iterator[str]:
    """The words of a command line that say so."""
    for field, value in fields:
        for text in texts_of(field, value):
            yield from (f"--{field.option}", text)
