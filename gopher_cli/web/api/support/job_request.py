"""A job as it is asked for: several spellings come in, one Job goes on."""

from __future__ import annotations

from typing import Any

import msgspec

from gopher_cli.model.errors import BadData, Usage
from gopher_cli.model.job.defaults import Defaults
from gopher_cli.model.job.fields import JSON_KEYS, Contradiction, Kind, reader_of
from gopher_cli.model.job.job import Job
from gopher_cli.model.job.value_checks import MAX_RETRIES, check_text
from gopher_cli.model.text.duration import parse_duration, parse_when
from gopher_cli.verbs.submit import new_job, wanted_durability
from gopher_cli.web.api.support.request_bodies import JobBody, JobRequest, Recurring, Work
from gopher_cli.web.api.support.strict_json import decode, fields_of, parse
from gopher_cli.web.server.problems import Problem, field

_NOBODYS = Defaults()
_MARK = 4096  # characters
_SAID_AS = {"due": "execute_at"}
_FIELDS = {"": fields_of(JobRequest), "/recurring": fields_of(Recurring)}
_decoder = msgspec.json.Decoder(JobBody)


class Asked(msgspec.Struct, frozen=True):
    """A checked job; ``named``: its id is the client's own. ``payload`` is what the job's text says.

    ``body`` is there where it recurs; then ``given`` is what it says of each of its jobs.
    """

    job: Job
    payload: Any
    durability: str
    named: bool
    mark: str = ""
    body: JobRequest | None = None
    given: dict[str, Any] = {}


def read_job(text: bytes, defaults: Defaults) -> Asked:
    """Raises Problem: 400 for what is not JSON, 422 for what is not valid, 413 for a payload too large."""
    value = parse(text)
    asked = decode(text, _decoder, _FIELDS)
    given = work_of(asked)
    if asked.queue is not None:
        given["queue"] = asked.queue
    if asked.recurring is not None:
        return Asked(make(defaults, given), value.get("payload", {}), "", False, body=asked, given=given)
    given |= _time(asked)
    for name in ("id", "after"):
        if (value_of := getattr(asked, name)) is not None:
            given[name] = value_of
    if asked.durability is not None:
        with field("/durability"):
            wanted_durability(check_text("durability", asked.durability))
    with field("/mark"):
        mark = "" if asked.mark is None else check_text("mark", asked.mark, most=_MARK)
    job = make(defaults, given)
    return Asked(job, value.get("payload", {}), asked.durability or "", asked.id is not None, mark)


def work_of(asked: Work) -> dict[str, Any]:
    """The options of a submit that say what is to be done. Raises Problem 422."""
    given: dict[str, Any] = {"type": asked.type, "payload": asked.payload}
    try:
        return given | _fields_in(asked)
    except Contradiction as error:
        raise contradiction(*error.keys) from None


def make(defaults: Defaults, given: dict[str, Any]) -> Job:
    """Raises Problem that points to the field at fault."""
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


def _count(key: str, value: int) -> int:
    least = JSON_KEYS[key][1]
    if not least <= value <= MAX_RETRIES + least:
        raise Problem(422, f"{key} is from {least} to {MAX_RETRIES + least}", pointer=f"/{key}")
    return value


def contradiction(*names: str) -> Problem:
    detail = str(Contradiction(*names))
    return Problem(422, detail, errors=[{"pointer": f"#/{name}", "detail": detail} for name in names])


def _time(asked: JobRequest) -> dict[str, float]:
    if asked.execute_at is not None and asked.delay is not None:
        raise contradiction("execute_at", "delay")
    if asked.delay is not None:
        return {"delay": seconds_of("delay", asked.delay)}
    if asked.execute_at is None:
        return {}
    with field("/execute_at"):
        return {"due": max(parse_when(str(asked.execute_at)), 0.001)}  # long ago means now


def seconds_of(name: str, value: float | str, at: str = "") -> float:
    """Raises Problem that points to this field of the object ``at``."""
    with field(f"{at}/{name}"):
        if isinstance(value, str):
            return parse_duration(value)
        if not 0 <= value <= 100 * 365 * 86400:
            raise ValueError(f"{name} is from 0 seconds to a hundred years, not {value}")
        return float(value)


_fields_in = reader_of(JSON_KEYS, {Kind.SECONDS: seconds_of, Kind.WHOLE: _count})
