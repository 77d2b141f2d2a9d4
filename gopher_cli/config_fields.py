"""The list of settings: names, kinds, defaults, units and reasons. Everything else is made from it.

Each setting answers to GOPHER_<NAME> and to the variables that stand beside its kind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gopher_cli import config_kinds as kinds
from gopher_cli.store.url import mask

_HOME = Path("~/.local/share/gopher")
_OUTBOX = Path("outbox")  # below home
_NAME = r"[A-Za-z0-9_.-]{1,64}"
_PREFIX = kinds.matching(
    r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", "a prefix: letters, digits and _ . -, at most 64"
)
_RATIO = kinds.matching(
    r"strict|[0-9]{1,4}:[0-9]{1,4}:[0-9]{1,4}", "high:normal:low, such as 3:2:1, or strict"
)
_QUEUES = kinds.matching(
    rf"{_NAME}(:[0-9]{{1,4}})?(,{_NAME}(:[0-9]{{1,4}})?)*",
    "queues with weights, such as mail:3,default:1",
)
_APP = kinds.matching(r"[\w.]+:[\w.]+", "module:object, such as shop.jobs:app")
_WORD = kinds.matching(r"[A-Za-z0-9_.-]{1,40}", "a word such as development or production")
_HOST = kinds.matching(r"[A-Za-z0-9_.:\[\]-]{1,253}", "a name or address of a host")
_PATH = kinds.matching(r"(/[A-Za-z0-9_.~-]{1,64}){1,8}", "a path such as /gopher, without a slash at its end")
_API = kinds.matching(
    r"https?://[^\s/?#@]+(/[^\s?#]*)?", "the address of a server, such as https://gopher.example.com"
)
_EMAIL = kinds.matching(r"[^\x00-\x1f\x7f]*[^\s@]+@[^\s@]+", "an e-mail address")
_LEVEL = kinds.choice(
    debug="debug", trace="debug", info="info", warning="warning", warn="warning", error="error",
    critical="error", fatal="error",
)  # fmt: skip
_PRIVATE = kinds.choice(
    yes="yes", true="yes", on="yes", no="no", false="no", off="no", auto="auto", **{"1": "yes", "0": "no"}
)
_FORMAT = kinds.choice(console="console", text="console", json="json")


def _named(what: str) -> kinds.Kind:
    return kinds.matching(_NAME, f"the name of a {what}: letters, digits and _ . -, at most 64")


def stars(text: str) -> str:
    return "***" if text else ""


def setting(
    default: object, kind: kinds.Kind, *variables: str,
    about: str, flag: str = "", show: Callable[[str], str] | None = None,
) -> Any:  # fmt: skip
    """``about`` names the unit and the reason; ``show`` makes a secret printable."""
    more = {"kind": kind, "about": about, "variables": variables, "flag": flag, "show": show}
    return field(default=default, metadata=more, repr=show is None)


# fmt: off
@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """Everything that can be chosen from outside, as values. Durations are in seconds."""

    # Redis
    redis_url: str = setting(
        "", kinds.url, "REDIS_URL", "REDIS_ADDR", show=mask,
        about="where Redis is: redis:// rediss:// unix:// embedded://NAME or "
        "host:port; empty starts a server of its own",
    )
    redis_username: str = setting(
        "", kinds.plain, "REDIS_USERNAME",
        about="user of Redis, where the URL names none",
    )
    redis_password: str = setting(
        "", kinds.plain, "REDIS_PASSWORD", show=stars,
        about="password of Redis, where the URL has none; better in a file named by "
        "REDIS_PASSWORD_FILE",
    )
    redis_db: int = setting(
        0, kinds.whole(0, 99999), "REDIS_DB",
        about="number of the database, where the URL names none",
    )
    redis_timeout: float = setting(
        5.0, kinds.duration(0.001), "REDIS_TIMEOUT",
        about="duration; how long to wait for an answer before Redis counts as away",
    )
    namespace: str = setting(
        "gopher", _PREFIX,
        about="prefix of every key, so that several installations share one Redis",
    )
    home: Path = setting(  # noqa: RUF009
        _HOME, kinds.path,
        about="directory; data of the embedded server and the outbox ($XDG_DATA_HOME/gopher where "
        "that is set)",
    )

    # Jobs
    queue: str = setting(
        "default", _named("queue"), "QUEUE_NAME",
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
    no_handler_after: float = setting(
        3600.0, kinds.duration(0.1),
        about="duration; a job of a type that no worker knows is left for others so long, then it goes "
        "to the DLQ",
    )
    max_losses: int = setting(
        3, kinds.whole(1, 100),
        about="workers; a job whose worker died this often is poison and goes to the DLQ",
    )

    # Worker
    app: str = setting(
        "", _APP,
        about="module:object that holds your handlers",
    )
    exec: tuple[tuple[str, str], ...] = setting(
        (), kinds.commands,
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
        "", _QUEUES, "WORKER_QUEUES", flag="--queue",
        about="queues to serve with their weights, such as mail:3,default:1; empty serves the "
        "queue above",
    )
    worker_priority_ratio: str = setting(
        "3:2:1", _RATIO, "WORKER_PRIORITY_RATIO", flag="--priority-ratio",
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
    accept_eviction: str = setting(
        "no", _PRIVATE, "ACCEPT_EVICTION",
        about="yes or no; use a Redis that may throw jobs away when its memory is full",
    )
    lease: float = setting(
        15.0, kinds.duration(1),
        about="duration; how long a silent worker keeps a job, renewed at each heartbeat",
    )
    heartbeat: float = setting(
        5.0, kinds.duration(0.1),
        about="duration; how often a worker renews its leases, at most half a lease",
    )

    # HTTP server
    server_host: str = setting(
        "localhost", _HOST,
        "SERVER_HOST", flag="--host",
        about="address to listen on; anything but this machine needs an API key",
    )
    server_port: int = setting(
        8080, kinds.whole(0, 65535), "SERVER_PORT", "API_PORT", flag="--port",
        about="port of the HTTP server; 0 takes a free one",
    )
    server_root_path: str = setting(
        "", _PATH, "SERVER_ROOT_PATH",
        about="path, such as /gopher; under which a proxy shows this server, where it is not the root",
    )
    server_read_timeout: float = setting(
        10.0, kinds.duration(0.01), "SERVER_READ_TIMEOUT",
        about="duration; a client must have sent the body of its request by then",
    )
    server_write_timeout: float = setting(
        10.0, kinds.duration(0.01), "SERVER_WRITE_TIMEOUT",
        about="duration; a client must have the whole answer so long after its request",
    )
    server_batch_limit: int = setting(
        16, kinds.megabytes, "SERVER_BATCH_LIMIT",
        about="size, or MB; how long a request that submits many jobs may be",
    )
    server_drain: float = setting(
        0.0, kinds.duration(), "SERVER_DRAIN",
        about="duration; after SIGTERM it still serves for so long, while /readyz says that it is leaving",
    )
    server_event_clients: int = setting(
        200, kinds.whole(0, 100000), "SERVER_EVENT_CLIENTS",
        about="clients; how many may watch /api/v1/events at once",
    )
    api_key: str = setting(
        "", kinds.plain, "API_KEY", show=stars, flag="--key",
        about="key that HTTP clients must send, and that the command line sends with --api; better in a "
        "file named by API_KEY_FILE",
    )
    api_url: str = setting(
        "", _API, flag="--api",
        about="address of a gopher serve, such as https://gopher.example.com; commands then work through its "
        "API, and not on Redis",
    )

    # Built-in handlers
    smtp_url: str = setting(
        "", kinds.smtp, "SMTP_URL", show=mask,
        about="mail server, such as smtp://user:password@host:587; empty writes mails into the "
        "outbox",
    )
    mail_from: str = setting(
        "gopher@localhost", _EMAIL,
        "MAIL_FROM",
        about="sender of mails that name none",
    )
    outbox: Path = setting(  # noqa: RUF009
        _OUTBOX, kinds.path,
        about="directory for mails while there is no mail server (default: outbox in the home "
        "directory above)",
    )

    webhook_allow_private: str = setting(
        "auto", _PRIVATE, "WEBHOOK_ALLOW_PRIVATE",
        about="yes, no or auto; whether webhooks and downloads may reach private and loopback "
        "addresses; auto allows it except in production",
    )
    handler_paths: tuple[Path, ...] = setting(
        (), kinds.paths, "HANDLER_PATHS",
        about="directories, separated by colons; built-in handlers read and write files only there; "
        "empty allows every path that the worker can reach",
    )

    # Environment and logs
    app_env: str = setting(
        "development", _WORD,
        "APP_ENV",
        about="development or production; production warns where no Redis is configured",
    )
    log_level: str = setting(
        "info", _LEVEL, "LOG_LEVEL",
        about="debug, info, warning or error",
    )
    log_format: str = setting(
        "console", _FORMAT, "LOG_FORMAT",
        about="console for people, json for machines",
    )
    profile: str = setting(
        "", _named("profile"),
        about="table [profiles.NAME] of gopher.toml that counts",
    )
# fmt: on
