"""Stored records as rows for people. Reading never fails: what cannot be read is shown as such."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from gopher_cli.model.errors import BadData
from gopher_cli.model.job.defaults import Defaults
from gopher_cli.model.job.history_outcome import HistoryOutcome
from gopher_cli.model.job.job import Spec
from gopher_cli.model.job.terms import TypeTerms, terms_of
from gopher_cli.model.text.timestamp import Timestamp
from gopher_cli.model.views.job_view import AttemptView, JobRow
from gopher_cli.store.codec import decode_spec
from gopher_cli.store.record import Record

# What went wrong before is no error of a job that runs or completed: `inspect` tells it.
_WITH_ERROR = ("scheduled", "retrying", "failed", "cancelled")


def spec_or_none(raw: bytes) -> Spec | None:
    try:
        return decode_spec(raw)
    except BadData:
        return None


def row_of(
    id: str,
    queue: str,
    state: str,
    at: float,
    spec: bytes,
    record: Record,
    errors: bytes,
    defaults: Defaults,
    published: Mapping[str, TypeTerms],
) -> JobRow:
    """``at`` is the score of the job's place; ``published`` the terms of types, as workers tell them."""
    known = spec_or_none(spec)
    terms = terms_of(known, published.get(known.type), defaults) if known else None
    return JobRow(
        id=id,
        type=known.type if known else "(unreadable)",
        queue=queue,
        state=state,
        priority=known.priority if known else 0,
        attempts=record.attempts,
        max_retries=at_least(terms.max_retries, record.attempts) if terms else 0,
        created=Timestamp(record.created),
        at=Timestamp(moment_of(state, at, record)),
        error=(last_error(errors) or None) if state in _WITH_ERROR else None,
    )


def at_least(max_retries: int, attempts: int) -> int:
    """Retries under which so many attempts were made: a handler may allow fewer of them by now."""
    return max(max_retries, attempts - 1)


def moment_of(state: str, at: float, record: Record) -> int:
    """The time that the state turns on; only for waiting and dead jobs is that the score ``at``."""
    match state:
        case "enqueued":
            known = record.ready_at
        case "processing":
            known = record.started
        case "blocked":
            known = record.created
        case "completed" | "cancelled":
            known = record.finished
        case _:
            known = 0
    return known or int(at)


def last_error(errors: bytes) -> str:
    """That of the newest entry which can be read, however long it is; a history has 64 KB at most."""
    while errors:
        errors, _, line = errors.rstrip(b"\n").rpartition(b"\n")
        if history := read_history(line):
            return history[-1].error
    return ""


def read_history(errors: bytes) -> list[AttemptView]:
    """One entry a line: ``<ms> <json>``."""
    attempts = []
    for line in errors.splitlines():
        at, _, text = line.partition(b" ")
        try:
            entry: dict[str, Any] = msgspec.json.decode(text)
            attempts.append(_attempt(int(at), entry))
        except (ValueError, TypeError, msgspec.DecodeError):
            continue
    return attempts


def _attempt(at: int, entry: dict[str, Any]) -> AttemptView:
    error = str(entry.get("error", ""))
    if entry.get("raw_hex") is not None:
        error += f" (raw bytes in hex: {entry['raw_hex']})"
    return AttemptView(
        at=Timestamp(at),
        attempt=int(entry.get("attempt", 0)),
        outcome=HistoryOutcome(entry.get("outcome", "")),
        error=error,
        traceback=str(entry.get("traceback", "")),
        worker=str(entry.get("worker", "")),
        seconds=float(entry.get("seconds", 0.0)),
        retry_at=Timestamp(at + round(delay * 1000) if (delay := float(entry.get("retry_in") or 0)) else 0),
        exit_code=int(entry.get("exit_code", 0) or 0),
    )
