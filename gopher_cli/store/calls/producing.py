"""Calls of those who submit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from gopher_cli.model.job import NO_OPTIONS, Job
from gopher_cli.store.calls.base import Arg, Call, make_call, text
from gopher_cli.store.codec import encode_spec
from gopher_cli.store.keys import Keys

LIMIT = 500


class Receipt(msgspec.Struct, frozen=True):
    """What became of a submitted job. ``duplicate_of`` holds the unique key, if another does."""

    id: str
    accepted: bool = True
    duplicate_of: str = ""


def submit(
    keys: Keys, jobs: Sequence[Job], *, now: str = "", batch: str = "", mark: int = 0
) -> Call[list[Receipt]]:
    """At most 500 jobs of one queue; ``mark`` is kept as how far the batch has come."""
    if len(jobs) > LIMIT:
        raise ValueError(f"{len(jobs)} jobs in one call; {LIMIT} is the limit")

    def answer(raw: Any) -> list[Receipt]:
        receipts = [Receipt(job.id) for job in jobs]
        for i in range(1, len(raw), 2):
            receipts[raw[i]] = Receipt(jobs[raw[i]].id, False, text(raw[i + 1]))
        return receipts

    items: list[Arg] = []
    for job in jobs:
        items += (job.id, _head(job), job.stored or encode_spec(job.spec))
    return make_call("submit", keys, {"now": now, "batch": batch, "mark": mark}, answer, items)


def _head(job: Job) -> str:
    options = job.spec.options
    if not job.due and not job.delay and options is NO_OPTIONS:
        return f"{job.spec.priority};;;;;"
    due = round(job.due * 1000) or ""
    delay = round(job.delay * 1000) or ""
    lock_for = round(options.unique_for * 1000) or ""
    return f"{job.spec.priority};{due};{delay};{job.lock};{lock_for};{','.join(options.after)}"
