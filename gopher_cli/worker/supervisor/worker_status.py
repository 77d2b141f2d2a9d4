"""What a worker says of itself, once a second."""

from __future__ import annotations

import os
import platform
import time

from gopher_cli.version import __version__
from gopher_cli.worker.logs import say
from gopher_cli.worker.supervisor.crew import Crew


def status_of(crew: Crew) -> dict[str, object]:
    """As the fleet sees it; see WorkerInfo. A runner that has grown too large makes way."""
    rss, cpu = _measure(crew)
    runners, state, options = crew.runners, crew.state, crew.options
    return {
        "host": platform.node(),
        "pid": os.getpid(),
        "name": options.name,
        "version": __version__,
        "state": "stopping" if crew.stopping.is_set() else "quiet" if state.quiet else "running",
        "started": round(state.started * 1000),
        "queues": crew.queues,
        "types": sorted(runners[0].types) if runners else [],
        "schedules": [schedule.name for schedule in runners[0].schedules] if runners else [],
        "slots": options.concurrency * options.processes,
        "busy": sum(runner.busy for runner in runners),
        "processes": state.made,
        "rss_bytes": rss,
        "cpu_percent": round(cpu, 1),
        "completed": state.completed + sum(runner.completed for runner in runners),
        "failed": state.failed + sum(runner.failed for runner in runners),
        "youngest": min((runner.youngest for runner in runners if runner.busy), default=0.0),
        "stuck": [job for runner in runners for job in runner.stuck][:20],
        "current": [job for runner in runners for job in runner.current][:20],
    }


def _measure(crew: Crew) -> tuple[int, float]:
    """Resident bytes and CPU of all runners."""
    now, total, cpu = time.monotonic(), 0, 0.0
    limit = crew.options.max_rss_mb * 1024 * 1024
    for runner in crew.runners:
        rss, share = runner.usage(now)
        total, cpu = total + rss, cpu + share
        if limit and rss > limit and not runner.stopping:
            say("a runner process has grown too large: it makes way", runner=runner.id, mb=rss >> 20)
            runner.make_way(crew.options.grace)
    return total, cpu
