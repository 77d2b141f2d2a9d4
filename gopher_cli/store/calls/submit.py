"""Calls of those who submit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from gopher_cli.model.job.job import NO_OPTIONS, Job
from gopher_cli.store.calls.call import Arg, Call, make_call, text
from gopher_cli.store.codec import encode_spec
from gopher_cli.store.keyspace import Keys

LIMIT = 500


class Receipt(msgspec.Struct, frozen=True):
    """What became of a submitted job. ``duplicate_of`` holds the unique key, if another does.

    ``held_until`` (epoch ms) is there when nothing is kept of that one any more: so long its key is held.
    ``stops`` tells that it runs, and that somebody has asked to cancel it. ``missing`` is a job that this one
    would have to wait for, and that its queue does not have: it is not stored, and ``refused`` says so.
    """

    id: str
    accepted: bool = True
    duplicate_of: str = ""
    held_until: int = 0
    stops: bool = False
    missing: str = ""
    refused: str = ""


def submit(
    keys: Keys,
    jobs: Sequence[Job],
    *,
    now: str = "",
    batch: str = "",
    mark: int | str = 0,
    together: bool = False,
) -> Call[list[Receipt]]:
    """At most 500 jobs of one queue; ``mark`` is kept as how far the batch has come.

    ``together``: none is stored when one would have to wait for a job that is missing, or its key is
    held by one that is being cancelled.
    """
    if len(jobs) > LIMIT:
        raise ValueError(f"{len(jobs)} jobs in one call; {LIMIT} is the limit")

    def answer(raw: Any) -> list[Receipt]:
        receipts = [Receipt(job.id) for job in jobs]
        for i in range(1, len(raw), 2):
            receipts[raw[i]] = _refused(jobs[raw[i]].id, text(raw[i + 1]))
        return receipts

    argv: dict[str, Arg] = {"now": now, "batch": batch, "mark": mark, "together": "1" if together else ""}
    items: list[Arg] = []
    for job in jobs:
        items += (job.id, head_of(job), job.stored or encode_spec(job.spec))
    return make_call("submit", keys, argv, answer, items)


def _refused(id: str, why: str) -> Receipt:
    if why.startswith("?"):
        return Receipt(id, False, missing=why[1:])
    holder, _, how = why.rpartition(";")
    if how == "stops":
        return Receipt(id, False, holder, stops=True)
    if holder and how.isdecimal():
        return Receipt(id, False, holder, int(how))
    return Receipt(id, False, why)


def head_of(job: Job) -> str:
    """What scripts read of a job (lua/lib/submit/submit_head.lua)."""
    options = job.spec.options
    if not job.due and not job.delay and not job.once and options is NO_OPTIONS:
        return f"{job.spec.priority};;;;;;"
    due = round(job.due * 1000) or ""
    delay = round(job.delay * 1000) or ""
    lock_for = round(options.unique_for * 1000) or ""
    once = f"{round(job.once_for * 1000)},{job.once}" if job.once else ""
    return f"{job.spec.priority};{due};{delay};{job.lock};{lock_for};{once};{','.join(options.after)}"
