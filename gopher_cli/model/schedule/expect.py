"""Expect: that jobs of a type succeed in a queue at least every so often, whoever feeds them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from gopher_cli.model.errors import Ambiguous, NotFound, Usage
from gopher_cli.model.hints import LIST_EXPECTS
from gopher_cli.model.job.ids import VALID_NAME
from gopher_cli.model.job.value_checks import check_name, check_seconds, shown
from gopher_cli.model.text.duration import format_duration
from gopher_cli.model.text.timestamp import Timestamp
from gopher_cli.model.views.job_view import JobRow

MOST = 1000  # of one queue
_SHORTEST, _LONGEST = 1.0, 10 * 365 * 86400.0
NEW, CHANGED, SAME = "new", "changed", "same"
ON_TIME, WAITING, LATE, UNREADABLE = "on_time", "waiting", "late", "unreadable"


class Expect(msgspec.Struct, frozen=True, kw_only=True):
    """What is expected, and how that stands at ``now``.

    ``every`` and ``grace`` in seconds; times in epoch ms, 0 is never. Without a type it cannot be read;
    where it is not ``noted``, successes are not written down, because somebody has deleted data by hand.
    """

    queue: str
    name: str
    type: str = ""
    every: float = 0.0
    grace: float = 0.0
    created: int = 0
    by: str = ""
    last_success: int = 0
    now: int = 0
    noted: bool = True

    @property
    def deadline(self) -> int:
        """Until when the next one has to succeed, epoch ms. Before the first success it counts from the
        declaration. A clock that was ahead is believed as far as now."""
        since = min(self.last_success or self.created, self.now)
        return since + round((self.every + self.grace) * 1000)

    @property
    def late_seconds(self) -> float:
        """How long the deadline is over; 0 before."""
        return max(0, self.now - self.deadline) / 1000 if self.type else 0.0

    @property
    def state(self) -> str:
        """on_time, waiting (for the first success), late, or unreadable."""
        if not self.type:
            return UNREADABLE
        if self.late_seconds:
            return LATE
        return ON_TIME if self.last_success else WAITING

    @property
    def terms(self) -> str:
        """In plain words: ``report every 1d1h``, and the grace where there is one."""
        grace = f" (grace {format_duration(self.grace)})" if self.grace else ""
        return f"{self.type} every {format_duration(self.every)}{grace}"


class Declared(msgspec.Struct, frozen=True):
    """What became of a declaration; ``word`` is new, changed or same."""

    expect: Expect
    word: str


class LastOfType(
    msgspec.Struct, frozen=True, kw_only=True,
    rename={"last_success": "last_success_at", "success": "last_success"},
):  # fmt: skip
    """The newest job of a type, and its last success, which may be gone while its time is remembered."""

    type: str
    job: JobRow | None
    last_success: Timestamp
    success: JobRow | None


def check_expect_name(name: Any) -> str:
    return check_name("the name of an expect", name, VALID_NAME, "1-64 of A-Z a-z 0-9 _ . -")


def check_every(value: Any) -> float:
    """Seconds, to the ms. Raises Usage."""
    return _span("every", value, _SHORTEST, "1s")


def check_grace(value: Any) -> float:
    """Seconds, to the ms. Raises Usage."""
    return _span("grace", value, 0.0, "0s")


def _span(name: str, value: Any, least: float, word: str) -> float:
    seconds = check_seconds(name, value)
    if not least <= seconds <= _LONGEST:
        raise Usage(
            f"{name} is from {word} to 10 years, not {shown(value)} seconds", "such as 25h, 90m or 7d"
        )
    return round(seconds, 3)


def the_expect(known: Sequence[Expect], name: str) -> Expect:
    """The one of this name. Raises NotFound, or Ambiguous where several queues have one."""
    matches = [expect for expect in known if expect.name == name]
    if not matches:
        raise NotFound(f"no expect {name[:64]!r}", LIST_EXPECTS)
    if len(matches) > 1:
        queues = [expect.queue for expect in matches]
        raise Ambiguous(f"several queues have an expect {name!r}: {', '.join(queues[:6])}", queues)
    return matches[0]
