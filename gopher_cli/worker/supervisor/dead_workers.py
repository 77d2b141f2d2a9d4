"""Which silent workers are dead: Redis's clock may jump, so ours must agree."""

from __future__ import annotations

from collections.abc import Mapping

_STRIKE = 20.0  # seconds; a living worker speaks every second


class DeadWorkers:
    """Two strikes: dead is who has not spoken between two looks that are far enough apart."""

    def __init__(self) -> None:
        self._since: dict[tuple[str, int], float] = {}

    def dead(self, silent: Mapping[str, int], now: float) -> list[str]:
        """``silent`` says by worker when it was last heard; ``now`` is our own clock, in seconds."""
        self._since = {beat: self._since.get(beat, now) for beat in silent.items()}
        return [worker for (worker, _), since in self._since.items() if now - since >= _STRIKE]
