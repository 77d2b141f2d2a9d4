"""The words by which a job's history says how an attempt ended: the one list of them."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from gopher_cli.model.job.job import JobState


class HistoryOutcome(StrEnum):
    """Of an attempt that did not complete, or of another event. Workers, scripts and the doctor write these.

    A word that this version does not know reads as FAILED.
    """

    FAILED = "failed"
    TIMED_OUT = "timed out"
    DISCARDED = "discarded"
    SNOOZED = "snoozed"
    CANCELLED = "cancelled"
    LOST = "lost"
    POISON = "poison"  # lost too often: workers die of it
    CORRUPT = "corrupt"
    UNKNOWN_TYPE = "unknown type"  # it waits for a worker that has a handler
    NO_HANDLER = "no handler"  # and has waited too long

    @classmethod
    def _missing_(cls, value: object) -> HistoryOutcome:
        return cls.FAILED

    @property
    def tone(self) -> JobState:
        """The state in whose colour terminal and page paint it."""
        return _TONES.get(self, JobState.FAILED)


_TONES = {
    HistoryOutcome.SNOOZED: JobState.SCHEDULED,
    HistoryOutcome.CANCELLED: JobState.CANCELLED,
    HistoryOutcome.LOST: JobState.RETRYING,
    HistoryOutcome.UNKNOWN_TYPE: JobState.RETRYING,
}


def history_entry(outcome: HistoryOutcome, error: str, **more: object) -> bytes:
    """What is added to a job's history, as JSON; Redis puts the time before it."""
    return msgspec.json.encode({**more, "outcome": outcome, "error": error})
