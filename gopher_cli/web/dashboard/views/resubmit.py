"""The same job once more, as one would write it: a command, and a request.

A payload that is too long for a line is fetched from where this page is, byte for byte. Everything that
counted for the job is said, whatever the defaults are where it is sent from. Its unique key is left out:
with it, the job could only be found a duplicate of itself.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from gopher_cli.model.job.fields import FIELDS, Field, as_options, given_in
from gopher_cli.model.schedule.schedule import Schedule
from gopher_cli.model.text.duration import exact_duration, rfc3339
from gopher_cli.model.views.job_view import JobDetail

_MOST = 4000  # characters of payload that a command line should carry
_NORMAL = ("priority", 5)
_KEY = '-H "X-API-KEY: $GOPHER_API_KEY"'


def as_command(job: JobDetail, server: str) -> str:
    """For a shell: every word of it is quoted. ``server`` is how its address begins."""
    payload = _payload(job)
    words = ["gopher", "submit", "-t", job.type, "-Q", job.queue, "-p", payload or "-"]
    words += as_options(_fields_of(job))
    command = shlex.join(words)
    return command if payload else f"{_fetched(job, server)} | {command}"


def as_schedule(schedule: Schedule) -> str:
    """A command that sets the same schedule; a payload that is too long is read from a file of its name."""
    when, spec = schedule.when, schedule.spec
    payload = bytes(spec.payload).decode()
    words = ["gopher", "schedule", "set", schedule.name, "-t", spec.type, "-Q", schedule.queue]
    words += ["-p", payload if len(payload) <= _MOST else f"@{schedule.name}.json"]
    options = {
        "cron": when.cron, "tz": when.tz, "every": span_of(when.every), "offset": span_of(when.offset),
        "from": moment_of(when.start), "until": moment_of(when.until), "times": str(when.times or ""),
        "jitter": span_of(when.jitter), "overlap": _unless("skip", schedule.overlap),
        "catchup": _unless("once", schedule.catchup), "within": span_of(schedule.within),
        "pause-after": str(schedule.pause_after or ""),
    }  # fmt: skip
    for option, value in options.items():
        words += [f"--{option}", value] if value else []
    words += as_options((field, value) for field, value in given_in(spec) if (field.name, value) != _NORMAL)
    return shlex.join(words)


def span_of(seconds: float | None) -> str:
    """A duration as people write it; nothing for none."""
    return exact_duration(seconds) if seconds else ""


def moment_of(seconds: float) -> str:
    """A moment (epoch s) as RFC 3339; nothing for none."""
    return rfc3339(round(seconds * 1000)).replace(".000Z", "Z") if seconds else ""


def _unless(default: str, value: str) -> str:
    return "" if value == default else value


def as_request(job: JobDetail, server: str) -> str:
    """For curl. Where a key is needed, it is taken from the environment, and is in no history."""
    fields = {field.name: value for field, value in _fields_of(job)}
    body: dict[str, Any] = {"type": job.type, "queue": job.queue} | fields
    words = ["curl", "-X", "POST", f"{server}/api/v1/jobs", "-H", "Content-Type: application/json"]
    post = f"{shlex.join(words)} {_KEY}"
    if payload := _payload(job):
        data = msgspec.json.encode({**body, "payload": msgspec.Raw(payload.encode())}).decode()
        return f"{post} -d {shlex.quote(data)}"
    begins = msgspec.json.encode(body).decode().removesuffix("}") + ',"payload":'
    whole = f"printf %s {shlex.quote(begins)}; {_fetched(job, server)}; printf '}}'"
    return f"{{ {whole}; }} | {post} --data-binary @-"


def _fetched(job: JobDetail, server: str) -> str:
    """A command that writes the payload of this job; nothing but an error where it cannot."""
    place = f"{server}/jobs/{quote(job.id, safe='')}/payload.json?{urlencode({'queue': job.queue})}"
    return f"curl -fsS {shlex.quote(place)} {_KEY}"


def _fields_of(job: JobDetail) -> Iterator[tuple[Field, Any]]:
    """What counted for it, but for its unique key."""
    for field in FIELDS:
        value = getattr(job, field.name, None)
        is_said = bool(value) and (field.name, value) != _NORMAL and field.name != "unique_key"
        if is_said or field.name == "max_retries":
            yield field, value


def _payload(job: JobDetail) -> str:
    """Its JSON, or nothing where that is too long for a line."""
    text = bytes(job.exact_payload).decode()
    return text if len(text) <= _MOST else ""
