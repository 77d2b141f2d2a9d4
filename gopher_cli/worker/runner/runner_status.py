"""What a runner tells of itself."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from gopher_cli.worker.execution.attempt import Run
from gopher_cli.worker.runner.watchdog import about

_MOST = 10


def state_of(
    running: Sequence[Run], stuck: dict[int, Run], counts: Mapping[str, int], *, leaving: bool
) -> dict[str, Any]:
    """How many run, what has ended how often, the oldest that run, and those that cannot be stopped."""
    now = time.monotonic()
    oldest = sorted(running, key=lambda run: run.started)[:_MOST]
    return {
        "busy": len(running),
        "counts": counts,
        "youngest": round(now - max((run.started for run in running), default=now), 3),
        "current": [about(run, now) for run in oldest],
        "stuck": [about(run, now) for run in stuck.copy().values()],
        "leaving": leaving,
    }
