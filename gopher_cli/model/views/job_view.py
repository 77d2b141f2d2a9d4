"""What all doors tell of a job: the whole of one, one of a list, an attempt; and the names in JSON."""

from __future__ import annotations

from typing import Any

import msgspec

from gopher_cli.model.job.fields import FIELDS, Field
from gopher_cli.model.job.history_outcome import HistoryOutcome
from gopher_cli.model.text.timestamp import Instant, Timestamp

_NAMES = {
    "id": "job_id", "state": "status", "created": "created_at", "ready_at": "enqueued_at",
    "due": "execute_at", "started": "started_at", "finished": "completed_at", "now": "at",
    "exact_payload": "payload", "exact_result": "result",
}  # fmt: skip


class JobRow(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES | {"at": "since"}):
    """A job in a list. `since` is the time that its state turns on: for a scheduled job when it is due."""

    id: str
    type: str
    queue: str
    state: str
    priority: int
    attempts: int
    max_retries: int
    created: Timestamp
    at: Timestamp
    error: str | None


class AttemptView(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt that did not complete, or another event of the job's history.

    `exit_code` is that of an executable, 0 where there is none.
    """

    at: Timestamp
    attempt: int
    outcome: HistoryOutcome
    error: str
    traceback: str
    worker: str
    seconds: float
    retry_at: Timestamp
    exit_code: int


class JobDetail(msgspec.Struct, frozen=True, kw_only=True, rename=_NAMES):
    """Everything about a job that its submitter may want to know.

    `max_retries`, `timeout` and `backoff` are what counts; `sources` says whose word each of them is: submit,
    handler or settings. `schedule` is there where one has made it, and `instant` where it is for one.
    """

    id: str
    type: str
    queue: str
    state: str
    priority: int
    exact_payload: msgspec.Raw
    attempts: int
    max_retries: int
    losses: int
    created: Timestamp
    ready_at: Timestamp
    due: Timestamp
    started: Timestamp
    finished: Timestamp
    error: str | None
    exact_result: msgspec.Raw
    progress: dict[str, Any] | None
    tags: list[str]
    headers: dict[str, str]
    history: list[AttemptView]
    log: list[str]
    why_not_running: str | None
    timeout: float
    backoff: str
    unique_key: str | None
    after: list[str]
    parent: str | None
    worker: str | None
    lease_until: Timestamp
    kept_until: Timestamp
    cancel_asked: bool
    spec_bytes: int
    unreadable: str | None
    now: Instant
    sources: dict[str, str]
    schedule: str | msgspec.UnsetType = msgspec.UNSET
    instant: Instant | msgspec.UnsetType = msgspec.UNSET

    @property
    def payload(self) -> Any:
        """To compute with; `exact_payload` has its numbers in the very digits that were stored."""
        return msgspec.json.decode(self.exact_payload)

    @property
    def result(self) -> Any:
        """To compute with; `exact_result` has its numbers in the very digits that were stored."""
        return msgspec.json.decode(self.exact_result)

    @property
    def is_poison(self) -> bool:
        """Dead because the processes that ran it died, again and again."""
        last = self.history[-1].outcome if self.history else None
        return self.state == "failed" and last is HistoryOutcome.POISON


# Fields that a job shows as they were asked for; of the others it shows what counts.
ASKED = tuple(
    field
    for field in FIELDS
    if field.name in JobDetail.__struct_fields__
    and field.name not in ("priority", "max_retries", "timeout", "backoff")
)


def asked_in(job: JobDetail) -> list[tuple[Field, Any]]:
    """What was asked for beyond the terms under which it runs."""
    return [(field, value) for field in ASKED if (value := getattr(job, field.name))]
