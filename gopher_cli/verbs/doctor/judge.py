"""The judgement on one job: what is wrong with it, and how it should be. No I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gopher_cli.model.job.job import CLASSES, Spec, class_of
from gopher_cli.store.calls import Facts, Remedy
from gopher_cli.store.record import Record, read_record
from gopher_cli.verbs.doctor.remedies import LIVE, SeenJob, follow_place, quarantine, rebuilt, unlost

_RECORD = re.compile(rb"\d+;\d+;[^;]*;\d*;\d*;\d+;\d+;\d*;[^;]*")
PROMOTED_WITHIN = 30_000  # ms
RECLAIMED_WITHIN = 60_000


@dataclass(frozen=True, slots=True)
class Damage:
    """A name of model.findings.TROUBLES; ``remedy`` is how the job shall be, None where an orphan goes."""

    name: str
    job: Facts
    remedy: Remedy | None = None


def judge(
    job: Facts, spec: Spec | None, now: int, retention: int, *, readable: bool = True, known: bool = True
) -> list[Damage]:
    """What is wrong with a job. ``spec`` is None when it is missing or, with ``readable`` off, garbage;
    ``known``: the worker whose token it has is one of the fleet."""
    record = read_record(job.record) if job.record and _RECORD.match(job.record) else None
    seen_job = SeenJob(job, record, spec, now, retention)
    if not job.places:
        return _nowhere(seen_job)
    damages = _broken(seen_job, readable) or _contradiction(seen_job, known=known)
    return [*damages, *_late(seen_job), *_traces(job)]


def _nowhere(seen_job: SeenJob) -> list[Damage]:
    job = seen_job.job
    if job.record is None and not job.spec:
        return [Damage("leftovers of jobs", job)] if job.traces else []
    return [Damage("jobs in no place", job, unlost(seen_job))]


def _broken(seen_job: SeenJob, readable: bool) -> list[Damage]:
    """Too many places, or something that cannot be read: then nothing else is asked."""
    job = seen_job.job
    if len(job.places) > 1:
        return [Damage("jobs in two places", job, _one_of_several(seen_job))]
    if seen_job.record is None:
        name = "jobs without a record" if job.record is None else "records that cannot be read"
        return [Damage(name, job, rebuilt(seen_job))]
    ended = seen_job.place not in LIVE
    if job.corrupt:
        return []
    if not job.spec:
        return [Damage("jobs without a spec", job, rebuilt(seen_job))]
    if not readable and (not ended or seen_job.place == "failed"):
        return [Damage("specs that cannot be read", job, rebuilt(seen_job))]
    return []


def _one_of_several(seen_job: SeenJob) -> Remedy:
    """The place that the record tells of, the later stages of a life first."""
    order = ("running", "completed", "failed", "cancelled", "blocked", "scheduled", "retrying")
    places = seen_job.job.places
    for place in (*order, *(f"ready_{name}" for name in CLASSES)):
        if place in places and seen_job.record and _fits(seen_job, seen_job.record, place, places[place]):
            return seen_job.stays(place)
    return quarantine(seen_job, "it stood in several places, and its record tells of none of them")


def _fits(seen_job: SeenJob, record: Record, place: str, score: float) -> bool:
    runs = bool(record.token) and record.token[0] not in "!?"
    if place not in LIVE:
        return (
            bool(record.finished) and not runs and (place == "completed" or "result" not in seen_job.traces)
        )
    if record.finished or runs != (place == "running"):
        return False
    if place == "blocked":
        return bool(seen_job.spec and seen_job.spec.options.after)
    if place in ("scheduled", "retrying"):
        return score == record.ready_at
    return place == "running" or score == record.score


def _contradiction(seen_job: SeenJob, *, known: bool) -> list[Damage]:
    job, record = seen_job.job, seen_job.record
    if record is None:
        return []
    runs = bool(record.token) and record.token[0] not in "!?"
    place, score = seen_job.place, job.places[seen_job.place]
    live = place in LIVE
    name = ""
    if place == "running" and not runs:
        return [Damage("running without a token", job, unlost(seen_job))]
    if bool(record.finished) == live or (place in ("scheduled", "retrying") and record.ready_at != score):
        name = "records that contradict their place"
    elif runs and place != "running":
        name = "tokens of attempts that do not run"
    elif place.startswith("ready_") and not _in_turn(seen_job, record, score):
        name = "jobs in the wrong line"
    elif place == "running" and not job.held:
        remedy = seen_job.stays(place) if known else unlost(seen_job)
        return [Damage("running, and nobody holds them", job, remedy)]
    if name:
        return [Damage(name, job, follow_place(seen_job))]
    return _lock(seen_job) if live else []


def _in_turn(seen_job: SeenJob, record: Record, score: float) -> bool:
    if score != record.score:
        return False
    spec = seen_job.spec
    if spec is None or score == 5e13:
        return True
    line = seen_job.place == f"ready_{class_of(spec.priority)}"
    return line and 0 < score - (10 - spec.priority) * 1e13 < 1e13


def _lock(seen_job: SeenJob) -> list[Damage]:
    if seen_job.job.lock in ("none", "dead"):
        return [Damage("live jobs without their lock", seen_job.job, seen_job.stays(seen_job.place))]
    return [Damage("unique keys held twice", seen_job.job)] if seen_job.job.lock == "other" else []


def _late(seen_job: SeenJob) -> list[Damage]:
    for place, score in seen_job.job.places.items():
        if place in ("scheduled", "retrying") and score < seen_job.now - PROMOTED_WITHIN:
            return [Damage("due, and not promoted", seen_job.job)]
        if place == "running" and score < seen_job.now - RECLAIMED_WITHIN:
            return [Damage("leases that ended long ago", seen_job.job)]
    return []


def _traces(job: Facts) -> list[Damage]:
    places, traces = job.places, job.traces
    over = ("result" in traces and "completed" not in places) or (
        "cancels" in traces and "running" not in places
    )
    damages = [Damage("leftovers of jobs", job)] if over else []
    if "waiters" in traces and "completed" in places:
        damages.append(Damage("completed, and still waited for", job))
    return damages
