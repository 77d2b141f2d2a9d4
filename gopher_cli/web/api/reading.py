"""The shapes of a job on the wire: several spellings come in, one Job goes on."""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from gopher_cli.model.defaults import Defaults
from gopher_cli.model.duration import parse_duration, parse_when
from gopher_cli.model.job import Job
from gopher_cli.model.making import check_queue, check_type, encode_payload, parse_priority
from gopher_cli.verbs.producing import new_job, wanted_durability
from gopher_cli.web.problems import Problem, field

_PATH = re.compile(r" - at `(.+)`$")
_NULL = msgspec.Raw(b"null")
_Seconds = int | float | str


class JobRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A job to submit. Only `type` is needed."""

    type: Annotated[str, Meta(description="which handler runs it", examples=["email"])]
    payload: Annotated[Any, Meta(description="any JSON value of at most 1 MB")] = None
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
    after: Annotated[list[str] | None, Meta(description="ids that complete before it runs")] = None
    tags: list[str] | None = None
    headers: dict[str, str] | None = None
    durability: Annotated[
        str | None, Meta(description="201 means in memory (default), fsync or replica:N")
    ] = None
    recurring: Annotated[dict[str, Any] | None, Meta(description="not yet: answered by 501")] = None


class _Read(JobRequest, kw_only=True, forbid_unknown_fields=True):
    """As it is read: the payload stays the text that it is."""

    payload: msgspec.Raw = _NULL


_decoder = msgspec.json.Decoder(_Read)


def read_job(body: bytes, defaults: Defaults) -> tuple[Job, str]:
    """A checked Job, and the durability asked for.

    Raises Problem: 400 for what is no JSON, 422 for what makes no sense.
    """
    asked = _decode(body)
    if asked.recurring is not None:
        raise Problem(501, "recurring jobs do not exist yet", pointer="/recurring")
    with field("/type"):
        given: dict[str, Any] = {"type": check_type(asked.type)}
    with field("/payload"):
        given["payload"] = encode_payload(asked.payload)
    if asked.queue is not None:
        with field("/queue"):
            given["queue"] = check_queue(asked.queue)
    if asked.priority is not None:
        with field("/priority"):
            given["priority"] = parse_priority(asked.priority)
    given |= _retries(asked) | _time(asked)
    for name in ("timeout", "unique_for"):
        if (value := getattr(asked, name)) is not None:
            given[name] = _seconds(name, value)
    for name in ("backoff", "id", "unique_key", "after", "tags", "headers"):
        if (value := getattr(asked, name)) is not None:
            given[name] = value
    with field("/durability"):
        wanted_durability(asked.durability or "")
    with field(""):
        return new_job(defaults, **given), asked.durability or ""


def _decode(body: bytes) -> _Read:
    try:
        return _decoder.decode(body)
    except msgspec.ValidationError as error:
        said = str(error)
        place = _PATH.search(said)
        raise Problem(422, _PATH.sub("", said), pointer=_pointer(place[1]) if place else "") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(400, f"the body is no JSON: {error}") from error


def _pointer(path: str) -> str:
    """``$.tags[0]`` as ``/tags/0``; ``[...]`` stands for some key or other."""
    return path.removeprefix("$").replace("[...]", "").replace("[", "/").replace("]", "").replace(".", "/")


def _retries(asked: JobRequest) -> dict[str, int]:
    """The one meaning of three spellings; two that disagree are refused."""
    said = {"max_retries": asked.max_retries, "retries": asked.retries}
    said["max_attempts"] = None if asked.max_attempts is None else asked.max_attempts - 1
    given = {name: value for name, value in said.items() if value is not None}
    for name, value in given.items():
        if not 0 <= value <= 1000:
            least = int(name == "max_attempts")
            raise Problem(422, f"{name} is from {least} to {1000 + least}", pointer=f"/{name}")
    meant = set(given.values())
    if len(meant) > 1:
        raise Problem(422, f"{' and '.join(given)} contradict each other: give one of them")
    return {"max_retries": meant.pop()} if meant else {}


def _time(asked: JobRequest) -> dict[str, float]:
    if asked.execute_at is not None and asked.delay is not None:
        raise Problem(422, "execute_at and delay contradict each other: give one of them")
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
