"""Which jobs a request means: parameters or a body as a Filter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType
from starlette.requests import Request

from gopher_cli.model.errors import NotFound, Usage
from gopher_cli.model.hints import LIST_QUEUES
from gopher_cli.model.job.ids import VALID_NAME
from gopher_cli.model.job.job import JobState
from gopher_cli.model.job.value_checks import check_queue
from gopher_cli.model.select.filter import Filter, check_group
from gopher_cli.model.select.filter_parser import parse_search
from gopher_cli.model.select.safe_regex import check_pattern
from gopher_cli.model.text.duration import parse_duration
from gopher_cli.model.text.json_text import pointer_to
from gopher_cli.model.text.rate import MOST_JOBS, parse_pace
from gopher_cli.web.api.support.body import check_filled, read_json
from gopher_cli.web.api.support.strict_json import fields_of, misread, parse
from gopher_cli.web.server.parameters import Given
from gopher_cli.web.server.problems import FILL, Problem

NAMES = ("state", "type", "queue", "tag", "error", "group", "older_than", "q")
STEP_SECONDS = 5.0
_LONGEST_WORD = 300
_Word = Annotated[str, Meta(min_length=1)]
_Words = Annotated[list[_Word], Meta(min_length=1)] | _Word | UnsetType


class Meant(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which jobs are meant. At least one criterion, or `"all": true`. null is no value of any of them."""

    state: Annotated[_Words, Meta(description="these states")] = UNSET
    queue: Annotated[_Words, Meta(description="these queues")] = UNSET
    type: _Word | UnsetType = UNSET
    tag: _Word | UnsetType = UNSET
    error: Annotated[_Word | UnsetType, Meta(description="a simple regular expression")] = UNSET
    group: Annotated[_Word | UnsetType, Meta(description="a failure group")] = UNSET
    older_than: Annotated[float | _Word | UnsetType, Meta(description="seconds, or 5m, 2d")] = UNSET
    q: Annotated[_Word | UnsetType, Meta(description="a search")] = UNSET
    ids: Annotated[
        Annotated[list[str], Meta(max_length=500)] | UnsetType, Meta(description="these jobs, by whole ids")
    ] = UNSET
    all: Annotated[bool, Meta(description="no criterion, on purpose")] = False
    limit: Annotated[
        Annotated[int, Meta(ge=1, le=10**12)] | UnsetType, Meta(description="at most so many")
    ] = UNSET
    dry_run: Annotated[bool, Meta(description="count, and do nothing")] = False
    cursor: Annotated[_Word | None, Meta(description="cursor of the answer before, to go on")] = None


class Again(Meant, kw_only=True, forbid_unknown_fields=True):
    """Which jobs run again, where, and how fast."""

    target: Annotated[_Word | UnsetType, Meta(description="into this queue, not the one they came from")] = (
        UNSET
    )
    rate: Annotated[
        Annotated[float, Meta(gt=0, le=MOST_JOBS)] | _Word | UnsetType,
        Meta(description="jobs a second at most, or 50/s, 600/m, 1000/h"),
    ] = UNSET

    @property
    def pace(self) -> float:
        """Jobs a second; 0 is no limit. Raises ValueError."""
        return parse_pace(self.rate) if isinstance(self.rate, str) else self.rate or 0.0


async def read_meant(request: Request, kind: type[Meant] = Meant) -> Meant:
    """The body. Raises Problem; 422 names the field."""
    raw = await read_json(request)
    given = parse(raw)
    check_filled(given, but=("ids",))  # no ids are no jobs
    _check_null(given)
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise misread(error, {"": fields_of(kind)}) from None


def _check_null(given: Any) -> None:
    """Raises Problem 422: in many languages a variable that was not set is null. It must not mean everything.

    The cursor of an answer may be sent as it is: null is the beginning.
    """
    for name in given if isinstance(given, dict) else ():
        if given[name] is None and name != "cursor":
            raise Problem(422, f"{name[:64]} is null", hint=FILL, pointer=pointer_to(name))


def filter_of_query(given: Given, states: Sequence[str] = ()) -> Filter:
    """``states`` are fixed by the route. Raises Problem 422 that names the parameter."""
    return _joined(
        {
            "state": given.words("state") if not states else tuple(states),
            "queue": given.words("queue"),
            **{name: given.text(name) for name in ("type", "tag", "error", "group", "older_than", "q")},
        },
        _parameter,
    )


def filter_of_body(meant: Meant, states: Sequence[str] = ()) -> Filter:
    """Raises Problem 422 that points to the field."""
    given: dict[str, Any] = {
        name: None if (value := getattr(meant, name)) is UNSET else value for name in NAMES
    }
    for name in ("state", "queue"):
        given[name] = (given[name],) if isinstance(given[name], str) else tuple(given[name] or ())
    if states:
        if set(given["state"]) - set(states):
            raise Problem(422, f"only for jobs that are {' or '.join(states)}", pointer="/state")
        given["state"] = given["state"] or tuple(states)
    filter = _joined(given, _pointed)
    chosen = any((filter.states and not states, filter.queues, filter.by_content, meant.ids is not UNSET))
    if meant.all is chosen:
        hint = "leave one of them out" if chosen else 'name a criterion, or say {"all": true}'
        said_all = '"all" and a criterion contradict each other' if chosen else "which jobs are meant?"
        raise Problem(422, said_all, hint=hint, pointer="/all")
    if meant.ids is not UNSET and filter != Filter(states=filter.states, queues=filter.queues):
        raise Problem(422, "ids and other criteria do not go together", pointer="/ids")
    return filter


def _joined(given: dict[str, Any], problem: Any) -> Filter:
    """One filter of the named criteria and of the search."""
    criteria: dict[str, Any] = {"states": given["state"], "queues": given["queue"]}
    for name in ("type", "tag", "error", "group"):
        criteria[name] = given[name] or ""
        if len(criteria[name]) > _LONGEST_WORD:
            raise problem(name, f"{name} has at most {_LONGEST_WORD} characters")
    _check_words(given, problem)
    criteria["older_than"] = _age(given["older_than"], problem)
    if given["q"]:
        _search(given["q"], criteria, problem)
    for name, check in (("error", check_pattern), ("group", check_group)):
        try:
            if criteria[name]:
                check(criteria[name])
        except Usage as error:
            raise problem(name if given[name] else "q", str(error), error.http_hint) from None
    return Filter(**criteria)


def _check_words(given: dict[str, Any], problem: Any) -> None:
    for state in given["state"]:
        if state not in list(JobState):
            raise problem("state", f"no state {state[:64]!r}", f"states: {', '.join(JobState)}")
    for queue in given["queue"]:
        if VALID_NAME.fullmatch(queue):  # also of old, when names of dots were taken
            continue
        try:
            check_queue(queue)
        except (Usage, ValueError) as error:
            raise problem("queue", str(error)[:200]) from None


def _age(given: float | str | None, problem: Any) -> float:
    if given is None or given == "":
        return 0.0
    try:
        seconds = parse_duration(given[:64]) if isinstance(given, str) else float(given)
    except ValueError as error:
        raise problem("older_than", f"older_than: {error}") from None
    if not 0 < seconds <= 100 * 365 * 86400:
        raise problem("older_than", "older_than is more than 0 seconds, and a hundred years at most")
    return seconds


def _search(text: str, criteria: dict[str, Any], problem: Any) -> None:
    """Add what the search says; what a criterion says otherwise is refused."""
    try:
        searched = parse_search(text)
    except Usage as error:
        raise problem("q", str(error), error.hint) from None
    for name, value in msgspec.structs.asdict(searched).items():
        if value and criteria.get(name) and criteria[name] != value:
            raise problem("q", f"the search and a criterion contradict each other about {name}")
        if value:
            criteria[name] = value


def _parameter(name: str, detail: str, hint: str = "") -> Problem:
    return Problem(422, detail, hint=hint, parameter=name)


def _pointed(name: str, detail: str, hint: str = "") -> Problem:
    return Problem(422, detail, hint=hint, pointer=f"/{name}")


def known_queue(queue: str) -> str:
    """Raises NotFound for what is not a name at all."""
    if not VALID_NAME.fullmatch(queue):
        raise NotFound(f"no queue {queue[:64]!r}", LIST_QUEUES)
    return queue
