"""How a damaged job shall be: where it belongs, and with which record. In doubt the dead letter queue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from gopher_cli.model.job.history_outcome import HistoryOutcome, history_entry
from gopher_cli.model.job.job import Spec, class_of
from gopher_cli.store.calls import Facts, Mending
from gopher_cli.store.keyspace import READY
from gopher_cli.store.record import Record

LIVE = (*READY, "unhandled", "scheduled", "retrying", "blocked", "running")
_NO_SPEC = b'["(lost)",null]'
_STEP = 10**13  # between the scores of two priorities


@dataclass(frozen=True, slots=True)
class Patient:
    """A job as it was seen. ``record`` and ``spec`` are None when they are gone or cannot be read.

    Times are ms; ``retention`` is how long a completed job is kept.
    """

    job: Facts
    record: Record | None
    spec: Spec | None
    now: int
    retention: int

    @property
    def place(self) -> str:
        return next(iter(self.job.places))

    @property
    def traces(self) -> frozenset[str]:
        return self.job.traces

    def known(self) -> Record:
        """Its record, or one for a job of which nothing is known but what it is to do."""
        priority = self.spec.priority if self.spec else 5
        blank = Record(score=(10 - priority) * _STEP, created=self.now, ready_at=self.now)
        return self.record or blank

    def stays(self, place: str) -> Mending:
        """In this place, which is one of its own, with the record it has."""
        score = f"{self.job.places[place]:.1f}".removesuffix(".0")
        return Mending(self.job, place, score, line(self.known()))


def line(record: Record) -> str:
    """The record as lua/lib/record/record.lua reads it: what is not set or equals `created` is left empty."""
    r = record
    ready_at = "" if r.ready_at == r.created else r.ready_at
    return (
        f"{r.attempts};{r.losses};{r.token};{r.started or ''};{ready_at};{r.score};{r.created};"
        f"{r.finished or ''};{r.lock}"
    )


def quarantine(patient: Patient, why: str) -> Mending:
    """Into the dead letter queue, with the bytes of its record in its history."""
    record = changed(patient.known(), finished=patient.now, token="")
    told = history_entry(HistoryOutcome.CORRUPT, why, raw_hex=(patient.job.record or b"").hex())
    return Mending(patient.job, "failed", str(patient.now), line(record), told=told)


def rebuilt(patient: Patient) -> Mending:
    """A record or a spec is gone. What has ended well stays where it is; all else is in doubt."""
    missing = b"" if patient.job.spec else _NO_SPEC
    if patient.place in ("completed", "cancelled"):
        record = changed(patient.known(), finished=patient.known().finished or patient.now)
        kept = patient.stays(patient.place)
        return msgspec.structs.replace(kept, record=line(_unheld(record)), spec=missing)
    what = "record cannot be read" if patient.job.record else "record is gone"
    if patient.record is not None:
        what = "spec cannot be read" if patient.job.spec else "spec is gone"
    return quarantine(patient, f"its {what}")


def unlost(patient: Patient) -> Mending:
    """For a job that is in no place, or runs for nobody: where its record says that it belongs."""
    record, completed = patient.record, "result" in patient.traces
    if completed:
        known = patient.known()
        ended = _unheld(changed(known, finished=known.finished or patient.now))
        until = str(patient.now + patient.retention)
        return Mending(
            patient.job, "completed", until, line(ended), spec=b"" if patient.job.spec else _NO_SPEC
        )
    if record is None or patient.spec is None:
        return quarantine(patient, "it was in no place, and part of it is gone")
    if record.finished:
        return quarantine(patient, "it had ended, and nobody knows how")
    if patient.spec.options.after and not record.started:
        return quarantine(patient, "it was in no place, and waited for others")
    return _waiting(patient, record)


def _waiting(patient: Patient, record: Record) -> Mending:
    """It waits for its turn, or for its time when that is still to come."""
    runs = bool(record.token) and record.token[0] not in "!?"
    back = changed(_unspent(record), ready_at=min(record.ready_at, patient.now))
    if not runs and record.ready_at > patient.now:
        place = "retrying" if record.attempts else "scheduled"
        return Mending(patient.job, place, str(record.ready_at), line(record))
    return _in_line(patient, back)


def follow_place(patient: Patient) -> Mending:
    """The place is the state, and the record follows it."""
    record, place = patient.known(), patient.place
    if place not in LIVE:
        ended = _unheld(changed(record, finished=record.finished or patient.now))
        return msgspec.structs.replace(patient.stays(place), record=line(ended))
    record = changed(record, finished=0)
    if place != "running":
        record = _unspent(record)
    if place in ("scheduled", "retrying"):
        record = changed(record, ready_at=int(patient.job.places[place]))
    if place.startswith("ready_") or place == "unhandled":
        return _in_line(patient, record)
    return msgspec.structs.replace(patient.stays(place), record=line(record))


def _in_line(patient: Patient, record: Record) -> Mending:
    """In the line of its priority, behind those that came before it."""
    priority = patient.spec.priority if patient.spec else 5
    turn = record.score % _STEP or next((int(s) % _STEP for s in patient.job.places.values()), 0) or 1
    score = (10 - priority) * _STEP + turn
    place = f"ready_{class_of(priority)}"
    return Mending(patient.job, place, str(score), line(changed(record, score=score)))


def _unspent(record: Record) -> Record:
    """Its attempt was lost, unspent: who had it may still succeed, and nothing else."""
    if not record.token or record.token[0] in "!?":
        return record
    return changed(record, token=f"?{record.token}", attempts=max(0, record.attempts - 1))


def _unheld(record: Record) -> Record:
    if not record.token or record.token[0] in "!?":
        return record
    return changed(record, token=f"!{record.token}")


def changed(record: Record, **changes: Any) -> Record:
    return msgspec.structs.replace(record, **changes)
