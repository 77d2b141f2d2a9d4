"""Schedules: recurring jobs, when they are due, and what is to be done with what was missed. Pure.

Instants are whole seconds since 1970.
"""

from __future__ import annotations

import re
from math import floor, inf
from typing import NamedTuple

import msgspec

from gopher_cli.model.job.ids import VALID_NAME
from gopher_cli.model.job.job import Spec
from gopher_cli.model.job.value_checks import check_name, check_queue, shown
from gopher_cli.model.schedule.recurrence import (
    BadSchedule,
    Instants,
    Recurrence,
    compact,
    make_recurrence,
    seconds,
    whole,
)

MOST = 1000  # schedules of a queue
ON_TIME = 30  # seconds: so late a tick may come, and is not missed
_LONGEST_NAME = 64
_MOST_CATCHUP = 100
_MOST_FAILURES = 10
_CLOCK_WAS_WRONG = 26 * 3600  # seconds: no instant that has happened lies further ahead
_LATER = ("one", "serial", "replace")
_CATCHUP = re.compile(r"once|skip|all:([0-9]{1,3})")


class ScheduleTerms(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When a recurring job is due, and what holds for its runs.

    ``overlap`` is skip (nothing runs while the run before is unfinished) or all. ``catchup`` is once, skip or
    all:N: which of the instants run that nobody has ticked in time. ``within`` (s) is how old such an instant
    may be (0: however old). After ``pause_after`` dead runs in a row it pauses itself (0: never). ``origin``
    is "app" for what code declares, ``declared`` the digest of that, and ``by`` who has defined it.
    ``run_limit`` is with how many runs it is over, those before its last change included (0: no limit).
    """

    when: Recurrence
    overlap: str = "skip"
    catchup: str = "once"
    within: float = 0.0
    pause_after: int = 0
    origin: str = ""
    by: str = ""
    declared: str = ""
    run_limit: int = 0


class Schedule(ScheduleTerms, frozen=True, kw_only=True, omit_defaults=True):
    """A recurring job. ``spec`` is what is to be done each time."""

    name: str
    queue: str
    spec: Spec

    @property
    def key(self) -> str:
        """What an ``H`` in its expression is scattered by."""
        return f"{self.queue}/{self.name}"

    @property
    def instants(self) -> Instants:
        """Raises ValueError where its time zone is not known here, or its expression cannot be read."""
        return self.when.instants(self.key)

    def first_after(self, moment: float) -> int | None:
        """The first instant that counts and is later than this moment. Raises ValueError."""
        return self.when.first_after(moment, self.key)

    def job_id(self, instant: int) -> str:
        return f"{self.name}:{compact(instant)}"

    def due(self, instant: int) -> float:
        """When the job of an instant is due (epoch s): within the jitter, always the same for its id."""
        if not self.when.jitter:
            return float(instant)
        from hashlib import blake2b  # late: few schedules have it

        digest = blake2b(f"{self.queue}/{self.job_id(instant)}".encode(), digest_size=8).digest()
        return instant + self.when.jitter * int.from_bytes(digest, "big") / 2**64


class Plan(NamedTuple):
    """What a due tick asks for: the instants to run, oldest first; how many are missed, the first and the
    last of them; and the next instant."""

    run: tuple[int, ...]
    missed: int
    missed_first: int
    missed_last: int
    next: int | None


def plan(schedule: Schedule, due: int, now: float) -> Plan:
    """What to do at ``now`` with a tick that is due since the instant ``due``. Raises ValueError.

    ``due`` counts as an instant, whatever is known of time zones here: another host has found it.
    """
    instants = schedule.instants
    last_moment = min(now, schedule.when.until or inf)
    latest = max(due, instants.before(floor(last_moment) + 1) or due)
    run = _caught_up(schedule, due, latest, now)
    missed = 1 + instants.count(due, latest) - len(run)
    missed_last = max(due, instants.before(run[0]) or due) if run else latest
    return Plan(run, missed, due, missed_last, schedule.first_after(max(now, latest)))


def _caught_up(schedule: Schedule, due: int, latest: int, now: float) -> tuple[int, ...]:
    """Those of the due instants that are to run, oldest first."""
    most = int(schedule.catchup[4:]) if schedule.catchup.startswith("all:") else 1
    run = [latest]
    while len(run) < most and run[-1] > due:
        run.append(max(due, schedule.instants.before(run[-1]) or due))
    return tuple(instant for instant in reversed(run) if _counts(schedule, now - instant))


def _counts(schedule: Schedule, late: float) -> bool:
    if late <= ON_TIME:
        return True
    return schedule.catchup != "skip" and (not schedule.within or late <= schedule.within)


def is_far_ahead(last: float, now: float) -> bool:
    """Whether no last instant lies so far ahead, unless the clock was wrong or the period is long."""
    return last - now > _CLOCK_WAS_WRONG


def is_of_a_wrong_clock(schedule: Schedule, last: int, now: float) -> bool:
    """Whether its last instant lies so far ahead that the clock must have been wrong. Raises ValueError."""
    if not is_far_ahead(last, now):
        return False
    instants = schedule.instants
    first = instants.after(now)
    second = first and instants.after(first)
    return second is None or last - now > 2 * (second - (first or 0))


def make_schedule(
    name: str,
    queue: str,
    spec: Spec,
    when: Recurrence,
    *,
    overlap: str | None = None,
    catchup: str | None = None,
    within: float | None = None,
    pause_after: int | None = None,
    by: str = "",
) -> Schedule:
    """A checked schedule; None is not given. Raises Usage, BadSchedule for the schedule's own fields."""
    if spec.options.after:
        raise BadSchedule("after", "the jobs of a schedule cannot wait for other jobs", "leave after out")
    overlap, catchup = _overlap(overlap), _catchup(catchup)
    if catchup.startswith("all:") and overlap == "skip":
        raise BadSchedule(
            "catchup",
            f"catchup {catchup} runs jobs side by side, and overlap skip lets only one of them run",
            "add overlap all, or use catchup once",
        )
    return Schedule(
        name=check_schedule_name(name), queue=check_queue(queue), spec=spec, when=when,
        overlap=overlap, catchup=catchup,
        within=0.0 if within is None else seconds("within", within),
        pause_after=0 if pause_after is None else whole("pause_after", pause_after, 0, _MOST_FAILURES),
        by=by,
    )  # fmt: skip


def default_name(spec: Spec, queue: str, when: Recurrence) -> str:
    """The name of a schedule whose author gives none: the same work at the same times has the same one,
    however its JSON is spaced."""
    from hashlib import blake2b  # late: most schedules have a name

    payload = msgspec.json.format(bytes(spec.payload), indent=-1)
    parts = (spec.type.encode(), payload, queue.encode(), msgspec.json.encode(when))
    digest = blake2b(b"\0".join(parts), digest_size=4).hexdigest()
    return f"{spec.type.replace(':', '-')[: _LONGEST_NAME - len(digest) - 1]}-{digest}"


def check_schedule(schedule: Schedule) -> None:
    """What is stored may be damaged, or of a newer gopher: whether it could have been made here.

    Where its expression or time zone means nothing here, that is told by its instants. Raises Usage.
    """
    fields = msgspec.structs.asdict(schedule.when)
    try:
        when = make_recurrence(key=schedule.key, **{field: value for field, value in fields.items() if value})
    except BadSchedule as error:
        if error.field not in ("cron", "tz"):
            raise
        when = schedule.when
    make_schedule(
        schedule.name, schedule.queue, schedule.spec, when, overlap=schedule.overlap,
        catchup=schedule.catchup, within=schedule.within, pause_after=schedule.pause_after,
    )  # fmt: skip


def check_schedule_name(name: str) -> str:
    return check_name("the name", name, VALID_NAME, "1-64 of A-Z a-z 0-9 _ . -")


def _overlap(text: str | None) -> str:
    if text is None or text in ("skip", "all"):
        return text or "skip"
    if text in _LATER:
        raise BadSchedule("overlap", f"the overlap {text} comes with a later release", "use skip or all")
    raise BadSchedule("overlap", f"an overlap is skip or all, not {shown(text)}")


def _catchup(text: str | None) -> str:
    if text is None:
        return "once"
    match = _CATCHUP.fullmatch(text) if isinstance(text, str) else None
    if not match or (match[1] and not 1 <= int(match[1]) <= _MOST_CATCHUP):
        rule = f"once, skip or all:N with N from 1 to {_MOST_CATCHUP}"
        raise BadSchedule("catchup", f"a catchup is {rule}, not {shown(text)}")
    return text
