"""A line per job; above a hundred a second a line per type and second. Failures are told with their error."""

from __future__ import annotations

import logging
import time

from gopher_cli.model.duration import format_duration
from gopher_cli.model.job import JobState, Lease
from gopher_cli.model.outcome import Outcome, Transition
from gopher_cli.worker.logs import log, say
from gopher_cli.worker.outcomes import describe

_RATE = 100
_WORDS = {
    JobState.COMPLETED: "completed", JobState.RETRYING: "failed, will retry", JobState.FAILED: "failed for good",
    JobState.SCHEDULED: "snoozed", JobState.CANCELLED: "cancelled", JobState.ENQUEUED: "handed back",
}  # fmt: skip


class JobLog:
    """Cheap when nobody reads: a count. ``finished`` may be called from any thread."""

    def __init__(self) -> None:
        self._second = 0
        self._told = 0
        self._silent: dict[tuple[str, str], list[float]] = {}

    def finished(self, lease: Lease, outcome: Outcome, to: Transition, seconds: float) -> None:
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._told = second, 0
        self._told += 1
        if self._told <= _RATE:
            self._tell(lease, outcome, to, seconds)
        else:
            entry = self._silent.setdefault((lease.spec.type, to.state), [0, 0.0])
            entry[0] += 1
            entry[1] += seconds

    def _tell(self, lease: Lease, outcome: Outcome, to: Transition, seconds: float) -> None:
        level = logging.INFO if to.state != JobState.FAILED else logging.WARNING
        if not log.isEnabledFor(level):
            return
        fields: dict[str, object] = {
            "type": lease.spec.type,
            "id": lease.id,
            "queue": lease.queue,
            "took": format_duration(seconds),
        }
        if to.state != JobState.COMPLETED:
            fields |= {"attempt": lease.attempt, "error": describe(outcome)[:300]}
        if to.state in (JobState.RETRYING, JobState.SCHEDULED):
            fields["again_in"] = format_duration(to.after)
        say(
            _WORDS[to.state],
            level,
            **{name: value for name, value in fields.items() if value != ""},
        )

    def flush(self) -> None:
        """Tell in one line each what went by too fast."""
        silent, self._silent = self._silent, {}
        for (type, state), (count, seconds) in silent.items():
            say(
                f"{int(count)} more {_WORDS[JobState(state)]}",
                type=type,
                mean=format_duration(seconds / count),
            )
