"""From the options of a command to what they say of a job: those of submit, and of a schedule."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from gopher_cli.cli.input.filters import duration, whole
from gopher_cli.model.errors import Usage
from gopher_cli.model.job.fields import FIELDS, Field, Kind

if TYPE_CHECKING:
    from gopher_cli.cli.shell.console import Console

_CONTEXT = 4000  # characters of a trace header that the environment hands on


def job_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """What a command says of the fields of a job, by the names of `new_job`. Raises Usage."""
    return given_by(**{field.name: _value(field, options[field.name]) for field in FIELDS})


def _value(field: Field, text: Any) -> Any:
    """``text`` is a list for an option that may be repeated, and None where it is not given."""
    if not text and field.kind in (Kind.TEXTS, Kind.PAIRS):
        return None
    match field.kind:
        case Kind.SECONDS if text is not None:
            return duration(f"--{field.option}", text)
        case Kind.WHOLE if text is not None:
            return whole(f"--{field.option}", text)
        case Kind.PAIRS:
            return _pairs(f"--{field.option}", text)
    return text


def given_by(**values: Any) -> dict[str, Any]:
    """Those that are not None."""
    return {name: value for name, value in values.items() if value is not None}


def needed_type(command: str, flags: Mapping[str, Any]) -> str:
    """Whoever knows other queues writes the type where our fields stand. Raises Usage without one."""
    if flags["type"]:
        return str(flags["type"])
    first = (flags["pairs"] or [""])[0]
    bare = re.fullmatch(r"[\w.:\-]+", first)
    hint = f"did you mean -t {first}?" if bare else f"see: gopher types; {command} --help"
    raise Usage(f"{command} needs --type TYPE", hint)


def payload_of(console: Console, flags: Mapping[str, Any]) -> bytes:
    """JSON text. Raises Usage, BadData, or NotFound for a file."""
    from gopher_cli.cli.input.payload import read_payload

    return read_payload(console, flags["payload"] or [], flags["pairs"] or [])


def trace_context() -> dict[str, str]:
    """The headers of the trace that this process is part of."""
    headers = {}
    for name in ("TRACEPARENT", "TRACESTATE", "BAGGAGE"):
        value = os.environ.get(name, "")
        if 0 < len(value) <= _CONTEXT and value.isprintable():  # what nobody has asked for refuses no job
            headers[name.lower()] = value
    return headers


def _pairs(option: str, texts: Iterable[str]) -> dict[str, str]:
    pairs = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise Usage(f"{option} {text!r} is not KEY=VALUE")
        pairs[name] = value
    return pairs
