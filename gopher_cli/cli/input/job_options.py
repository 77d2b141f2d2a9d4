"""From the options of a command to what they say of a job: those of submit, and of a schedule."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gopher_cli.cli.input.filters import duration, whole
from gopher_cli.model.errors import Usage

if TYPE_CHECKING:
    from gopher_cli.cli.shell.console import Console

_CONTEXT = 4000  # characters of a trace header that the environment hands on


def job_options(flags: Mapping[str, Any]) -> dict[str, Any]:
    """What the flags say of the job itself, by the names of `new_job`. Raises Usage."""

    def seconds(name: str) -> float | None:
        text = flags[name]
        return None if text is None else duration("--" + name.replace("_", "-"), text)

    return given_by(
        queue=flags["queue"],
        priority=flags["priority"],
        max_retries=None if flags["retries"] is None else whole("--retries", flags["retries"]),
        timeout=seconds("timeout"),
        backoff=flags["backoff"],
        unique_key=flags["unique"],
        unique_for=seconds("unique_for"),
        retention=seconds("retention"),
        tags=flags["tag"] or None,
        headers=_headers(flags["header"] or []) or None,
    )


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
    found = {}
    for name in ("TRACEPARENT", "TRACESTATE", "BAGGAGE"):
        value = os.environ.get(name, "")
        if 0 < len(value) <= _CONTEXT and value.isprintable():  # what nobody has asked for refuses no job
            found[name.lower()] = value
    return found


def _headers(texts: list[str]) -> dict[str, str]:
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise Usage(f"--header {text!r} is not KEY=VALUE")
        found[name] = value
    return found
