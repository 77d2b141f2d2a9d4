"""What one job, and one queue's brake, may do in a serial world; for the search in linear.py."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import groupby

from history import FOREVER, SLACK, History, Move, Op, Run
from history.linear import Step

# Where a job is, the token it was last given ("?" before one that was lost), whether it is asked to stop.
# `waiting` is scheduled or retrying: it may stand in line at any moment.
Job = tuple[str, str, bool]
NOWHERE: Job = ("absent", "", False)
_STANDS = ("enqueued", "waiting")
_PURGES = {"scheduled": ("waiting",), "retrying": ("waiting",), "enqueued": _STANDS}


def steps_of(history: History, id: str) -> Iterator[Step[Job]]:
    """All that anybody did to a job."""
    for op in history.ops_of.get(id, []):
        yield Step(f"{op.kind} by {op.client}: {op.answer or '?'}", op.began, op.ended, _ASKED[op.kind](op))
    for move in history.moves_of.get(id, []):
        if move.leased:
            runs = history.runs_of.get((id, move.bare), [])
            yield from _attempt(move, min((run.began for run in runs), default=FOREVER))
            yield from (_end(run) for run in runs if run.said in ("completed", "raised"))


def _attempt(lease: Move, started: int) -> Iterator[Step[Job]]:
    """A lease took effect when the server says, and before its handler began; it may be lost at any time."""
    token, since = lease.bare, lease.stamp - SLACK
    until = max(since, min(started, lease.stamp + SLACK))

    def take(job: Job) -> Collection[Job]:
        return [("processing", token, False)] if job[0] in _STANDS else []

    def lose(job: Job) -> Collection[Job]:
        if job[:2] != ("processing", token):
            return []
        if job[2]:
            return [("cancelled", "", False), ("failed", f"?{token}", False)]
        return [("enqueued", f"?{token}", False), ("failed", f"?{token}", False)]

    yield Step(f"lease {token}", since, until, take)
    yield Step(f"loss of {token}", since, FOREVER, lose)


def _end(run: Run) -> Step[Job]:
    """A handler's end is accepted some time after it, or never."""

    def settle(job: Job) -> Collection[Job]:
        place, token, asked = job
        late = token == f"?{run.token}" and place in (*_STANDS, "failed")
        mine = place == "processing" and token == run.token
        if run.said == "completed" and (mine or late):
            return [("completed", f"!{run.token}", False)]
        if run.said == "raised" and mine:
            word = "cancelled" if asked else "waiting"
            return [(word, f"!{run.token}", False), ("failed", f"!{run.token}", False)]
        return []

    return Step(f"end of {run.token}: {run.said}", run.ended, FOREVER, settle)


def _submit(op: Op):
    def leads(job: Job) -> Collection[Job]:
        if op.answer == "locked":  # another has its key
            return [job]
        if job[0] == "absent":
            # Who waits for others may stand in line at any moment, as who waits for a time.
            fresh = ("waiting" if op.due or op.after else "enqueued", "", False)
            return [fresh] if op.answer in ("accepted", "") else []
        return [job] if op.answer in ("known", "") else []

    return leads


def _cancel(op: Op):
    def leads(job: Job) -> Collection[Job]:
        place, token, _ = job
        words = {"processing": "requested", "cancelled": "again", "absent": "gone"}
        word = "cancelled" if place in _STANDS else words.get(place, place)
        if op.answer not in (word, ""):
            return []
        changed = {"cancelled": ("cancelled", "", False), "requested": (place, token, True)}
        return [changed.get(word, job)]

    return leads


def _requeue(op: Op):
    def leads(job: Job) -> Collection[Job]:
        place, token, _ = job
        ended = place in ("failed", "cancelled")
        if op.answer == "locked":  # another has its key
            return [job] if ended else []
        possible: dict[str, Job] = {}
        if ended or place == "waiting":
            possible["enqueued"] = ("enqueued", "" if ended else token, False)
        if place in _STANDS:
            possible["again"] = ("enqueued", token, False)
        if place in ("processing", "completed", "absent"):
            possible["gone" if place == "absent" else place] = job
        return [job for word, job in possible.items() if op.answer in (word, "")]

    return leads


def _purge(op: Op):
    def leads(job: Job) -> Collection[Job]:
        there = job[0] in _PURGES.get(op.detail, (op.detail,))
        # What waits may also have left for the line at this very moment.
        sure = there and job[0] == op.detail
        possible = ({"purged": NOWHERE} if there else {}) | ({} if sure else {"left": job})
        return [job for word, job in possible.items() if op.answer in (word, "")]

    return leads


_ASKED = {"submit": _submit, "follow": _submit, "cancel": _cancel, "requeue": _requeue, "purge": _purge}


def brakes_of(history: History, queue: str) -> Iterator[Step[bool]]:
    """Pauses, resumes and fetches of a queue; the state is whether it is paused."""
    for op in history.of("pause", "resume"):
        if op.queue == queue:
            yield Step(f"{op.kind} by {op.client}: {op.answer or '?'}", op.began, op.ended, _brake(op))
    leases = (move for move in history.moves if move.leased and move.queue == queue)
    for at, together in groupby(leases, key=lambda move: move.at):
        stamp = next(together).stamp
        name = f"fetch in transaction {at}"
        yield Step(name, stamp - SLACK, stamp + SLACK, lambda paused: [] if paused else [False])


def _brake(op: Op):
    to = op.kind == "pause"

    def leads(paused: bool) -> Collection[bool]:
        word = "same" if paused == to else "changed"
        return [to] if op.answer in (word, "") else []

    return leads
