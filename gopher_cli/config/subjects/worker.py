"""Settings of the worker: what it runs, how much at once, within which limits."""

from __future__ import annotations

from dataclasses import dataclass

from gopher_cli.config import kinds
from gopher_cli.config.setting import setting

_NAME = kinds.NAME
_RATIO = kinds.matching(
    r"strict|[0-9]{1,4}:[0-9]{1,4}:[0-9]{1,4}", "high:normal:low, such as 3:2:1, or strict"
)
_QUEUES = kinds.matching(
    rf"{_NAME}(:[0-9]{{1,4}})?(,{_NAME}(:[0-9]{{1,4}})?)*",
    "queues with weights, such as mail:3,default:1",
)
_ONE_APP = r"\s*[\w.]+(:[\w.]+)?\s*"
_APP = kinds.matching(rf"{_ONE_APP}(,{_ONE_APP})*", "modules or module:object, such as shop.jobs:app")
_BUILTIN = kinds.matching(rf"{_NAME}(\s*,\s*{_NAME})*", "all, or names such as email,math")


# fmt: off
@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class Worker:
    """What a worker runs, how much at once, within which limits."""

    app: str = setting(
        "", _APP, join=",",
        about="module:object that holds your handlers, or the module alone; several with commas",
    )
    builtin: str = setting(
        "", _BUILTIN, join=",",
        about="built-in handlers to serve beside an app or programs: all, or names such as email,math; empty "
        "serves all of them where there is no app and no program, and none where there is one",
    )
    exec: tuple[tuple[str, str], ...] = setting(
        (), kinds.commands, join="\n",
        about="lines of type=command; executables that run jobs (in gopher.toml a table [exec])",
    )
    worker_concurrency: int = setting(
        5, kinds.whole(1, 10000), "WORKER_CONCURRENCY", flag="--concurrency",
        about="jobs; how many one worker process runs at once",
    )
    worker_processes: int = setting(
        1, kinds.whole(1, 1024), "WORKER_PROCESSES", flag="--processes",
        about="processes of one worker; more than one uses more cores",
    )
    worker_queues: str = setting(
        "", _QUEUES, "WORKER_QUEUES", flag="--queue", join=",",
        about="queues to serve with their weights, such as mail:3,default:1; empty serves the "
        "queue above",
    )
    worker_priority_ratio: str = setting(
        "3:2:1", _RATIO, "WORKER_PRIORITY_RATIO", flag="--priority-ratio", join=":",
        about="high:normal:low; how often each class is asked first; strict empties the higher "
        "class first",
    )
    worker_poll_interval: float = setting(
        1.0, kinds.duration(0.01), "WORKER_POLL_INTERVAL", flag="--poll-interval",
        about="duration; an idle worker is woken at once, and looks by itself this often",
    )
    worker_shutdown_timeout: float = setting(
        30.0, kinds.duration(), "WORKER_SHUTDOWN_TIMEOUT", flag="--grace",
        about="duration; the grace of running jobs at SIGTERM, then they go back to the queue",
    )
    job_memory: int = setting(
        0, kinds.megabytes,
        about="size such as 512MB; address space of each process of a program or an isolated handler; "
        "0 is no limit",
    )
    job_processes: int = setting(
        1000, kinds.whole(0, 1000000),
        about="processes; a program or an isolated handler that has more of them at once is killed; "
        "0 is no limit",
    )
    job_files: int = setting(
        1024, kinds.whole(0, 1000000),
        about="files; how many each process of a program or an isolated handler may have open; 0 is no limit",
    )
    job_redis: str = setting(
        "auto", kinds.yes_or_no("auto"),
        about="yes, no or auto; whether programs are told where Redis is, for a gopher of their own; auto "
        "tells an address without a password",
    )
    lease: float = setting(
        15.0, kinds.duration(1),
        about="duration; how long a silent worker keeps a job, renewed at each heartbeat",
    )
    heartbeat: float = setting(
        5.0, kinds.duration(0.1),
        about="duration; how often a worker renews its leases, at most half a lease",
    )
# fmt: on
