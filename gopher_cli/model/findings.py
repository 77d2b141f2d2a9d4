"""What `gopher doctor` may find: how bad it is, what it means, and what is to be done."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the diagnosis. ``mends``: `gopher doctor --fix` does what ``fix`` says.

    ``count`` is that of the jobs, or of what is named in ``examples``; ``whole``: these are all.
    """

    section: str
    name: str
    severity: Severity
    meaning: str
    queue: str = ""
    count: int = 0
    examples: tuple[str, ...] = ()
    fix: str = ""
    mends: bool = False
    whole: bool = False

    @property
    def is_trouble(self) -> bool:
        return self.severity in (Severity.WARNING, Severity.CRITICAL)


@dataclass(frozen=True, slots=True)
class Trouble:
    """A kind of damage to the data. ``fix`` is what --fix does, or a command where ``mends`` is false."""

    severity: Severity
    meaning: str
    fix: str
    mends: bool = True


MISSING = "jobs that are missing"
_CRITICAL, _WARNING = Severity.CRITICAL, Severity.WARNING

TROUBLES = {
    "keys of a foreign type": Trouble(
        _CRITICAL, "something else stands under a key of ours: the queue cannot be used",
        "redis-cli RENAME KEY elsewhere", mends=False,
    ),
    "keys that gopher does not know": Trouble(
        _WARNING, "somebody else writes below our prefix, or a newer gopher does",
        "redis-cli RENAME KEY elsewhere, or choose another GOPHER_NAMESPACE", mends=False,
    ),
    "queues that are not listed": Trouble(
        _CRITICAL, "nobody looks for jobs there: the queue is missing from the list of queues", "lists them"
    ),
    "jobs in two places": Trouble(
        _CRITICAL, "a job could run twice, or be counted twice", "keeps the place that its record tells of"
    ),
    "jobs in no place": Trouble(
        _CRITICAL, "accepted, known, and nobody would ever run them",
        "puts them where their record says; in doubt into the dead letter queue",
    ),
    "jobs without a record": Trouble(
        _CRITICAL, "an id stands in line, and nothing is known of its attempts",
        "ended ones get a new record, others go to the dead letter queue",
    ),
    "records that cannot be read": Trouble(
        _CRITICAL, "the record of a job is damaged",
        "ended ones get a new record, others go to the dead letter queue with the bytes",
    ),
    "jobs without a spec": Trouble(
        _CRITICAL, "what was to be done is gone", "ended ones stay, others go to the dead letter queue"
    ),
    "specs that cannot be read": Trouble(
        _WARNING, "what is to be done is damaged", "puts the jobs into the dead letter queue as they are"
    ),
    "running without a token": Trouble(
        _CRITICAL, "nobody may settle this attempt", "puts them back in line"
    ),
    "running, and nobody holds them": Trouble(
        _WARNING, "no worker would renew their lease",
        "gives them back to their worker if it lives, else puts them back in line",
    ),
    "tokens of attempts that do not run": Trouble(
        _CRITICAL, "a worker could settle a job that it does not hold", "takes the token's right away"
    ),
    "records that contradict their place": Trouble(
        _WARNING, "the record tells another end or another time than the place",
        "the record follows the place",
    ),
    "jobs in the wrong line": Trouble(
        _WARNING, "they would be served before or after their turn", "puts them where their priority says"
    ),
    "live jobs without their lock": Trouble(
        _WARNING, "a second job with their unique key would be accepted", "locks the key again"
    ),
    "unique keys held twice": Trouble(
        _CRITICAL, "two live jobs have the same unique key", "gopher cancel ID", mends=False
    ),
    "due, and not promoted": Trouble(
        _WARNING, "their time came more than half a minute ago: no worker looks after the queue",
        "puts them in line; start a worker: gopher worker",
    ),
    "leases that ended long ago": Trouble(
        _WARNING, "their worker vanished, and no other takes the jobs back",
        "start a worker: gopher worker", mends=False,
    ),
    "blocked, and nobody frees them": Trouble(
        _WARNING, "a job that they wait for is gone", "gopher retry ID runs them anyway", mends=False
    ),
    "completed, and still waited for": Trouble(
        _CRITICAL, "what waits for them would stay blocked for ever", "frees what waits for them"
    ),
    "leftovers of jobs": Trouble(
        _WARNING, "results, logs or requests of jobs that are gone or have moved on", "deletes them"
    ),
    "locks without a live job": Trouble(
        _WARNING, "harmless (such a lock keeps nobody out), but it would stay for ever", "deletes them"
    ),
    "lock ends without a lock": Trouble(_WARNING, "the end of a lock that is not there", "deletes them"),
    "left by workers that are gone": Trouble(
        _WARNING, "lists of jobs in the hands of workers that nobody knows", "deletes what does not run"
    ),
    "follow-ups that wait": Trouble(
        _WARNING, "accepted, and no worker carries them to their queue", "carries them there"
    ),
    "follow-ups that wait for jobs of other queues": Trouble(
        Severity.NOTE, "they come into their queues when those have completed", "see: gopher jobs ls",
        mends=False,
    ),
    "follow-ups that cannot be read": Trouble(
        _CRITICAL, "an accepted follow-up is damaged",
        "puts them into the dead letter queue; the bytes are kept",
    ),
    MISSING: Trouble(
        _CRITICAL, "accepted and counted, and nowhere: somebody has deleted data by hand, or Redis lost it",
        "no repair brings them back; gopher doctor --fix writes down how many, and counts from there",
        mends=False,
    ),
    "jobs that nobody counted": Trouble(
        _WARNING, "more jobs are there than were accepted", "counts them as enqueued"
    ),
    "schedules that cannot be read": Trouble(
        _WARNING, "their definition or time zone is not known here: other hosts may know it",
        "gopher schedule show NAME says what is wrong; set it again", mends=False,
    ),
    "ticks that nobody makes": Trouble(
        _CRITICAL, "they are overdue: no worker of the queue lives, and no server",
        "start a worker: gopher worker; missed ones follow their catchup", mends=False,
    ),
    "schedules without a tick": Trouble(
        _CRITICAL, "their next instant is lost: they would never run again", "lets them count from now on"
    ),
    "ticks without a schedule": Trouble(_WARNING, "left by schedules that are gone", "deletes them"),
    "counters that cannot be read": Trouble(
        _WARNING, "a counter is damaged", "begins it anew, and lets the counters agree with the jobs"
    ),
}  # fmt: skip
