"""How a job is to be done, as a form says it: its queue, its priority, when, how often, how long."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from gopher_cli.model.errors import GopherError
from gopher_cli.model.job.defaults import Defaults
from gopher_cli.model.job.job import PRIORITIES, Spec
from gopher_cli.model.text.duration import parse_duration
from gopher_cli.model.views.job_view import JobDetail
from gopher_cli.verbs.submit import new_job
from gopher_cli.web.dashboard.forms.form_body import Form
from gopher_cli.web.dashboard.forms.form_values import Faults, plain_json
from gopher_cli.web.dashboard.views.resubmit import exactly

_ANY = "any"  # type of job


def options_of(defaults: Defaults, form: Form) -> tuple[dict[str, Any], Faults]:
    """What was asked for, as `new_job` takes it, and what is wrong by the name of the input."""
    given: dict[str, Any] = {}
    faults: Faults = {}
    for name, (option, read) in _READ.items():
        if text := form.one(name):
            try:
                value = read(text)
                new_job(defaults, _ANY, **{option: value})  # alone: what is refused is refused for this
                given[option] = value
            except (GopherError, ValueError) as error:
                faults[name] = f"{name}: {error}"
    return given, faults


def options_like(job: JobDetail) -> dict[str, str]:
    """How a job was to be done, as one would write it."""
    return {"queue": job.queue} | _like(
        job.priority, job.max_retries, job.timeout, job.backoff, job.tags, job.headers
    )


def options_of_spec(spec: Spec) -> dict[str, str]:
    """The same of what is still to be done: without what nobody has said."""
    rest = spec.options
    return _like(spec.priority, spec.max_retries, spec.timeout, rest.backoff, rest.tags, rest.headers)


def _like(
    priority: int, retries: int | None, timeout: float | None, backoff: str, tags: Iterable[str],
    headers: Mapping[str, str],
) -> dict[str, str]:  # fmt: skip
    named = {number: name for name, number in PRIORITIES.items()}
    return {
        "priority": named.get(priority, str(priority)),
        "retries": "" if retries is None else str(retries),
        "timeout": exactly(timeout) if timeout else "",
        "backoff": backoff,
        "tags": ", ".join(tags),
        "headers": plain_json(headers) if headers else "",
    }


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 4:
        raise ValueError(f"a whole number is wanted, not {text[:40]!r}")
    return int(text)


def _tags(text: str) -> list[str]:
    return [tag.strip() for tag in text.split(",") if tag.strip()]


def _headers(text: str) -> dict[str, str]:
    try:
        return msgspec.json.decode(text.encode(), type=dict[str, str])
    except (msgspec.DecodeError, UnicodeError) as error:
        raise ValueError(f'JSON such as {{"name": "text"}} is wanted: {error}') from None


_READ: dict[str, tuple[str, Callable[[str], Any]]] = {
    "queue": ("queue", str),
    "priority": ("priority", str),
    "delay": ("delay", parse_duration),
    "retries": ("max_retries", _number),
    "timeout": ("timeout", parse_duration),
    "backoff": ("backoff", str),
    "tags": ("tags", _tags),
    "headers": ("headers", _headers),
}
