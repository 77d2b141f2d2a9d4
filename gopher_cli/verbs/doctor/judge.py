"""The judgement on one job: what is wrong with it, and how it should be. No I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gopher_cli.model.job.job import CLASSES, Spec, class_of
from gopher_cli.store.calls import Facts, Mending
from gopher_cli.store.record import Record, read_record
from gopher_cli.verbs.doctor.remedies import LIVE, Patient, follow_place, quarantine, rebuilt, unlost

_RECORD = re.compile(rb"\d+;\d+;[^;]*;\d*;\d*;\d+;\d+;\d*;[^;]*")
PROMOTED_WITHIN = 30_000  # ms
RECLAIMED_WITHIN = 60_000


@dataclass(frozen=True, slots=True)
class Complaint:
    """A name of model.findings.TROUBLES; ``mending`` is how the job shall be, None where an orphan goes."""

    name: str
    job: Facts
    mending: Mending | None = None


def judge(
    job: Facts, spec: Spec | None, now: int, retention: int, *, readable: bool = True, known: bool = True
) -> list[Complaint]:
    """What is wrong with a job. ``spec`` is None when it is missing or, with ``readable`` off, garbage;
    ``known``: the worker whose token it has is one of the fleet."""
    record = read_record(job.record) if job.record and _RECORD.match(job.record) else None
    patient = Patient(job, record, spec, now, retention)
    if not job.places:
        return _nowhere(patient)
    found = _broken(patient, readable) or _contradiction(patient, known=known)
    return [*found, *_late(patient), *_traces(job)]


def _nowhere(patient: Patient) -> list[Complaint]:
    job = patient.job
    if job.record is None and not job.spec:
        return [Complaint("leftovers of jobs", job)] if job.traces else []
    return [Complaint("jobs in no place", job, unlost(patient))]


def _broken(patient: Patient, readable: bool) -> list[Complaint]:
    """Too many places, or something that cannot be read: then nothing else is asked."""
    job = patient.job
    if len(job.places) > 1:
        return [Complaint("jobs in two places", job, _one_of_several(patient))]
    if patient.record is None:
        name = "jobs without a record" if job.record is None else "records that cannot be read"
        return [Complaint(name, job, rebuilt(patient))]
    ended = patient.place not in LIVE
    if job.corrupt:
        return []
    if not job.spec:
        return [Complaint("jobs without a spec", job, rebuilt(patient))]
    if not readable and (not ended or patient.place == "failed"):
        return [Complaint("specs that cannot be read", job, rebuilt(patient))]
    return []


def _one_of_several(patient: Patient) -> Mending:
    """The place that the record tells of, the later stages of a life first."""
    order = ("running", "completed", "failed", "cancelled", "blocked", "scheduled", "retrying")
    places = patient.job.places
    for place in (*order, *(f"ready_{name}" for name in CLASSES)):
        if place in places and patient.record and _fits(patient, patient.record, place, places[place]):
            return patient.stays(place)
    return quarantine(patient, "it stood in several places, and its record tells of none of them")


def _fits(patient: Patient, record: Record, place: str, score: float) -> bool:
    runs = bool(record.token) and record.token[0] not in "!?"
    if place not in LIVE:
        return bool(record.finished) and not runs and (place == "completed" or "result" not in patient.traces)
    if record.finished or runs != (place == "running"):
        return False
    if place == "blocked":
        return bool(patient.spec and patient.spec.options.after)
    if place in ("scheduled", "retrying"):
        return score == record.ready_at
    return place == "running" or score == record.score


def _contradiction(patient: Patient, *, known: bool) -> list[Complaint]:
    job, record = patient.job, patient.record
    if record is None:
        return []
    runs = bool(record.token) and record.token[0] not in "!?"
    place, score = patient.place, job.places[patient.place]
    live = place in LIVE
    name = ""
    if place == "running" and not runs:
        return [Complaint("running without a token", job, unlost(patient))]
    if bool(record.finished) == live or (place in ("scheduled", "retrying") and record.ready_at != score):
        name = "records that contradict their place"
    elif runs and place != "running":
        name = "tokens of attempts that do not run"
    elif place.startswith("ready_") and not _in_turn(patient, record, score):
        name = "jobs in the wrong line"
    elif place == "running" and not job.held:
        mending = patient.stays(place) if known else unlost(patient)
        return [Complaint("running, and nobody holds them", job, mending)]
    if name:
        return [Complaint(name, job, follow_place(patient))]
    return _lock(patient) if live else []


def _in_turn(patient: Patient, record: Record, score: float) -> bool:
    if score != record.score:
        return False
    spec = patient.spec
    if spec is None or score == 5e13:
        return True
    line = patient.place == f"ready_{class_of(spec.priority)}"
    return line and 0 < score - (10 - spec.priority) * 1e13 < 1e13


def _lock(patient: Patient) -> list[Complaint]:
    if patient.job.lock in ("none", "dead"):
        return [Complaint("live jobs without their lock", patient.job, patient.stays(patient.place))]
    return [Complaint("unique keys held twice", patient.job)] if patient.job.lock == "other" else []


def _late(patient: Patient) -> list[Complaint]:
    for place, score in patient.job.places.items():
        if place in ("scheduled", "retrying") and score < patient.now - PROMOTED_WITHIN:
            return [Complaint("due, and not promoted", patient.job)]
        if place == "running" and score < patient.now - RECLAIMED_WITHIN:
            return [Complaint("leases that ended long ago", patient.job)]
    return []


def _traces(job: Facts) -> list[Complaint]:
    places, traces = job.places, job.traces
    over = ("result" in traces and "completed" not in places) or (
        "cancels" in traces and "running" not in places
    )
    found = [Complaint("leftovers of jobs", job)] if over else []
    if "waiters" in traces and "completed" in places:
        found.append(Complaint("completed, and still waited for", job))
    return found
