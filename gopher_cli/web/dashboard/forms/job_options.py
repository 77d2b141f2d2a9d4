"""How a job is to be done, as a form says it: its queue, its priority, when, how often, how long."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from gopher_cli.model.errors import GopherError
from gopher_cli.model.job.defaults import Defaults
from gopher_cli.model.job.fields import FIELDS, Field, Kind, as_text
from gopher_cli.model.job.job import PRIORITIES, Spec
from gopher_cli.model.text.duration import parse_duration
from gopher_cli.model.views.job_view import JobDetail
from gopher_cli.verbs.submit import new_job
from gopher_cli.web.dashboard.forms.form_body import Form
from gopher_cli.web.dashboard.forms.form_values import Faults, plain_json

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
    fields = {field.title: _text(field, getattr(job, field.name)) for field in FORM_FIELDS}
    return {"queue": job.queue} | fields


def options_of_spec(spec: Spec) -> dict[str, str]:
    """The same of what is still to be done: without what nobody has said."""
    return {field.title: _text(field, field.of(spec)) for field in FORM_FIELDS}


def _text(field: Field, value: Any) -> str:
    if value is None or (field.kind is Kind.SECONDS and not value):
        return ""
    if field.kind is Kind.PRIORITY:
        return {number: name for name, number in PRIORITIES.items()}.get(value, str(value))
    if field.kind is Kind.PAIRS:
        return plain_json(value) if value else ""
    return as_text(field, value)


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 4:
        raise ValueError(f"a whole number is wanted, not {text[:40]!r}")
    return int(text)


def _texts(text: str) -> list[str]:
    return [tag.strip() for tag in text.split(",") if tag.strip()]


def _pairs(text: str) -> dict[str, str]:
    try:
        return msgspec.json.decode(text.encode(), type=dict[str, str])
    except (msgspec.DecodeError, UnicodeError) as error:
        raise ValueError(f'JSON such as {{"name": "text"}} is wanted: {error}') from None


_READERS: dict[Kind, Callable[[str], Any]] = {
    Kind.TEXT: str, Kind.PRIORITY: str, Kind.WHOLE: _number, Kind.SECONDS: parse_duration,
    Kind.TEXTS: _texts, Kind.PAIRS: _pairs,
}  # fmt: skip
FORM_FIELDS = [field for field in FIELDS if field.placeholder]
# The option and its reader by the name of the input.
_READ: dict[str, tuple[str, Callable[[str], Any]]] = {
    "queue": ("queue", str),
    "delay": ("delay", parse_duration),
    **{field.title: (field.name, _READERS[field.kind]) for field in FORM_FIELDS},
}
