"""Settings of jobs: what holds for one that does not say otherwise."""

from __future__ import annotations

from dataclasses import dataclass

from gopher_cli.config import kinds
from gopher_cli.config.setting import setting

_ZONE = kinds.matching(r"[A-Za-z0-9_+\-]+(/[A-Za-z0-9_+\-]+)*", "a time zone, such as Europe/Berlin")


# fmt: off
@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class Jobs:
    """What holds for a job that does not say otherwise."""

    queue: str = setting(
        "default", kinds.named("queue"), "QUEUE_NAME",
        about="the queue where a submit names none",
    )
    dlq_name: str = setting(
        "", kinds.plain, "DLQ_NAME",
        about="accepted, and has no effect; the DLQ is the state `failed` of each queue",
    )
    max_retries: int = setting(
        3, kinds.whole(0, 1000),
        "WORKER_MAX_RETRIES", "MAX_RETRIES", "GOPHER_WORKER_MAX_RETRIES", flag="--retries",
        about="retries; how often a failed job runs again before it goes to the DLQ",
    )
    job_timeout: float = setting(
        300.0, kinds.duration(0.001), "JOB_TIMEOUT", flag="--timeout",
        about="duration; an attempt that takes longer is ended and counts as failed",
    )
    backoff: str = setting(
        "exp:5s", kinds.backoff,
        about="back-off between attempts: exp:5s (2^n * 5 s), poly:2 (n^2 s) or fixed:10s; add "
        ":nojitter for exact times",
    )
    result_retention: float = setting(
        86400.0, kinds.duration(),
        about="duration; how long a completed job and its result are kept; 0 keeps no result, and the "
        "job for a minute",
    )
    durability: str = setting(
        "memory", kinds.durability,
        about="what a submit waits for before a job counts as accepted: memory, fsync (it is on "
        "Redis's disk) or replica:N (so many replicas have it)",
    )
    schedule_timezone: str = setting(
        "UTC", _ZONE, "SCHEDULE_TIMEZONE",
        about="time zone such as Europe/Berlin; what the cron expression of a schedule means where it names "
        "none",
    )
    no_handler_after: float = setting(
        3600.0, kinds.duration(0.1),
        about="duration; a job of a type that no worker knows is left for others so long, then it goes "
        "to the DLQ",
    )
    max_losses: int = setting(
        3, kinds.whole(1, 100),
        about="workers; a job whose worker died this often is poison and goes to the DLQ",
    )
# fmt: on
