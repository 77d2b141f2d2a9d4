"""gopher worker: its options; the daemon itself stands in worker/."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gopher_cli.cli.input import worker_options as c
from gopher_cli.cli.input.filters import whole
from gopher_cli.cli.shell.command import command
from gopher_cli.cli.shell.redis_console import RedisConsole
from gopher_cli.model.errors import Usage
from gopher_cli.model.job.ids import VALID_NAME
from gopher_cli.model.job.value_checks import check_name

if TYPE_CHECKING:
    from gopher_cli.config import Settings
    from gopher_cli.worker.options import WorkerOptions


@command
def worker(
    console: RedisConsole,
    queue: c.Queue = None,
    app: c.App = None,
    exec: c.Exec = None,
    builtin: c.Builtin = None,
    concurrency: c.Concurrency = None,
    processes: c.Processes = None,
    priority_ratio: c.PriorityRatio = None,
    poll_interval: c.PollInterval = None,
    burst: c.Burst = False,
    max_jobs: c.MaxJobs = None,
    max_rss: c.MaxRss = None,
    grace: c.Grace = None,
    log_level: c.LogLevel = None,
    log_format: c.LogFormat = None,
    name: c.Name = None,
) -> int:
    """Run jobs until SIGTERM or Ctrl-C, which lets running jobs finish.

    gopher worker --concurrency 8
    gopher worker -Q mail:3,default:1 --app shop.jobs:app
    gopher worker --exec 'resize=./resize.sh' --burst
    """
    settings = console.settings(
        warn=False, worker_queues=",".join(queue) if queue else None,
        app=",".join(app) if app else None, builtin=builtin,
        worker_concurrency=concurrency, worker_processes=processes, worker_priority_ratio=priority_ratio,
        worker_poll_interval=poll_interval,
        worker_shutdown_timeout=grace, log_level=log_level, log_format=log_format,
    )  # fmt: skip
    options = make_options(
        settings, programs=exec or [], burst=burst, name=name or "",
        max_jobs=whole("--max-jobs", max_jobs, least=1), max_rss_mb=megabytes(max_rss),
    )  # fmt: skip
    from gopher_cli.worker.supervisor.supervisor import run_worker

    _warn_of_production(settings)
    return run_worker(settings, options)


def _warn_of_production(settings: Settings) -> None:
    """Into the log, in its form: who watches a worker reads that."""
    import logging

    from gopher_cli.embedded.server import production_warning
    from gopher_cli.worker import logs

    if warning := production_warning(settings):
        logs.set_up(settings.log_level, settings.log_format)
        logs.say(warning, logging.WARNING)


def make_options(
    settings: Settings, *, programs: list[str], burst: bool, name: str, max_jobs: int, max_rss_mb: int
) -> WorkerOptions:
    """What the settings say, and what only flags can. Raises Usage."""
    from gopher_cli.load_handlers import parse_program
    from gopher_cli.worker.options import WorkerOptions, parse_queues

    if name:
        check_name("--name", name, VALID_NAME, "1-64 of A-Z a-z 0-9 _ . -")
    given = dict(map(parse_program, programs))
    if len(given) < len(programs):
        raise Usage("--exec names one type twice", "a type has one program")
    return WorkerOptions(
        queues=parse_queues(settings.worker_queues or settings.queue),
        concurrency=settings.worker_concurrency,
        processes=settings.worker_processes,
        app=settings.app,
        builtin=settings.builtin,
        # A program named on the command line stands for one of the same type in the settings.
        programs=tuple({**dict(settings.exec), **given}.items()),
        burst=burst,
        max_jobs=max_jobs,
        max_rss_mb=max_rss_mb,
        grace=settings.worker_shutdown_timeout,
        priority_ratio=settings.worker_priority_ratio,
        poll_interval=settings.worker_poll_interval,
        name=name,
        log_level=settings.log_level,
        log_format=settings.log_format,
    )


def megabytes(text: str | None) -> int:
    """``512MB``, ``2GB``, or a bare number of megabytes; 0 is no limit. Raises Usage."""
    if text is None:
        return 0
    match = re.fullmatch(r"([0-9]{1,7})\s*(m|mb|mib|g|gb|gib)?", text.strip().lower())
    if not match or not int(match[1]):
        raise Usage(f"--max-rss {text!r} is not a size: write 512MB or 2GB")
    return int(match[1]) * (1024 if (match[2] or "m").startswith("g") else 1)
