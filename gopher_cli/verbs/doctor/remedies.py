"""How a damaged job shall be: where it belongs, and with which record. In doubt the dead letter queue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from gopher_cli.model.job.history_outcome import HistoryOutcome, history_entry
from gopher_cli.model.job.job import Spec, class_of
from gopher_cli.store.calls import Facts, Remedy
from gopher_cli.store.keyspace import READY
from gopher_cli.store.record import Record

LIVE = (*READY, "unhandled", "scheduled", "retrying", "blocked", "running")
_NO_SPEC = b'["(lost)",null]'
_STEP = 10**13  # between the scores of two priorities


@dataclass(frozen=True, slots=True)
class SeenJob:
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

    def stays(self, place: str) -> Remedy:
        """In this place, which is one of its own, with the record it has."""
        score = f"{self.job.places[place]:.1f}".removesuffix(".0")
        return Remedy(self.job, place, score, line(self.known()))


def line(record: Record) -> str:
    """The record as lua/lib/record/record.lua reads it: what is not set or equals `created` is left empty."""
    r = record
    ready_at = "" if r.ready_at == r.created else r.ready_at
    return (
        f"{r.attempts};{r.losses};{r.token};{r.started or ''};{ready_at};{r.score};{r.created};"
        f"{r.finished or ''};{r.lock}"
    )


def quarantine(seen_job: SeenJob, why: str) -> Remedy:
    """Into the dead letter queue, with the bytes of its record in its history."""
    record = changed(seen_job.known(), finished=seen_job.now, token="")
    entry = history_entry(HistoryOutcome.CORRUPT, why, raw_hex=(seen_job.job.record or b"").hex())
    return Remedy(seen_job.job, "failed", str(seen_job.now), line(record), told=entry)


def rebuilt(seen_job: SeenJob) -> Remedy:
    """A record or a spec is gone. What has ended well stays where it is; all else is in doubt."""
    missing = b"" if seen_job.job.spec else _NO_SPEC
    if seen_job.place in ("completed", "cancelled"):
        record = changed(seen_job.known(), finished=seen_job.known().finished or seen_job.now)
        kept = seen_job.stays(seen_job.place)
        return msgspec.structs.replace(kept, record=line(_unheld(record)), spec=missing)
    what = "record cannot be read" if seen_job.job.record else "record is gone"
    if seen_job.record is not None:
        what = "spec cannot be read" if seen_job.job.spec else "spec is gone"
    return quarantine(seen_job, f"its {what}")


def unlost(seen_job: SeenJob) -> Remedy:
    """For a job that is in no place, or runs for nobody: where its record says that it belongs."""
    record, completed = seen_job.record, "result" in seen_job.traces
    if completed:
        known = seen_job.known()
        ended = _unheld(changed(known, finished=known.finished or seen_job.now))
        until = str(seen_job.now + seen_job.retention)
        return Remedy(
            seen_job.job, "completed", until, line(ended), spec=b"" if seen_job.job.spec else _NO_SPEC
        )
    if record is None or seen_job.spec is None:
        return quarantine(seen_job, "it was in no place, and part of it is gone")
    if record.finished:
        return quarantine(seen_job, "it had ended, and nobody knows how")
    if seen_job.spec.options.after and not record.started:
        return quarantine(seen_job, "it was in no place, and waited for others")
    return _waiting(seen_job, record)


def _waiting(seen_job: SeenJob, record: Record) -> Remedy:
    """It waits for its turn, or for its time when that is still to come."""
    runs = bool(record.token) and record.token[0] not in "!?"
    back = changed(_unspent(record), ready_at=min(record.ready_at, seen_job.now))
    if not runs and record.ready_at > seen_job.now:
        place = "retrying" if record.attempts else "scheduled"
        return Remedy(seen_job.job, place, str(record.ready_at), line(record))
    return _in_line(seen_job, back)


def follow_place(seen_job: SeenJob) -> Remedy:
    """The place is the state, and the record follows it."""
    record, place = seen_job.known(), seen_job.place
    if place not in LIVE:
        ended = _unheld(changed(record, finished=record.finished or seen_job.now))
        return msgspec.structs.replace(seen_job.stays(place), record=line(ended))
    record = changed(record, finished=0)
    if place != "running":
        record = _unspent(record)
    if place in ("scheduled", "retrying"):
        record = changed(record, ready_at=int(seen_job.job.places[place]))
    if place.startswith("ready_") or place == "unhandled":
        return _in_line(seen_job, record)
    return msgspec.structs.replace(seen_job.stays(place), record=line(record))


def _in_line(seen_job: SeenJob, record: Record) -> Remedy:
    """In the line of its priority, behind those that came before it."""
    priority = seen_job.spec.priority if seen_job.spec else 5
    turn = record.score % _STEP or next((int(s) % _STEP for s in seen_job.job.places.values()), 0) or 1
    score = (10 - priority) * _STEP + turn
    place = f"ready_{class_of(priority)}"
    return Remedy(seen_job.job, place, str(score), line(changed(record, score=score)))


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
