"""Deeds on many jobs (cancel, retry, promote, purge): which jobs each is for, and what it came to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec

from gopher_cli.model.errors import Usage
from gopher_cli.model.job.job import JobState
from gopher_cli.model.select.filter import Filter

# Which states each deed is for, where the filter names none.
STATES: dict[str, tuple[str, ...]] = {
    "cancel": ("enqueued", "scheduled", "blocked", "retrying", "processing"),
    "retry": ("retrying", "failed"),
    "promote": ("scheduled", "retrying"),
    "purge": tuple(str(state) for state in JobState if state != "processing"),
}

# The word for a job that each deed has changed.
DONE = {"cancel": "cancelled", "retry": "enqueued", "promote": "enqueued", "purge": "deleted"}

# Hears how many are done by now.
Tell = Callable[[int], None]


def no_progress(changed: int) -> None:
    """For those who do not listen."""


class Rescheduled(dict[str, str]):
    """What became of each id; ``due_ms`` is when those that were moved are due, epoch ms (0: not told)."""

    def __init__(self, words: Mapping[str, str], due_ms: int) -> None:
        super().__init__(words)
        self.due_ms = due_ms


@dataclass(slots=True)
class Bulk:
    """What a deed on many did: how many jobs it changed, and those that it had to leave, by reason."""

    changed: int = 0
    left: dict[str, int] = field(default_factory=dict)

    def add(self, words: Mapping[str, int], changed: str) -> None:
        """So many jobs came to each word; ``changed`` is the one for those that it has changed."""
        for word, count in words.items():
            if word == changed:
                self.changed += count
            elif count:
                self.left[word] = self.left.get(word, 0) + count

    @property
    def seen(self) -> int:
        return self.changed + sum(self.left.values())


def meant(deed: str, wanted: Filter, target: str = "") -> Filter:
    """The same filter with its states, of which there is one at least: lists of it show the same jobs.

    ``target`` is the queue that retried jobs move to, which dead ones alone can. Raises Usage.
    """
    if deed not in STATES:
        raise Usage(f"no deed {deed[:20]!r}", f"deeds: {', '.join(STATES)}")
    if target and set(wanted.states) - {"failed"}:
        raise Usage("only dead jobs move to another queue", "leave the states out, or say failed")
    states = wanted.states_of(("failed",) if target else STATES[deed])
    if not states:
        raise Usage(
            f"a group has dead jobs only, and there is nothing to {deed} in it",
            "name the states to mean others with such an error",
        )
    return msgspec.structs.replace(wanted, states=states)
