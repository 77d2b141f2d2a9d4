"""What an action on many jobs did."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gopher_cli.model.select.actions import Action, Answer

# Hears how many are done by now.
Tell = Callable[[int], None]


def no_progress(changed: int) -> None:
    """For those who do not listen."""


def words_of(left: Mapping[Answer, int]) -> dict[str, int]:
    """As it is written on the wire."""
    return {done.word: count for done, count in left.items()}


@dataclass(slots=True)
class Bulk:
    """What an action on many did: how many jobs it changed, and how many it had to leave, by reason.

    With a ``cursor`` there may be more to do, in ``retry_after`` seconds.
    """

    changed: int = 0
    left: dict[Answer, int] = field(default_factory=dict)
    cursor: str = ""
    retry_after: float = 0.0

    def add(self, action: Action, counts: Mapping[Answer, int]) -> None:
        """So many jobs came to each answer."""
        for done, count in counts.items():
            if done.result is action.result:
                self.changed += count
            elif count:
                self.left[done] = self.left.get(done, 0) + count

    @property
    def seen(self) -> int:
        return self.changed + sum(self.left.values())
