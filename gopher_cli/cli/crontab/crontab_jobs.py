"""What the entries of a crontab become: schedules, and the programs with which a worker runs them.

Nobody who may submit can name a command so: it stands in the settings of the worker, as every program does.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gopher_cli.model.schedule.crontab import CrontabEntry
from gopher_cli.model.text.safe import HOSTILE

# What cron itself hears; a command has no use for it.
_OF_CRON = ("SHELL", "MAILTO", "MAILFROM", "CONTENT_TYPE", "CONTENT_TRANSFER_ENCODING", "RANDOM_DELAY")
_DECODED = "python3 -c 'import json,sys; sys.stdout.write(json.load(sys.stdin))'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurring:
    """One entry: the type of its jobs, and the command that runs them, as ``--exec`` takes it."""

    entry: CrontabEntry
    type: str
    program: str

    name: str

    @property
    def payload(self) -> bytes:
        """The input of the command, where it has some: a JSON text."""
        return json.dumps(self.entry.input, ensure_ascii=False).encode() if self.entry.input else b"{}"

    def options(self) -> dict[str, Any]:
        """When it is due, by the names of `make_recurrence`."""
        return {"cron": self.entry.cron, "tz": self.entry.zone}


def recurring(entries: Sequence[CrontabEntry], prefix: str = "") -> list[Recurring]:
    """Entries with the same command have the same type. No type of ours begins with ``cron-``: a worker
    that brings its own handlers takes none of these jobs. ``prefix`` is of names and of types."""
    types: dict[str, str] = {}
    return [
        Recurring(
            entry=entry,
            type=types.setdefault(program, f"cron-{prefix}{entry.name}"),
            program=program,
            name=prefix + entry.name,
        )
        for entry in entries
        for program in (program_of(entry),)
    ]


def program_of(entry: CrontabEntry) -> str:
    """The command in the place where cron runs it: its shell, its variables, the home directory, and its own
    input or none, not the payload of a job."""
    shell = entry.environment.get("SHELL") or "sh"
    steps = [
        f"export {name}={shlex.quote(value)}"
        for name, value in entry.environment.items()
        if name not in _OF_CRON
    ]
    alone = f"{shlex.quote(shell)} -c {shlex.quote(entry.command)}"
    if entry.input:
        steps += ["cd", f"{_DECODED} | {alone}"]
    else:
        steps += ["exec </dev/null", "cd", entry.command if _is_posix(shell) else f"exec {alone}"]
    return f"{shlex.quote(shell) if _is_posix(shell) else 'sh'} -c {shlex.quote('; '.join(steps))}"


def _is_posix(shell: str) -> bool:
    """Whether it understands what stands in front of the command."""
    return shell.rpartition("/")[2] in ("sh", "bash", "dash", "ash", "ksh", "zsh")


def exec_table(jobs: Sequence[Recurring]) -> Iterator[str]:
    """The lines of gopher.toml with which a worker runs them."""
    yield "[exec]"
    for type, program in {job.type: job.program for job in jobs}.items():
        key = type if re.fullmatch(r"[A-Za-z0-9_-]+", type) else _toml(type)
        yield f"{key} = {_toml(program)}"


def _toml(text: str) -> str:
    """A string of JSON is one of TOML, too, but for what a terminal must not see: that is escaped."""
    return HOSTILE.sub(lambda match: f"\\U{ord(match[0]):08x}", json.dumps(text, ensure_ascii=False))
