"""The queue at one instant, as the demo draws it."""

from __future__ import annotations

from dataclasses import dataclass, field

OPEN = ("enqueued", "scheduled", "blocked", "processing", "retrying")


@dataclass(frozen=True, slots=True)
class Picture:
    """The queue at one instant; ``running`` is (id, progress or None, message)."""

    total: int = 0
    states: dict[str, int] = field(default_factory=dict)
    running: list[tuple[str, float | None, str]] = field(default_factory=list)
    completions: int = 0

    @property
    def done(self) -> int:
        return self.states.get("completed", 0)

    @property
    def open(self) -> int:
        return sum(self.states.get(state, 0) for state in OPEN)
