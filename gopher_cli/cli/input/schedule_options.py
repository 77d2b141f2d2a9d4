"""The options that say when a schedule is due, and what is to be done then."""

from __future__ import annotations

from typing import Annotated

import typer

from gopher_cli.cli.shell.common_options import option

RECURS, MISSED = "When it recurs", "When runs overlap or were missed"
_FROM_HELP = "such as 2030-01-31T08:00 (in the zone of --tz, or UTC)"

Schedule = Annotated[str, typer.Argument(metavar="SCHEDULE", help="its name", show_default=False)]
Schedules = Annotated[
    list[str], typer.Argument(metavar="SCHEDULE...", help="names of schedules", show_default=False)
]
OfQueue = Annotated[
    str | None,
    option("--queue", "-Q", metavar="QUEUE", help="of this queue, where several have one of that name"),
]
Cron = Annotated[
    str | None,
    option("--cron", metavar="EXPR", panel=RECURS, help="five fields such as '0 3 * * 1-5', or @daily"),
]
Every = Annotated[
    str | None, option("--every", metavar="DURATION", panel=RECURS, help="or an interval, such as 30s or 6h")
]
Zone = Annotated[
    str | None,
    option(
        "--tz",
        metavar="ZONE",
        panel=RECURS,
        help="of --cron, such as Europe/Berlin (default: the setting SCHEDULE_TIMEZONE)",
    ),
]
Name = Annotated[
    str | None,
    option(
        "--name",
        metavar="NAME",
        panel=RECURS,
        help="of the schedule (default: made of what it does and when)",
    ),
]
Offset = Annotated[
    str | None,
    option("--offset", metavar="DURATION", panel=RECURS, help="of --every: so much behind its multiples"),
]
From = Annotated[
    str | None,
    option("--from", metavar="TIME", panel=RECURS, help=f"no run before that, {_FROM_HELP}"),
]
Until = Annotated[str | None, option("--until", metavar="TIME", panel=RECURS, help="and no run after that")]
Times = Annotated[str | None, option("--times", metavar="N", panel=RECURS, help="no more than N runs")]
Jitter = Annotated[
    str | None,
    option("--jitter", metavar="DURATION", panel=RECURS, help="each run begins up to so much later"),
]
Overlap = Annotated[
    str | None,
    option(
        "--overlap",
        metavar="HOW",
        panel=MISSED,
        help="skip (default: no run while the one before is unfinished), or all",
    ),
]
Catchup = Annotated[
    str | None,
    option(
        "--catchup",
        metavar="HOW",
        panel=MISSED,
        help="of missed runs once (default: the latest), skip, or all:N (needs --overlap all)",
    ),
]
Within = Annotated[
    str | None,
    option("--within", metavar="DURATION", panel=MISSED, help="make up for nothing older than that"),
]
PauseAfter = Annotated[
    str | None,
    option("--pause-after", metavar="N", panel=MISSED, help="pause it when its last N runs are dead"),
]
