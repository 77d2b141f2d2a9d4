"""What operators do to jobs: a row per action, from which all doors take states, words, labels and audit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from gopher_cli.model.errors import Usage
from gopher_cli.model.job.job import FINAL, JobState
from gopher_cli.model.select.filter import Filter


class Result(StrEnum):
    """What became of a job that an action was for, as scripts and the API write it.

    ``why`` says it in a sentence about the job, ``of_many`` behind a number of jobs.
    """

    why: str
    exit_code: int
    of_many: str

    def __new__(cls, word: str, why: str = "", exit_code: int = 0, of_many: str = "") -> Result:
        result = str.__new__(cls, word)
        result._value_, result.why, result.exit_code = word, why, exit_code
        result.of_many = of_many or f"left as it is: {word}"
        return result

    ENQUEUED = "enqueued"
    CANCELLED = "cancelled"
    REQUESTED = "requested", "it runs; its worker will stop it", 0, "asked to stop"
    DELETED = "deleted"
    RESCHEDULED = "rescheduled"
    AGAIN = "again", "it is so already", 0, "done already"
    GONE = "gone", "no such job", 3, "gone"
    LOCKED = "locked", "another job holds its unique key", 5, "held back by a unique key"
    TAKEN = "taken", "another job in that queue has its id", 5
    AWAITED = "awaited", "other jobs wait for it: retry it where it is", 5
    UNREADABLE = "unreadable", "what is stored of it cannot be read", 65, "unreadable"
    POISON = "poison", "poison, workers died of it", 2
    AMBIGUOUS = "ambiguous", "several queues have a job of its id", 5
    FORBIDDEN = "forbidden", "its state forbids it", 5


class Answer(msgspec.Struct, frozen=True):
    """The answer for one job: ``state`` is the one that forbids it, ``due_ms`` when it is due now."""

    result: Result
    state: JobState | None = None
    due_ms: int = 0

    @property
    def word(self) -> str:
        """On the wire: the result, or the state that forbids it."""
        return self.state or self.result

    @property
    def why(self) -> str:
        if self.state is None:
            return self.result.why
        return "it is running" if self.state is JobState.PROCESSING else f"it is {self.state}"

    @property
    def of_many(self) -> str:
        return f"left as it is: {self.state}" if self.state else self.result.of_many


_OF_ANY = frozenset(result for result in Result if result.why and result != "forbidden")
_STATES = frozenset(JobState)
GONE = Answer(Result.GONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One that changes jobs, and all that is known of it.

    ``name`` is its word in paths and forms. ``verb`` does it to jobs of a queue by their ids. ``states`` are
    those that it is for where a filter names none, and ``also`` others of a job by itself. A job that it has
    changed has its ``result``, is ``done``, and was so before ``again``; ``meaning`` is what that is for
    several. ``audit`` is its name in the audit, ``audit_all`` where a filter says which jobs it was for.
    ``reruns``: the jobs run, and may come to it again meanwhile.
    """

    name: str
    label: str
    verb: str
    states: tuple[JobState, ...]
    also: tuple[JobState, ...] = ()
    result: Result
    done: str
    again: str = Result.AGAIN.why
    meaning: str = ""
    audit: str
    audit_all: str = ""
    reruns: bool = False
    destructive: bool = False

    @property
    def success(self) -> Answer:
        return Answer(self.result)

    def read(self, word: str) -> Answer:
        """What a script or the API says of a job."""
        if word == self.result or word in _OF_ANY:
            return Answer(Result(word))
        return Answer(Result.FORBIDDEN, JobState(word) if word in _STATES else None)

    def sentence(self, done: Answer) -> str:
        """What became of a job, or why it was left."""
        if done.result is self.result:
            return self.done
        return self.again if done.result is Result.AGAIN else done.why

    def changed(self, done: Mapping[str, Answer]) -> list[str]:
        """The ids of the jobs that it has changed."""
        return [id for id, answer in done.items() if answer.result is self.result]

    def allows(self, state: str) -> bool:
        return state in self.states or state in self.also

    def meant(self, filter: Filter, target: str = "") -> Filter:
        """The same filter with its states, of which there is one at least: lists of it show the same jobs.

        ``target`` is the queue that retried jobs move to, which dead ones alone can. Raises Usage.
        """
        if target and set(filter.states) - {JobState.FAILED}:
            raise Usage("only dead jobs move to another queue", "leave the states out, or say failed")
        states = filter.states_of((JobState.FAILED,) if target else self.states)
        if not states:
            raise Usage(
                f"a group has dead jobs only, and there is nothing to {self.label.lower()} in it",
                "name the states to mean others with such an error",
            )
        return msgspec.structs.replace(filter, states=states)


_WAITING = (JobState.SCHEDULED, JobState.RETRYING)
RETRY = Action(
    name="retry", label="Retry", verb="retry", states=(JobState.RETRYING, JobState.FAILED),
    also=(JobState.CANCELLED,), result=Result.ENQUEUED, done="retried", again="it waits in line already",
    meaning="They run again now, with all their attempts.", audit="requeue", reruns=True,
)  # fmt: skip
RUN_NOW = Action(
    name="promote", label="Run now", verb="run_now", states=_WAITING, result=Result.ENQUEUED,
    done="brought forward", again="it waits in line already",
    meaning="They do not wait for their moment any longer.", audit="promote", reruns=True,
)  # fmt: skip
CANCEL = Action(
    name="cancel", label="Cancel", verb="cancel",
    states=tuple(state for state in JobState if state not in FINAL),
    result=Result.CANCELLED, done="cancelled", again="cancelled already", meaning="They will not run.",
    audit="cancel",
)  # fmt: skip
DELETE = Action(
    name="purge", label="Delete", verb="delete",
    states=tuple(state for state in JobState if state is not JobState.PROCESSING),
    result=Result.DELETED, done="deleted", meaning="They are gone for good.", audit="delete",
    audit_all="purge", destructive=True,
)  # fmt: skip
RESCHEDULE = Action(
    name="reschedule", label="Reschedule", verb="reschedule", states=_WAITING, result=Result.RESCHEDULED,
    done="rescheduled", audit="reschedule",
)  # fmt: skip

# Those that need nothing but the jobs, in the order of their buttons.
PLAIN = {action.name: action for action in (RETRY, RUN_NOW, CANCEL, DELETE)}


def plain_action(name: str) -> Action:
    """Raises Usage."""
    if name not in PLAIN:
        raise Usage(f"{name[:20]!r} is not something to do", f"actions: {', '.join(PLAIN)}")
    return PLAIN[name]
