"""From what people give to a Job: every door makes its jobs here, with the same checks and messages."""

from __future__ import annotations

from typing import Any

from gopher_cli.model.errors import Usage
from gopher_cli.model.job.fields import CHECKS
from gopher_cli.model.job.ids import new_id
from gopher_cli.model.job.job import NO_OPTIONS, Job, Options, Spec
from gopher_cli.model.job.payload import EMPTY, encode_payload
from gopher_cli.model.job.value_checks import (
    check_id,
    check_priority,
    check_queue,
    check_retries,
    check_seconds,
    check_timeout,
    check_type,
    shown,
)

_YEAR = "the year 5138"


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
            check_type(type), encode_payload(payload), check_priority(priority), max_retries, timeout, options
        ),
        due=due,
        delay=delay,
    )


def make_options(**given: Any) -> Options:
    """Checked options, each by its name; None is not given. Raises Usage, and TypeError for an unknown one.

    Equal to NO_OPTIONS when nothing is asked for.
    """
    if unknown := given.keys() - CHECKS.keys():
        raise TypeError(f"a job has no option {min(unknown)}")
    if given.get("unique_for") and given.get("unique_key") is None:
        raise Usage("unique_for needs a unique key", "add --unique KEY")
    return Options(**{name: CHECKS[name](value) for name, value in given.items() if value is not None})


def checked(job: Job) -> Job:
    """The same job: one that was not made here is looked at as a whole. Raises Usage or BadData."""
    if type(job) is _Made or (isinstance(job, Job) and job.stored):  # or it has been stored before
        return job
    spec = getattr(job, "spec", None)
    options = getattr(spec, "options", None)
    if not (isinstance(job, Job) and isinstance(spec, Spec) and isinstance(options, Options)):
        raise Usage(f"a job is made by new_job, and is not {shown(job)}")
    given = {name: value for name in CHECKS if (value := _given(options, name)) is not None}
    return make_job(
        spec.type, spec.payload, id=job.id, queue=job.queue, priority=spec.priority,
        max_retries=spec.max_retries, timeout=spec.timeout, due=job.due, delay=job.delay,
        options=make_options(**given) if given else NO_OPTIONS,
    )  # fmt: skip


def _given(options: Options, name: str) -> Any:
    value = getattr(options, name)
    return None if value == getattr(NO_OPTIONS, name) else value
