"""`gopher up`: worker and HTTP server as one foreground process tree."""

from __future__ import annotations

from typing import Annotated, Any

from gopher_cli.cli.commands.serve import Host, LogFormat, LogLevel, Port
from gopher_cli.cli.shell.command import command
from gopher_cli.cli.shell.common_options import option
from gopher_cli.cli.shell.redis_console import RedisConsole

Concurrency = Annotated[
    str | None, option("--concurrency", "-c", metavar="N", help="so many jobs at once (5)")
]
Processes = Annotated[
    str | None, option("--processes", metavar="N", help="so many processes of the worker (1)")
]
Served = Annotated[str | None, option("--queue", "-Q", metavar="QUEUES", help="such as mail:3,default:1")]
App = Annotated[
    list[str] | None,
    option("--app", metavar="MODULE[:OBJECT]", help="your handlers, such as shop.jobs:app (repeat)"),
]
Exec = Annotated[
    list[str] | None,
    option("--exec", metavar="TYPE=COMMAND", help="a program that runs a type (repeat)"),
]
Builtin = Annotated[
    str | None,
    option(
        "--builtin",
        metavar="[=all]",
        help="with --app or --exec: the built-in handlers too, or those named",
    ),
]


@command
def up(
    console: RedisConsole,
    host: Host = None,
    port: Port = None,
    concurrency: Concurrency = None,
    processes: Processes = None,
    queue: Served = None,
    app: App = None,
    exec: Exec = None,
    builtin: Builtin = None,
    log_format: LogFormat = None,
    log_level: LogLevel = None,
) -> int:
    """Worker and HTTP server together, until Ctrl-C or SIGTERM.

      gopher up --port 8080 --concurrency 8

    Both stop gracefully. When one of them dies the other is stopped too, and the exit code is
    that of the first.
    """
    flags: dict[str, Any] = {
        "server_host": host, "server_port": port, "worker_concurrency": concurrency,
        "worker_processes": processes, "worker_queues": queue,
        "app": ",".join(app) if app else None, "builtin": builtin,
        "exec": "\n".join(exec or ()) or None, "log_format": log_format, "log_level": log_level,
    }  # fmt: skip
    settings = console.settings(warn=False, **flags)  # serve and worker warn, each in its log
    import asyncio

    from gopher_cli.cli.shell.process_group import ProcessGroup
    from gopher_cli.connect import address_of
    from gopher_cli.process_setup import LATE
    from gopher_cli.web.auth.bind_policy import permitted

    # What cannot work is said here, once and before anything runs.
    permitted(settings)
    address_of(settings)
    tree = ProcessGroup(
        grace=settings.worker_shutdown_timeout + LATE + 5, plain=settings.log_format == "json"
    )
    return asyncio.run(tree.run(["serve", "worker"], console.flags | flags, console.color))
