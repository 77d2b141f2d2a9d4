"""gopher help: the page of a command, or of what belongs to all of them."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gopher_cli.cli.shell.command import command
from gopher_cli.cli.shell.console import Console
from gopher_cli.cli.shell.entries import TOPICS
from gopher_cli.model.errors import Usage

Words = Annotated[
    list[str] | None,
    typer.Argument(metavar="[COMMAND | TOPIC]...", help=f"or one of {', '.join(TOPICS)}", show_default=False),
]


@command
def help(console: Console, words: Words = None) -> None:
    """Show the help page of a command, or of a topic.

    gopher help submit
    gopher help queue pause
    gopher help exit-codes
    """
    given = words or []
    if len(given) == 1 and given[0] in TOPICS:
        console.out.write(topic(given[0]))
        return
    _check(given)
    from gopher_cli.cli.shell.entries import root

    root().main([*given, "--help"], prog_name="gopher", standalone_mode=False)


def _check(words: list[str]) -> None:
    """Raises Usage for what is neither a command nor a topic."""
    from gopher_cli.cli.shell.entries import ENTRIES, load
    from gopher_cli.cli.shell.suggestions import command_hint

    entries: dict[str, Any] = ENTRIES
    path = "gopher"
    for word in words:
        if word not in entries:
            known = [*entries, *TOPICS] if path == "gopher" else list(entries)
            hint = command_hint(path, word, known, "gopher help")
            hint = hint or f"topics: {', '.join(TOPICS)}; commands: {path} --help"
            raise Usage(f"there is no help on {' '.join(words)!r}", hint)
        path, entries = f"{path} {word}", getattr(load(word, entries[word]), "entries", {})


def topic(name: str) -> str:
    """The page of a topic."""
    if name == "environment":
        return _environment()
    return {"exit-codes": EXIT_CODES, "formatting": FORMATTING, "cron": CRON}[name]


EXIT_CODES = """\
Exit codes

    0  done
    1  failed, or the answer to a question was no
    2  usage: an option or a value makes no sense, or --yes is missing
    3  not found: no such job, queue, schedule or file
    5  conflict: the job is in a state that does not allow it
   65  bad data: a payload or a stored record cannot be read
   69  Redis or the API does not answer
   75  refused for now: try again later
   77  denied: a wrong key or password, or a right is missing
   78  bad setting
  124  --wait-timeout has passed
  130  interrupted (Ctrl-C)
  141  the reader of the pipe has gone
  143  stopped by SIGTERM

A command for several jobs goes on behind one that fails, and ends with the worst code. An error is
one line on stderr, with what to do next on a second one; with -o json it is a line of JSON.
"""

FORMATTING = """\
Formatting

stdout is data, stderr is talk. -o (--output, or GOPHER_OUTPUT) chooses the format:

  table   for people: shortened to the width of the terminal, times as "3m ago" (default at a terminal)
  plain   a line for each row, separated by tabs, nothing cut, times in RFC 3339 (default in a pipe)
  json    one document; short form --json
  ndjson  a document for each row
  csv     with a header, quoted as spreadsheets read it
  id      ids only; short form -q (--quiet), which is also silent on stderr

  --no-header  leaves the line of names out of plain and csv
  --limit N    at most N rows; at a terminal a list has 50 rows unless you say so, elsewhere all
  --color      auto, always or never; NO_COLOR and FORCE_COLOR count too

  gopher jobs ls -q --state failed | xargs -r gopher retry
  gopher jobs ls -o ndjson | jq -r 'select(.attempts > 2) | .job_id'
  gopher stats -o json | jq .queues
"""

CRON = """\
Cron

An expression has five fields, and means times in the zone of --tz (or the setting SCHEDULE_TIMEZONE):

  minute        0-59
  hour          0-23
  day of month  1-31, L the last one
  month         1-12, JAN-DEC
  day of week   0-7 (0 and 7 are Sunday), SUN-SAT; MON#2 the second Monday, L5 the last Friday

Each is *, a value, a range 9-17, a step */15 or 9-17/2, or a list of these. Day of month and day of week
both restricted mean either of them. H is a value of the schedule's own, so that not all run at once.
@hourly @daily @weekly @monthly @yearly are known. Seconds are not taken: give an interval, --every 30s.

Where clocks change, the hour field decides. Fixed hours run once a day: a time that does not exist at the
end of its gap, one that comes twice the first time. Hours with a star follow elapsed time. See it:

  gopher schedule next --cron '30 2 * * *' --tz Europe/Berlin --from 2026-03-28
  gopher schedule set nightly -t report --cron '30 2 * * *' --tz Europe/Berlin
  crontab -l | gopher schedule import -
"""

_ENVIRONMENT = """\
Environment

Every setting has a variable. What counts: option, environment, .env, gopher.toml (or $GOPHER_CONFIG),
~/.config/gopher/config.toml, default. A secret may stand in a file: NAME_FILE=/run/secrets/name.
What counts here and now, and why: gopher config show

"""
_OWN = (
    ("GOPHER_OUTPUT", "the output format where no -o says it"),
    ("GOPHER_ASSUME_YES", "yes answers all questions, as --yes does"),
    ("GOPHER_DEBUG", "yes shows the traceback of an error"),
    ("GOPHER_CONFIG", "the file that is read instead of ./gopher.toml"),
    ("NO_COLOR, FORCE_COLOR, COLUMNS", "colours, and the width of tables"),
)


def _environment() -> str:
    from gopher_cli.config.setting_list import names, rows

    known = [
        (", ".join((*name.variables[1:], name.variables[0])), row.metadata["about"])
        for row, name in zip(rows(), names(), strict=True)
    ]
    lines = [f"  {name}\n      {about}" for name, about in (*known, *_OWN)]
    return _ENVIRONMENT + "\n".join(lines) + "\n"
