"""A job as it is asked for: several spellings come in, one Job goes on."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from gopher_cli.model.checks import check_text
from gopher_cli.model.defaults import Defaults
from gopher_cli.model.duration import parse_duration, parse_when
from gopher_cli.model.errors import BadData, Usage
from gopher_cli.model.job import Job
from gopher_cli.model.json_text import pointer_to
from gopher_cli.model.payload import EMPTY
from gopher_cli.verbs.producing import new_job, wanted_durability
from gopher_cli.web.api.dialects import RETRIES
from gopher_cli.web.api.strict import parse
from gopher_cli.web.problems import Problem, field

_PATH = re.compile(r" - at `(.+)`$")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.+)`")
_KINDS = re.compile(r"Expected `(.+)`, got `(.+)`")
_WORDS = {
    "int": "a whole number", "float": "a number", "str": "a string", "bool": "true or false",
    "array": "an array", "object": "an object",
}  # fmt: skip
_Seconds = int | float | str
_NOBODYS = Defaults()
_MARK = 4096  # characters
_SAID_AS = {"due": "execute_at"}


class JobRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A job to submit. Only `type` is needed."""

    type: Annotated[str, Meta(description="which handler runs it", examples=["email"])]
    payload: Annotated[
        Any, Meta(description="any JSON value of at most 1 MB and 64 levels; {} where it is left out")
    ] = {}
    queue: str | None = None
    priority: Annotated[
        int | str | None, Meta(description="high, normal, low, or 0 to 10; higher runs first")
    ] = None
    max_retries: Annotated[int | None, Meta(description="how often it runs again")] = None
    max_attempts: Annotated[int | None, Meta(description="the same, counting the first run")] = None
    retries: Annotated[int | None, Meta(description="the same as max_retries")] = None
    execute_at: Annotated[
        str | int | float | None, Meta(description="not before: RFC 3339, or seconds since 1970")
    ] = None
    delay: Annotated[_Seconds | None, Meta(description="not before: seconds, or 1m30s")] = None
    timeout: Annotated[_Seconds | None, Meta(description="of one run: seconds, or 1m30s")] = None
    backoff: Annotated[str | None, Meta(description="exp:5s, poly:2 or fixed:10s")] = None
    id: Annotated[str | None, Meta(description="your own id: the same one again submits nothing twice")] = (
        None
    )
    unique_key: Annotated[
        str | None, Meta(description="while another job holds it, that one is answered")
    ] = None
    unique_for: _Seconds | None = None
    retention: Annotated[_Seconds | None, Meta(description="how long it is kept when it has completed")] = (
        None
    )
    after: Annotated[
        list[str] | None, Meta(description="ids of jobs of its queue that complete before it runs")
    ] = None
    tags: list[str] | None = None
    headers: dict[str, str] | None = None
    durability: Annotated[
        str | None, Meta(description="201 means in memory (default), fsync or replica:N")
    ] = None
    mark: Annotated[str | None, Meta(description="with ?batch=ID: how far the file has come with it")] = None
    recurring: Annotated[dict[str, Any] | None, Meta(description="not yet: answered by 501")] = None


class _Read(JobRequest, kw_only=True, forbid_unknown_fields=True):
    """As it is read: the payload stays the text that it is."""

    payload: msgspec.Raw = EMPTY


_FIELDS = JobRequest.__struct_fields__
_decoder = msgspec.json.Decoder(_Read)


class Asked(msgspec.Struct, frozen=True):
    """A checked job; ``named``: its id is the client's own. ``payload`` is what the job's text says."""

    job: Job
    payload: Any
    durability: str
    named: bool
    mark: str = ""


def read_job(text: bytes, defaults: Defaults) -> Asked:
    """Raises Problem: 400 for what is not JSON, 422 for what is not valid, 413 for a payload too large."""
    value = parse(text)
    asked = _decode(text)
    if asked.recurring is not None:
        raise Problem(501, "recurring jobs do not exist yet", pointer="/recurring")
    given: dict[str, Any] = {"type": asked.type, "payload": asked.payload}
    if asked.queue is not None:
        given["queue"] = asked.queue
    if asked.priority is not None:
        given["priority"] = asked.priority
    given |= _retries(asked) | _time(asked)
    for name in ("timeout", "unique_for", "retention"):
        if (seconds := getattr(asked, name)) is not None:
            given[name] = _seconds(name, seconds)
    for name in ("backoff", "id", "unique_key", "after", "tags", "headers"):
        if (value_of := getattr(asked, name)) is not None:
            given[name] = value_of
    if asked.durability is not None:
        with field("/durability"):
            wanted_durability(check_text("durability", asked.durability))
    with field("/mark"):
        mark = "" if asked.mark is None else check_text("mark", asked.mark, most=_MARK)
    job = _made(defaults, given)
    return Asked(job, value.get("payload", {}), asked.durability or "", asked.id is not None, mark)


def _made(defaults: Defaults, given: dict[str, Any]) -> Job:
    try:
        return new_job(defaults, **given)
    except (Usage, BadData):  # which field was it?
        for name, value in given.items():
            beside = given if name == "unique_for" else {}
            alone = {"type": "t", "unique_key": beside.get("unique_key"), name: value}
            with field(f"/{_SAID_AS.get(name, name)}"):
                new_job(_NOBODYS, **alone)
        with field(""):
            return new_job(defaults, **given)


def _decode(text: bytes) -> _Read:
    try:
        return _decoder.decode(text)
    except msgspec.ValidationError as error:
        raise misread(str(error)) from None


def misread(said: str, fields: Sequence[str] = _FIELDS) -> Problem:
    """What the decoder says, in our words, with a pointer to the field that it means; ``fields`` are those
    that there are."""
    place = _PATH.search(said)
    pointer, said = _pointer(place[1]) if place else "", _PATH.sub("", said)
    if found := _UNKNOWN.fullmatch(said):
        near = difflib.get_close_matches(found[1][:64], fields, 1)
        hint = f"did you mean {near[0]}?" if near else f"fields: {', '.join(fields)}"
        return Problem(422, f"there is no field {found[1][:64]!r}", hint=hint, pointer=pointer_to(found[1]))
    if found := _MISSING.fullmatch(said):
        return Problem(422, f"{found[1]} is missing", pointer=pointer_to(found[1]))
    if found := _KINDS.fullmatch(said):
        wanted = " or ".join(_kind(kind) for kind in found[1].split(" | ") if kind != "null")
        name = pointer.lstrip("/").replace("/", ".") or "the body"
        name = f"a value of {name}" if place and "[...]" in place[1] else name
        return Problem(422, f"{name} is {_kind(found[2])}, not {wanted}", pointer=pointer)
    return Problem(422, said, pointer=pointer)


def _kind(word: str) -> str:
    return _WORDS.get(word, word)


def _pointer(path: str) -> str:
    """``$.tags[0]`` as ``/tags/0``; ``[...]`` stands for some key or other."""
    return path.removeprefix("$").replace("[...]", "").replace("[", "/").replace("]", "").replace(".", "/")


def _retries(asked: JobRequest) -> dict[str, int]:
    """The one meaning of three spellings; two that disagree are refused."""
    given: dict[str, int] = {}
    for name, more in RETRIES.items():
        if (value := getattr(asked, name)) is not None:
            if not 0 <= value - more <= 1000:
                raise Problem(422, f"{name} is from {more} to {1000 + more}", pointer=f"/{name}")
            given[name] = value - more
    meant = set(given.values())
    if len(meant) > 1:
        raise _contradiction(*given)
    return {"max_retries": meant.pop()} if meant else {}


def _contradiction(*names: str) -> Problem:
    said = f"{' and '.join(names)} contradict each other: give one of them"
    return Problem(422, said, errors=[{"pointer": f"#/{name}", "detail": said} for name in names])


def _time(asked: JobRequest) -> dict[str, float]:
    if asked.execute_at is not None and asked.delay is not None:
        raise _contradiction("execute_at", "delay")
    if asked.delay is not None:
        return {"delay": _seconds("delay", asked.delay)}
    if asked.execute_at is None:
        return {}
    with field("/execute_at"):
        return {"due": max(parse_when(str(asked.execute_at)), 0.001)}  # long ago means now


def _seconds(name: str, value: float | str) -> float:
    with field(f"/{name}"):
        if isinstance(value, str):
            return parse_duration(value)
        if not 0 <= value <= 100 * 365 * 86400:
            raise ValueError(f"{name} is from 0 seconds to a hundred years, not {value}")
        return float(value)
