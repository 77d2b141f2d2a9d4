"""What one worker is to do: plain values, so that they can be sent to its processes."""

from __future__ import annotations

import msgspec

from gopher_cli.model.errors import Usage
from gopher_cli.model.job.value_checks import check_queue


class WorkerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Times in seconds. ``queues`` are (name, weight); ``programs`` are (type, command).

    ``app`` and ``builtin`` are names with commas between them, as ``load_registry`` takes them.
    """

    queues: tuple[tuple[str, int], ...] = (("default", 1),)
    concurrency: int = 5
    processes: int = 1
    app: str = ""
    builtin: str = ""
    programs: tuple[tuple[str, str], ...] = ()
    burst: bool = False
    max_jobs: int = 0
    max_rss_mb: int = 0
    grace: float = 30.0
    priority_ratio: str = "3:2:1"
    poll_interval: float = 1.0
    name: str = ""
    log_level: str = "info"
    log_format: str = "console"


def parse_queues(text: str) -> tuple[tuple[str, int], ...]:
    """``mail:3,default`` as names and weights. Raises Usage."""
    weights: dict[str, int] = {}
    for part in (part.strip() for part in text.split(",")):
        name, colon, weight = part.partition(":")
        if colon and not (weight.isdecimal() and 1 <= int(weight) <= 1000):
            raise Usage(
                f"{part!r}: the weight of a queue is from 1 to 1000",
                "for example: -Q mail:3,default:1",
            )
        weights[check_queue(name)] = int(weight or 1)
    return tuple(weights.items())
