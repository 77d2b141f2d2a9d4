"""Events: what has happened to jobs and queues, as the streams of the queues tell it."""

from __future__ import annotations

import re

import msgspec

from gopher_cli.model.errors import Usage

PAUSED, RESUMED, MISSED, GONE = "paused", "resumed", "missed", "gone"
# Of a queue, not of jobs. `missed`: something may have happened there that nobody has heard of.
OF_QUEUES = (PAUSED, RESUMED, MISSED)
# Of schedules, by name: what ran is told of the job.
OF_SCHEDULES = ("schedule_skipped", "schedule_missed", "schedule_paused", "schedule_resumed")

_ID = re.compile(r"([0-9]{1,15})-([0-9]{1,12})-([A-Za-z0-9_.-]{1,64})")


class EventId(msgspec.Struct, frozen=True, order=True):
    """``<ms>-<sequence>-<queue>``: when it happened, and where."""

    ms: int
    sequence: int
    queue: str

    def __str__(self) -> str:
        return f"{self.ms}-{self.sequence}-{self.queue}"


def read_event_id(text: str) -> EventId:
    """Raises Usage for what is no id of an event."""
    match = _ID.fullmatch(text)
    if not match:
        raise Usage(f"{text[:80]!r} is not an id of an event", "it looks like 1767225600000-0-default")
    return EventId(int(match[1]), int(match[2]), match[3])


class JobEvent(msgspec.Struct, frozen=True):
    """Jobs of a queue that came to a state in one instant; of a queue that was paused or resumed, none.

    What happens to a schedule has its name in place of the id of a job.

    ``types`` names those whose type is known: of a job that is gone nobody knows it any more.
    """

    id: EventId
    state: str
    job_ids: tuple[str, ...] = ()
    types: dict[str, str] = {}

    @property
    def queue(self) -> str:
        return self.id.queue

    @property
    def at_ms(self) -> int:
        return self.id.ms


class EventFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody who watches wants to hear of; an empty set is everything."""

    queues: frozenset[str] = frozenset()
    jobs: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()

    def has(self, event: JobEvent) -> bool:
        if self.queues and event.queue not in self.queues:
            return False
        if event.state == MISSED:  # whatever was missed may have been wanted
            return True
        if event.state in (*OF_QUEUES, *OF_SCHEDULES) and (self.jobs or self.types):
            return False
        return not self.states or event.state in self.states

    def ids(self, event: JobEvent) -> list[str]:
        """Those of the event's jobs that are meant."""
        ids = [id for id in event.job_ids if not self.jobs or id in self.jobs]
        return [id for id in ids if not self.types or event.types.get(id) in self.types]
