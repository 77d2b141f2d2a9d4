"""The options of gopher worker."""

from __future__ import annotations

from typing import Annotated

from gopher_cli.cli.shell.common_options import option

WHAT, MUCH, END, TELL = "What it serves", "How much", "When it ends", "How it speaks"

Queue = Annotated[
    list[str] | None,
    option(
        "--queue",
        "-Q",
        metavar="QUEUE[:WEIGHT]",
        panel=WHAT,
        help="such as mail:3,default:1 (repeat, or a,b)",
    ),
]
App = Annotated[
    list[str] | None,
    option("--app", metavar="MODULE[:OBJECT]", panel=WHAT, help="your handlers (repeat, or a,b)"),
]
Exec = Annotated[
    list[str] | None,
    option("--exec", metavar="TYPE=COMMAND", panel=WHAT, help="a program that runs a type of job (repeat)"),
]
Builtin = Annotated[
    str | None,
    option(
        "--builtin",
        metavar="[=all]",
        panel=WHAT,
        help="with --app or --exec: the built-in handlers too, or those named, such as email,math",
    ),
]
Concurrency = Annotated[
    str | None,
    option("--concurrency", "-c", metavar="N", panel=MUCH, help="jobs at once in each process (5)"),
]
Processes = Annotated[
    str | None, option("--processes", metavar="N", panel=MUCH, help="processes (1); more use more cores")
]
PriorityRatio = Annotated[
    str | None,
    option(
        "--priority-ratio",
        metavar="H:N:L",
        panel=MUCH,
        help="how often each class goes first (3:2:1), or strict",
    ),
]
PollInterval = Annotated[
    str | None,
    option(
        "--poll-interval",
        metavar="DURATION",
        panel=MUCH,
        help="an idle worker looks by itself that often (1s)",
    ),
]
Burst = Annotated[bool, option("--burst", panel=END, help="end when no job is left")]
MaxJobs = Annotated[
    str | None,
    option("--max-jobs", metavar="N", panel=END, help="a process makes way for a fresh one after N jobs"),
]
MaxRss = Annotated[
    str | None,
    option("--max-rss", metavar="SIZE", panel=END, help="or when it uses so much memory, such as 512MB"),
]
Grace = Annotated[
    str | None,
    option("--grace", metavar="DURATION", panel=END, help="time for running jobs at SIGTERM (30s)"),
]
LogLevel = Annotated[
    str | None, option("--log-level", metavar="LEVEL", panel=TELL, help="debug, info, warning or error")
]
LogFormat = Annotated[
    str | None, option("--log-format", metavar="FORMAT", panel=TELL, help="console or json")
]
Name = Annotated[
    str | None, option("--name", metavar="NAME", panel=TELL, help="what it is called in lists and logs")
]
