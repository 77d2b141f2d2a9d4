"""A line per job; above a hundred a second a line per type and second. Failures are told with their error."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from gopher_cli.model.job.job import JobState, Lease
from gopher_cli.model.job.outcome import Outcome, Transition
from gopher_cli.model.text.duration import format_duration
from gopher_cli.store.calls import Settlement
from gopher_cli.worker.execution.outcomes import describe
from gopher_cli.worker.logs import log, say

_RATE = 100
_WORDS = {
    JobState.RETRYING: "failed, will retry", JobState.FAILED: "failed for good",
    JobState.SCHEDULED: "snoozed", JobState.CANCELLED: "cancelled", JobState.ENQUEUED: "handed back",
}  # fmt: skip


class JobLog:
    """``counts`` is what this process has done so far; ``share`` is told of it after each change."""

    def __init__(self, share: Callable[[int, int], None] = lambda completed, failed: None) -> None:
        self.counts = {"completed": 0, "failed": 0}
        self._share = share
        self._second = 0
        self._told = 0
        self._silent: dict[tuple[str, str], list[float]] = {}

    def completed(self, items: Sequence[Settlement]) -> None:
        """These were settled together; told after they are safe."""
        done = [item for item in items if item.to.state is JobState.COMPLETED]
        self.counts["completed"] += len(done)
        self._share(self.counts["completed"], self.counts["failed"])
        left = self._budget(len(done))
        for item in done[:left]:
            lease = item.lease
            took = format_duration(item.run_us / 1e6)
            say("completed", type=lease.spec.type, id=lease.id, queue=lease.queue, took=took)
        for item in done[left:]:
            self._count(item.lease.spec.type, "completed", item.run_us / 1e6)

    def ended(self, lease: Lease, outcome: Outcome, to: Transition, seconds: float) -> None:
        """An attempt that did not complete. May be called from any thread."""
        if to.state in (JobState.RETRYING, JobState.FAILED):
            self.counts["failed"] += 1
            self._share(self.counts["completed"], self.counts["failed"])
        if not self._budget(1):
            return self._count(lease.spec.type, _WORDS[to.state], seconds)
        level = logging.WARNING if to.state is JobState.FAILED else logging.INFO
        if level >= log.level:
            self._tell(lease, outcome, to, seconds, level)
        return None

    def _tell(self, lease: Lease, outcome: Outcome, to: Transition, seconds: float, level: int) -> None:
        fields: dict[str, object] = {
            "type": lease.spec.type, "id": lease.id, "queue": lease.queue,
            "took": format_duration(seconds), "attempt": lease.attempt,
        }  # fmt: skip
        if why := describe(outcome)[:300]:
            fields["error"] = why
        if to.state in (JobState.RETRYING, JobState.SCHEDULED):
            fields["again_in"] = format_duration(to.after)
        say(_WORDS[to.state], level, **fields)

    def _budget(self, bytes_asked: int) -> int:
        """How many of these may have a line of their own in this second."""
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._told = second, 0
        granted = max(0, min(bytes_asked, _RATE - self._told)) if log.level <= logging.INFO else 0
        self._told += granted
        return granted

    def _count(self, type: str, word: str, seconds: float) -> None:
        entry = self._silent.setdefault((type, word), [0, 0.0])
        entry[0] += 1
        entry[1] += seconds

    def flush(self) -> None:
        """Tell in one line each what went by too fast."""
        silent, self._silent = self._silent, {}
        for (type, word), (count, seconds) in silent.items():
            say(f"{int(count)} more {word}", type=type, mean=format_duration(seconds / count))
