"""Standard streams as others leave them: closed, unreadable, and in another encoding than UTF-8."""

from __future__ import annotations

import codecs
import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.running import CLEAN, Cli
from cli.world import end, fail, start
from gopher_cli.cli.shell.common_options import FORMATS
from gopher_cli.model.job.outcome import Succeeded

Program = Callable[..., Any]
NAME = "für 😀 łódź"
BOX = "▁▂▃▄▅▆▇█░▒▓▚╳■●▰▱━─│…→✓✗"


@pytest.fixture(scope="session")
def latin(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables of a process in a locale of ISO-8859-1, made here: few systems bring one."""
    if not shutil.which("localedef"):
        warnings.warn("there is no localedef: the encoding alone is set", stacklevel=1)
        return {"PYTHONIOENCODING": "iso-8859-1"}
    path = tmp_path_factory.mktemp("locales")
    made = path / "en_US.ISO-8859-1"
    subprocess.run(["localedef", "-i", "en_US", "-f", "ISO-8859-1", str(made)], check=True)
    return {"LOCPATH": str(path), "LC_ALL": made.name, "LANG": made.name}


# Many commands in one process, each with a stdout of its own in the encoding of the locale.
RUN_ALL = """
import json, sys
from gopher_cli.cli.shell.run import run
for number, args in enumerate(json.load(open("commands"))):
    with open(f"out{number}", "w") as sys.stdout:
        assert run(args) == 0, args
"""


@pytest.fixture
def said(environment: dict[str, str], tmp_path: Path) -> Callable[..., list[bytes]]:
    """What the program writes to stdout for each command; all must end well."""

    def run(commands: list[list[str]], env: dict[str, str], stdin: bytes = b"") -> list[bytes]:
        (tmp_path / "commands").write_text(json.dumps(commands))
        program = [sys.executable, "-c", RUN_ALL]
        around = {**{k: v for k, v in os.environ.items() if k not in CLEAN}, **environment, **env}
        done = subprocess.run(program, cwd=tmp_path, env=around, input=stdin, capture_output=True)
        assert done.returncode == 0, done.stderr
        return [(tmp_path / f"out{number}").read_bytes() for number in range(len(commands))]

    return run


@pytest.fixture
def jobs(cli: Cli) -> str:
    """A completed job with a log of its history, and a dead one; the id of the first."""
    id = cli.id("-t", "x", f"name={NAME}", "--tag", "łódź")
    (lease,) = start(cli)
    end(cli, lease, Succeeded({"name": NAME}))
    fail(cli, f"name={NAME}", error=f"{NAME} is away")
    return id


def test_every_format_is_valid_in_a_locale_of_latin_1(
    said: Callable[..., list[bytes]], latin: dict[str, str], jobs: str
) -> None:
    commands = [
        ["inspect", jobs],
        ["jobs", "ls"],
        ["list-failed"],
        ["stats"],
        ["queue", "ls"],
        ["config", "show"],
    ]
    every = [[*command, "-o", format] for command in commands for format in FORMATS]
    found = dict(zip(map(tuple, every), said(every, latin), strict=True))
    json_only = [command for command in every if command[-1] == "json"]
    here = dict(zip(map(tuple, json_only), said(json_only, {"PYTHONUTF8": "1"}), strict=True))

    for command, out in found.items():
        text = out.decode("latin-1")
        match command[-1]:
            case "json":
                assert out.isascii() and _still(text) == _still(here[command].decode())
            case "ndjson":
                assert out.isascii() and all(map(json.loads, text.splitlines()))
            case "csv":
                rows = list(csv.reader(io.StringIO(text)))
                assert len(rows) > 1 and len({len(row) for row in rows}) == 1
            case "table":
                assert "\\u2" not in text and not set(BOX) & set(text), command
            case _:
                assert "\\u25" not in text


def _still(text: str) -> Any:
    """Without what moves on."""
    return re.sub(r'"(now|at|age|origin)": ?[^,}]*|[0-9.e-]+', "", json.dumps(json.loads(text)))


def test_help_and_a_batch_in_latin_1(said: Callable[..., list[bytes]], latin: dict[str, str]) -> None:
    lines = json.dumps({"type": "x", "id": "a"}).encode() + b"\n"
    shown, told = said([["--help"], ["submit", "--batch", "-", "-o", "json"]], latin, lines)

    assert "\\u" not in shown.decode("latin-1")
    (row,) = json.loads(told)
    assert (row["line"], row["status"], row["job_id"]) == (1, "submitted", "a")


def test_a_batch_tells_of_its_lines_in_csv_with_a_header(cli: Cli) -> None:
    args = ("submit", "--batch", "-", "-o", "csv")
    lines = '{"type":"x","id":"a"}\n'

    assert cli(*args, stdin=lines).out == "line,status,job_id,error\n1,submitted,a,-\n"
    assert cli(*args, "--no-header", stdin=lines).out == "1,exists,a,-\n"


def test_names_and_values_are_csv_of_two_columns(cli: Cli, jobs: str) -> None:
    for command in (["stats"], ["inspect", jobs, jobs], ["config", "path"], ["embedded", "status"]):
        ran = cli(*command, "-o", "csv")
        rows = list(csv.reader(io.StringIO(ran.out)))

        assert rows[0] == ["name", "value"]
        assert {len(row) for row in rows} == {2}
    assert cli("stats", "-o", "csv", "--no-header").lines[0].startswith("at,")
    (minutes,) = [row[1] for row in csv.reader(cli("stats", "-o", "csv").lines) if row[0] == "per_minute"]
    assert len(minutes.split(",")) == 60


@pytest.mark.parametrize("closed", ["<&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["submit", "-t", "x", "-p", "-"], 65), (["submit", "--batch", "-"], 0), (["jobs", "ls"], 0),
        (["purge", "--state", "failed"], 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_closed_streams_are_as_empty_ones(
    environment: dict[str, str], tmp_path: Path, closed: str, command: list[str], code: int
) -> None:
    line = f'exec "$@" {closed}'
    args = ["sh", "-c", line, "sh", sys.executable, "-m", "gopher_cli", *command]
    done = subprocess.run(args, input=b"", capture_output=True, env={**os.environ, **environment}, timeout=60)

    assert done.returncode == code, done.stderr
    assert b"bug in gopher" not in done.stderr


@pytest.mark.parametrize("args", [["-p", "-"], ["--batch", "-"]], ids=" ".join)
def test_a_stdin_that_cannot_be_read_is_told(program: Program, args: list[str], tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as stdin:
        process = program("submit", "-t", "x", *args, stdin=stdin, stderr=subprocess.PIPE)
        _, err = process.communicate(timeout=60)

    assert process.returncode == 2
    assert b"cannot read stdin" in err


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (["-p", "@file"], b'{"name":"Ann"}'), (["-p", "-"], b'{"name":"Ann"}'), (["name=@file"], b"Ann"),
        (["name:=@file"], b'"Ann"'), (["--batch", "file"], b'{"payload":{"name":"Ann"}}\n'),
        (["--batch", "-"], b'{"payload":{"name":"Ann"}}'), (["-p", '\ufeff{"name":"Ann"}'], b""),
        (["--batch", "-", "--lines", "csv"], b"name\r\nAnn\r\n"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_a_byte_order_mark_in_front_of_what_is_submitted_is_passed_over(
    cli: Cli, tmp_path: Path, args: list[str], text: bytes
) -> None:
    raw = codecs.BOM_UTF8 + text
    (tmp_path / "file").write_bytes(raw)
    ran = cli("submit", "-t", "x", "-q", *args, stdin=raw)

    assert (ran.code, ran.err) == (0, "")
    assert json.loads(cli("inspect", ran.out.strip(), "--json").out)["payload"] == {"name": "Ann"}


def test_files_of_a_batch_that_were_put_together_have_marks_between_their_lines(cli: Cli) -> None:
    raw = (codecs.BOM_UTF8 + b'{"type":"x"}\r\n') * 3 + codecs.BOM_UTF8

    assert cli("submit", "--batch", "-", "-o", "csv", stdin=raw).out.count("submitted") == 3


@pytest.mark.parametrize("word", ["no", "false", "OFF", "0", ""])
def test_a_word_for_no_is_no_in_every_variable(cli: Cli, jobs: str, word: str) -> None:
    cli.env |= {"GOPHER_ASSUME_YES": word, "GOPHER_DEBUG": word, "FORCE_COLOR": word, "CLICOLOR_FORCE": word}

    assert cli("purge", "--state", "failed").code == 2
    assert "Traceback" not in cli("inspect", "nobody").err
    assert "\x1b[" not in cli("jobs", "ls", "-o", "table").out


@pytest.mark.parametrize("word", ["yes", "True", "on", "1"])
def test_a_word_for_yes_is_yes_in_every_variable(cli: Cli, jobs: str, word: str) -> None:
    cli.env |= {"GOPHER_ASSUME_YES": word, "GOPHER_DEBUG": word, "FORCE_COLOR": word}

    assert "Traceback" in cli("inspect", "nobody").err
    assert "\x1b[" in cli("jobs", "ls", "-o", "table").out
    assert cli("purge", "--state", "failed").code == 0


@pytest.mark.parametrize("name", ["GOPHER_ASSUME_YES", "GOPHER_DEBUG"])
def test_another_word_is_an_error_by_the_name_of_the_variable(cli: Cli, jobs: str, name: str) -> None:
    cli.env |= {name: "maybe"}
    ran = cli("purge", "--state", "failed")

    assert ran.code == 78
    assert f"{name} has a wrong value 'maybe': it takes one of yes, no" in ran.err


def test_a_wrong_format_of_the_environment_is_named_as_it_was_set(cli: Cli) -> None:
    cli.env |= {"GOPHER_OUTPUT": "xml"}

    assert "GOPHER_OUTPUT is table, plain" in cli("stats").err


@pytest.mark.parametrize(
    "command", [["stats", "-Q", ","], ["jobs", "ls", "-s", " , "], ["doctor", "-Q", ",,"]]
)
def test_a_list_of_commas_is_not_a_list_of_all(cli: Cli, command: list[str]) -> None:
    ran = cli(*command)

    assert ran.code == 2
    assert "names nothing" in ran.err or "is empty" in ran.err


def test_a_watch_is_no_csv_and_says_so(cli: Cli) -> None:
    ran = cli("stats", "--watch", "-o", "csv")

    assert ran.code == 2 and "-o ndjson" in ran.err


@pytest.mark.parametrize("format", ["json", "ndjson", "csv"])
def test_what_a_deed_came_to_is_valid_in_every_format_of_programs(cli: Cli, jobs: str, format: str) -> None:
    deeds = [
        ["submit", "-t", "x"], ["queue", "pause", "default"], ["queue", "resume", "default"], ["health"],
        ["purge", "--state", "completed", "--yes"], ["purge", "--state", "failed", "--dry-run"],
        ["keys", "create", "it", "--role", "admin"], ["keys", "revoke", "it", "--yes"], ["retry-all"],
        ["keys", "sign-out-all", "--yes"], ["embedded", "stop"], ["jobs", "ls"], ["queue", "ls"],
        ["workers"], ["types"], ["doctor"],
    ]  # fmt: skip
    for deed in deeds:
        ran = cli(*deed, "-o", format)

        assert not ran.code or deed == ["doctor"], (deed, ran.err)
        match format:
            case "json":
                json.loads(ran.out)
            case "ndjson":
                assert all(isinstance(json.loads(line), dict) for line in ran.lines), deed
            case _:
                rows = list(csv.reader(ran.lines))
                assert len({len(row) for row in rows}) == 1 and "{" not in ran.out, (deed, ran.out)
                assert all(re.fullmatch(r"[a-z_0-9.]+", name) for name in rows[0]), (deed, rows[0])
