"""Crontabs, read into entries: when, in which time zone, which command with which input. Pure.

The rules are those of Vixie's cron and its children: see crontab(5). Nothing is run, expanded or looked up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from gopher_cli.model.schedule.command_name import unique_names
from gopher_cli.model.schedule.cron import parse_cron
from gopher_cli.model.schedule.cron_fields import FIELDS
from gopher_cli.model.schedule.zone import parse_zone

_LONGEST = 131_072  # characters of a line, as cronie has it
_MOST_BYTES, _MOST_LINES = 1_048_576, 10_000
_LONGEST_SHOWN = 80

_VARIABLE = re.compile(r"""(?:"([^"]*)"|'([^']*)'|([^\s="']+))[ \t]*=[ \t]*(.*)""", re.DOTALL)
_QUOTED = re.compile(r"""(["'])((?:(?!\1).)*)\1""", re.DOTALL)
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*\$?")
_BLANKS = " \t"


class CrontabEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A line that runs something: its number, and ``cron``, which is five fields or ``@daily`` and so on.

    ``command`` is for the shell; ``input`` for its standard input, or empty. ``user`` is empty where the
    file has no column of users. ``environment`` is what lines above it have set, SHELL, PATH and MAILTO
    included. ``name`` is valid for a schedule, and unique in the file.
    """

    number: int
    cron: str
    zone: str
    command: str
    input: str
    user: str
    environment: Mapping[str, str]
    name: str


class Variable(msgspec.Struct, frozen=True, kw_only=True):
    """A line that sets something for the lines below it. ``note`` says where we differ from cron."""

    number: int
    name: str
    value: str
    note: str = ""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A line that cannot be taken: its number, its text (cut), and why."""

    number: int
    text: str
    why: str


class Crontab(msgspec.Struct, frozen=True, kw_only=True):
    """All lines of a file but comments and blank ones, each in one of these, in their order."""

    entries: tuple[CrontabEntry, ...]
    variables: tuple[Variable, ...]
    problems: tuple[Problem, ...]

    @property
    def names_users(self) -> bool:
        """Whether it looks like /etc/crontab, but was read without a column of users."""
        return any(not entry.user and entry.command.split()[0] == "root" for entry in self.entries)


def parse_crontab(data: bytes | str, *, zone: str = "UTC", users: bool = False) -> Crontab:
    """``zone`` counts until a line sets another one; ``users``: a user stands before each command.

    Raises ValueError for more than 1 MB or 10 000 lines, and for an unknown ``zone``; lines that cannot be
    taken are in the answer.
    """
    raw = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
    lines = raw.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    if len(raw) > _MOST_BYTES or len(lines) > _MOST_LINES:
        raise ValueError(f"a crontab has at most 1 MB and {_MOST_LINES} lines")
    reader = _Reader(parse_zone(zone).key, users)
    for number, line in enumerate(lines, 1):
        reader.read(number, line.strip(b" \t\r"))
    return reader.crontab()


class _Reader:
    """What has been read so far, and what it says of the lines to come."""

    def __init__(self, zone: str, users: bool) -> None:
        self.zone, self.users = zone, users
        self.zone_of_cron = False  # CRON_TZ has been set: TZ is of commands alone
        self.unknown_zone = ""
        self.environment: dict[str, str] = {}
        self.entries: list[CrontabEntry] = []
        self.variables: list[Variable] = []
        self.problems: list[Problem] = []

    def crontab(self) -> Crontab:
        entries, replace = self.entries, msgspec.structs.replace
        names = unique_names([entry.command for entry in entries], [entry.number for entry in entries])
        return Crontab(
            entries=tuple(replace(entry, name=name) for entry, name in zip(entries, names, strict=True)),
            variables=tuple(self.variables),
            problems=tuple(self.problems),
        )

    def read(self, number: int, raw: bytes) -> None:
        if not raw or raw.startswith(b"#"):
            return
        try:
            line = _decode(raw)
            if match := _VARIABLE.fullmatch(line):
                self.set_variable(number, match)
            else:
                self.entries.append(self.entry(number, line))
        except ValueError as error:
            self.problems.append(Problem(number=number, text=_cut(raw), why=str(error)))

    def set_variable(self, number: int, match: re.Match[str]) -> None:
        name = next(filter(None, match.groups()[:3]), "")
        if not _VARIABLE_NAME.fullmatch(name):
            raise ValueError(f"{_cut_text(name)!r} is not the name of a variable")
        value = _unquoted(match[4])
        note = _NOTES.get(name, "") if value else ""
        if name in ("CRON_TZ", "TZ"):
            note = self.set_zone(name, value)
        if name != "CRON_TZ":
            self.environment[name] = value
        self.variables.append(Variable(number=number, name=name, value=value, note=note))

    def set_zone(self, name: str, value: str) -> str:
        """Raises ValueError where nobody can say when the lines below would run."""
        if name == "TZ" and self.zone_of_cron:
            return ""
        try:
            self.zone, self.unknown_zone = parse_zone(value.removeprefix(":")).key, ""
        except ValueError:
            if name == "TZ":
                return f"not a time zone here: times stay those of {self.zone}"
            self.zone_of_cron, self.unknown_zone = True, value
            raise
        self.zone_of_cron = name == "CRON_TZ"
        return (
            ""
            if self.zone_of_cron
            else "a time zone of its times, too: some crons take it for commands alone"
        )

    def entry(self, number: int, line: str) -> CrontabEntry:
        cron, rest = _split(line, 1 if line.startswith("@") else len(FIELDS))
        cron = cron.removeprefix("-")  # of SUSE: not to be logged
        if cron.lower() == "@reboot":
            raise ValueError("@reboot is not a time: start it with the machine, as a service")
        if self.unknown_zone:
            raise ValueError(f"its time zone {_cut_text(self.unknown_zone)!r}, set above, is not known here")
        parse_cron(cron, self.zone)
        user = ""
        if self.users:
            user, rest = _split(rest, 1)
            if not _USER.fullmatch(user):
                raise ValueError(f"{_cut_text(user)!r} is not a user: is there a column of users?")
        command, input = _split_input(rest)
        if not command.strip():
            raise ValueError("there is no command")
        return CrontabEntry(
            number=number, cron=cron, zone=self.zone, command=command.strip(_BLANKS), input=input, user=user,
            environment=dict(self.environment), name="",
        )  # fmt: skip


_NOTES = {
    "MAILTO": "no mail is sent: the output of a job is in its log",
    "MAILFROM": "no mail is sent: the output of a job is in its log",
    "RANDOM_DELAY": "not taken: give the schedule a jitter",
}


def _decode(raw: bytes) -> str:
    """Raises ValueError for what no shell gets from cron unharmed."""
    if len(raw) > _LONGEST:
        raise ValueError(f"a line has at most {_LONGEST} bytes")
    try:
        line = raw.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start + 1} is not UTF-8: save the file as UTF-8") from None
    if "\0" in line:
        raise ValueError("it has a NUL byte")
    return line


def _unquoted(value: str) -> str:
    if not value.startswith(("'", '"')):
        return value
    if not (quoted := _QUOTED.fullmatch(value)):
        raise ValueError("its value does not end where its quotes do")
    return quoted[2]


def _cut(raw: bytes) -> str:
    return _cut_text(raw[: 4 * _LONGEST_SHOWN + 4].decode("utf-8", "backslashreplace"))


def _cut_text(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "..."


def _split(line: str, words: int) -> tuple[str, str]:
    """So many words of a line, one space between them, and its rest."""
    parts = re.split(f"[{_BLANKS}]+", line, maxsplit=words)
    return " ".join(parts[:words]), parts[words] if len(parts) > words else ""


def _split_input(text: str) -> tuple[str, str]:
    r"""A command up to its first ``%``, and its input, of which each ``%`` ends a line. ``\%`` is a ``%``."""
    end = next(_percents(text), len(text))
    command = text[:end].replace("\\%", "%")
    if not text[end + 1 :]:
        return command, ""
    input = re.sub(r"(\\?)%", lambda match: "%" if match[1] else "\n", text[end + 1 :])
    return command, input if input.endswith("\n") else input + "\n"


def _percents(text: str) -> Iterator[int]:
    """Where those are that no backslash stands before; two backslashes are no escape of what follows."""
    return (match.start(1) for match in re.finditer(r"\\.|(%)", text, re.DOTALL) if match[1])
