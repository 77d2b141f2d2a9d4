"""From what people give to a Job: every door makes its jobs here, with the same checks and messages."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from gopher_cli.model.errors import Usage
from gopher_cli.model.job.backoff import parse_backoff
from gopher_cli.model.job.ids import VALID_ID, new_id
from gopher_cli.model.job.job import NO_OPTIONS, PRIORITIES, Job, Options, Spec
from gopher_cli.model.job.payload import EMPTY, encode_payload
from gopher_cli.model.job.value_checks import (
    check_headers,
    check_id,
    check_list,
    check_queue,
    check_retries,
    check_seconds,
    check_text,
    check_timeout,
    check_type,
    shown,
)

_YEAR = "the year 5138"
_OF_SCHEDULES = ("schedule", "instant")  # what a schedule alone says of its jobs


class _Made(Job, frozen=True, kw_only=True, omit_defaults=True):
    """A job that was checked when it was made."""


def make_job(
    type: str,
    payload: Any = EMPTY,
    *,
    id: str | None = None,
    queue: str = "default",
    priority: int | str = 5,
    max_retries: int | None = None,
    timeout: float | None = None,
    due: float = 0.0,
    delay: float = 0.0,
    options: Options = NO_OPTIONS,
) -> Job:
    """A checked job. ``payload`` is any JSON value, or JSON text as bytes or msgspec.Raw; without one it
    is {}, and None is null.

    Times are in seconds, ``due`` since the epoch. Without ``max_retries`` and ``timeout`` those of the
    handler count. Raises Usage for a value that is of a wrong kind or makes no sense, BadData for a payload
    that cannot be read as JSON, is larger than 1 MB or is nested more than 64 deep.
    """
    if id is None:
        id = new_id()
    elif id in options.after:
        raise Usage(f"the job {check_id(id)} cannot wait for itself")
    else:
        id = check_id(id)
    if max_retries is not None:
        max_retries = check_retries("max_retries", max_retries)
    if timeout is not None:
        timeout = check_timeout(timeout)
    if due != 0:
        due = check_seconds("due", due, to=_YEAR)
    if delay != 0:
        delay = check_seconds("delay", delay, to=_YEAR)
        if due:
            raise Usage("due and delay say the same thing twice", "give one of them")
    return _Made(
        id=id,
        queue=check_queue(queue),
        spec=Spec(
            check_type(type), encode_payload(payload), parse_priority(priority), max_retries, timeout, options
        ),
        due=due,
        delay=delay,
    )


def make_options(
    *,
    backoff: str | None = None,
    unique_key: str | None = None,
    unique_for: float | None = None,
    retention: float | None = None,
    after: Iterable[str] = (),
    tags: Iterable[str] = (),
    headers: Mapping[str, str] | None = None,
    parent: str | None = None,
) -> Options:
    """Checked options; raises Usage. Equal to NO_OPTIONS when nothing is asked for."""
    if unique_for and unique_key is None:
        raise Usage("unique_for needs a unique key", "add --unique KEY")
    return Options(
        backoff="" if backoff is None else check_backoff(backoff),
        unique_key="" if unique_key is None else check_text("a unique key", unique_key),
        unique_for=0.0 if unique_for is None else check_seconds("unique_for", unique_for),
        retention=None if retention is None else check_seconds("retention", retention),
        after=_parents(after),
        tags=tuple(check_text("a tag", tag) for tag in check_list("tags", tags, 50)),
        headers={} if headers is None else check_headers(headers),
        parent="" if parent is None else _known_id(parent),
    )


def checked(job: Job) -> Job:
    """The same job: one that was not made here is looked at as a whole. Raises Usage or BadData."""
    if type(job) is _Made or (isinstance(job, Job) and job.stored):  # or it has been stored before
        return job
    spec = getattr(job, "spec", None)
    options = getattr(spec, "options", None)
    if not (isinstance(job, Job) and isinstance(spec, Spec) and isinstance(options, Options)):
        raise Usage(f"a job is made by new_job, and is not {shown(job)}")
    names = [name for name in Options.__struct_fields__ if name not in _OF_SCHEDULES]
    said = {name: value for name in names if (value := _said(options, name)) is not None}
    return make_job(
        spec.type, spec.payload, id=job.id, queue=job.queue, priority=spec.priority,
        max_retries=spec.max_retries, timeout=spec.timeout, due=job.due, delay=job.delay,
        options=make_options(**said) if said else NO_OPTIONS,
    )  # fmt: skip


def _said(options: Options, name: str) -> Any:
    value = getattr(options, name)
    return None if value == getattr(NO_OPTIONS, name) else value


def check_backoff(text: str) -> str:
    """Raises Usage for what is no back-off."""
    try:
        parse_backoff(check_text("a back-off", text))
    except ValueError as error:
        raise Usage(str(error)) from error
    return text


def parse_priority(priority: int | str) -> int:
    """0 to 10, higher first; or high (8), normal (5), low (2). Raises Usage."""
    if priority == 5 and type(priority) is int:
        return 5
    wanted = "a priority is high, normal, low or 0-10"
    if isinstance(priority, str):
        if priority in PRIORITIES:
            return PRIORITIES[priority]
        if not (priority.isascii() and priority.isdecimal() and len(priority) < 10):
            near = difflib.get_close_matches(priority, PRIORITIES, 1)
            raise Usage(f"{wanted}, not {shown(priority)}", f"did you mean {near[0]}?" if near else "")
        priority = int(priority)
    if isinstance(priority, bool) or not isinstance(priority, int) or not 0 <= priority <= 10:
        raise Usage(f"{wanted}, not {shown(priority)}")
    return int(priority)


def _parents(after: Any) -> tuple[str, ...]:
    """The jobs to wait for, each once."""
    return tuple(dict.fromkeys(_known_id(id) for id in check_list("after", after, 100)))


def _known_id(id: Any) -> str:
    if not isinstance(id, str) or not VALID_ID.fullmatch(id):
        raise Usage(f"{shown(id)} is not the id of a job")
    return str.__str__(id)
