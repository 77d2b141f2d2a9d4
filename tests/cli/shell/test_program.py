"""The program as others meet it: help, versions, pipes, signals, errors, colours, and its start."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
from collections.abc import Callable
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ
from typing import Any

import pytest

from cli.running import Cli
from gopher_cli import __version__
from gopher_cli.cli.shell.command_tree import places
from gopher_cli.cli.shell.entries import ENTRIES, load

Program = Callable[..., Any]
COMMANDS = [place.path.split()[1:] for place in places()]
GROUPS = {place.path.split()[1] for place in places() if place.commands and place.path != "gopher"}


def ended(process: Any) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out.decode(), err.decode()


def piped(program: Program, *args: str, **options: Any) -> tuple[int, str, str]:
    return ended(
        program(*args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, **options)
    )


def at_terminal(
    program: Program, *args: str, columns: int = 80, typed: bytes = b"", **env: str
) -> tuple[int, str]:
    """What a terminal shows, and the exit code."""
    leader, follower = pty.openpty()
    ioctl(follower, TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = program(*args, stdin=follower, stdout=follower, stderr=follower, env=env)
    os.close(follower)
    os.write(leader, typed)
    shown = b""
    while True:
        try:
            block = os.read(leader, 65536)
        except OSError:  # Linux says so when the last writer is gone
            break
        if not block:
            break
        shown += block
    os.close(leader)
    return process.wait(60), shown.decode()


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_a_help_page(cli: Cli, path: list[str]) -> None:
    ran = cli(*path, "--help")

    assert (ran.code, ran.err) == (0, "")
    assert f"Usage: gopher {' '.join(path)}".strip() in ran.out
    assert cli(*path, "-h") == ran


@pytest.mark.parametrize(
    "path",
    [path for path in COMMANDS if len(path) == 1 and path[0] not in GROUPS],
    ids=" ".join,
)
def test_every_command_takes_the_common_options(path: list[str]) -> None:
    found = load(path[0], ENTRIES[path[0]])

    names = {name for param in found.params for name in param.opts}
    assert {"--output", "-o", "--quiet", "-q", "--redis-url", "--profile", "--color", "--debug"} <= names
    assert {"--api", "--key"} <= names


def test_every_example_of_a_help_page_is_understood(cli: Cli) -> None:
    examples = [
        line.strip()
        for path in COMMANDS
        for line in cli(*path, "--help").out.splitlines()
        if line.startswith("  gopher ") and "|" not in line
    ]

    assert len(examples) > 30
    for example in examples:
        words = example.split()[1:]
        place = load(words[0], ENTRIES[words[0]])
        flags = [word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)]
        if not hasattr(place, "entries"):
            known = {name for param in place.params for name in param.opts}
            assert set(flags) <= known, example


def test_nothing_asked_is_answered_with_help(cli: Cli) -> None:
    assert cli() == cli("--help")
    assert cli("queue").code == 0


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["sumbit"], "did you mean gopher submit?"),
        (["queue", "puase"], "did you mean gopher queue pause?"),
        (["stats", "--wach"], "did you mean --watch?"),
        (["stats", "extra"], "gopher stats does not take 'extra'"),
        (["inspect"], "gopher inspect needs ID"),
        (["schedule", "next", "--cron", "0", "3", "a.txt", "b.txt"], "quote the expression"),
        (["schedule", "next", "--cron=0", *["a.txt"] * 99], "a.txt a.txt ...'"),
        (["stats", "--profile"], "--profile needs a value"),
        (["--nonsense"], "gopher has no option --nonsense"),
    ],
)
def test_a_wrong_command_line_is_two_lines_and_exit_code_2(cli: Cli, args: list[str], said: str) -> None:
    ran = cli(*args)

    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert len(ran.err.splitlines()) == 2


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("--api http://h stats", "stats --api http://h"), ("-o json jobs ls -q", "jobs ls -o json -q"),
        ("jobs --state failed ls", "jobs ls --state failed"), ("--watch stats", "stats --watch 2s"),
        ("-Q stats jobs ls", "jobs ls -Q stats"), ("--debug inspect id", "inspect --debug id"),
        ("--redis-url redis://:p@h stats", "stats --redis-url URL"), ("--key=k stats", "stats --key KEY"),
    ],
)  # fmt: skip
def test_options_before_the_command_are_told_where_they_stand(cli: Cli, typed: str, meant: str) -> None:
    ran = cli(*typed.split())

    assert ran.code == 2
    assert f"options stand behind the command: gopher {meant}" in ran.err


def test_an_error_as_json_is_one_line_on_stderr(cli: Cli) -> None:
    ran = cli("inspect", "00000000", "-o", "json")

    assert ran.out == "" and ran.err.count("\n") == 1
    assert json.loads(ran.err)["error"]["exit_code"] == 3


def test_the_traceback_is_for_those_who_ask(cli: Cli) -> None:
    assert "Traceback" not in cli("inspect", "00000000").err
    assert "Traceback" in cli("inspect", "00000000", "--debug").err


def test_redis_away_names_the_address_and_the_next_command(cli: Cli) -> None:
    for command in (["stats"], ["submit", "-t", "x"], ["jobs", "ls"], ["stats", "--watch", "-o", "json"]):
        ran = cli(*command, "--redis-url", "redis://localhost:1")
        assert ran.code == 69
        assert "cannot reach Redis at redis://localhost:1 (connection refused)" in ran.err
        assert "hint" in ran.err


def test_the_version_needs_no_parser(program: Program) -> None:
    for args in (["--version"], ["-V"], ["--version", "stats"]):
        assert piped(program, *args) == (0, f"gopher {__version__}\n", "")


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys; from gopher_cli.cli.shell.run import run; run(['--help']);"
        "print([m for m in sys.modules if m.split('.')[0] in "
        "('redis', 'pydantic', 'rich', 'asyncio', 'fastapi', 'msgspec', 'croniter', 'PIL')])"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert found.stdout.splitlines()[-1] == "[]"


def test_stats_loads_no_checks_of_payloads(environment: dict[str, str]) -> None:
    script = (
        "import sys; from gopher_cli.cli.shell.run import run; run(['stats']);"
        "late = {'gopher_cli.model.schema.json_schema', 'gopher_cli.model.select.safe_regex'};"
        "print(late & {*sys.modules} or [])"
    )
    env = {**os.environ, **environment}
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=env
    )

    assert found.stdout.splitlines()[-1] == "[]"


def test_submit_loads_neither_redis_py_nor_pydantic(environment: dict[str, str]) -> None:
    script = (
        "import sys; from gopher_cli.cli.shell.run import run; run(['submit', '-t', 'x']);"
        "print([m for m in sys.modules if m.split('.')[0] in ('redis', 'pydantic', 'rich', 'asyncio')])"
    )
    env = {**os.environ, **environment}
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=env
    )

    assert found.stdout.splitlines()[-1] == "[]"


@pytest.mark.row("S8")
def test_a_reader_that_leaves_early_is_no_error(program: Program, cli: Cli) -> None:
    cli("submit", "-t", "x", "--batch", "-", "-q", stdin="{}\n" * 5000)
    process = program("jobs", "ls", "--limit", "0", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.read(10)
    process.stdout.close()

    assert process.stderr.read() == b""
    assert process.wait(60) == 141


@pytest.mark.row("S8")
def test_ctrl_c_while_waiting_leaves_the_job_alone(program: Program, cli: Cli) -> None:
    process = program("submit", "-t", "x", "--wait", "-q", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    id = process.stdout.readline().decode().strip()
    process.send_signal(signal.SIGINT)
    code, _, err = ended(process)

    assert code == 130
    assert f"detached; the job goes on: gopher inspect {id} --wait" in err
    assert cli("inspect", id, "-q").out.strip() == id


def test_a_table_at_a_terminal_is_coloured_and_fits(program: Program, cli: Cli) -> None:
    cli.id("-t", "email")
    code, shown = at_terminal(program, "stats", columns=60)

    assert code == 0
    assert "\x1b[" in shown
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert max(map(len, plain.splitlines())) <= 60


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
@pytest.mark.parametrize(
    "args",
    [["stats"], ["jobs", "ls"], ["inspect", "@last"], ["nonsense"], ["--help"], ["health"], ["doctor"]],
)
@pytest.mark.row("S8")
def test_no_colour_means_no_escape_at_all(
    program: Program, cli: Cli, env: dict[str, str], args: list[str]
) -> None:
    cli.id("-t", "email")

    assert "\x1b" not in at_terminal(program, *args, **env)[1]


@pytest.mark.parametrize(
    ("args", "env", "colours"),
    [
        ([], {}, False),
        (["--color", "always"], {}, True),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"CLICOLOR_FORCE": "1"}, True),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
    ],
)
def test_colours_in_a_pipe(
    program: Program, cli: Cli, args: list[str], env: dict[str, str], colours: bool
) -> None:
    cli.id("-t", "email")
    _, out, _ = piped(program, "jobs", "ls", "-o", "table", *args, env=env)

    assert ("\x1b[" in out) is colours


@pytest.mark.parametrize(("typed", "code", "left"), [(b"n\n", 1, 1), (b"y\n", 0, 0)])
def test_purge_asks_at_a_terminal(program: Program, cli: Cli, typed: bytes, code: int, left: int) -> None:
    cli.id("-t", "x")
    ended_with, shown = at_terminal(program, "purge", "--state", "enqueued", typed=typed)

    assert ended_with == code
    assert "Delete 1 job for good (1 enqueued in default)? [y/N]" in shown
    assert json.loads(cli("stats", "--json").out)["total"] == left


@pytest.mark.row("S8")
def test_a_watch_in_a_pipe_is_a_line_of_json_each_time(program: Program) -> None:
    process = program("stats", "--watch=100ms", stdout=subprocess.PIPE)
    lines = [json.loads(process.stdout.readline()) for _ in range(2)]
    process.send_signal(signal.SIGINT)

    assert lines[0]["at"] < lines[1]["at"]
    assert process.wait(60) == 130


def test_ascii_alone_is_no_reason_to_fall_over(program: Program, cli: Cli) -> None:
    cli.id("-t", "x", "name=Zoë")
    code, out, err = piped(program, "inspect", "@last", env={"PYTHONIOENCODING": "ascii", "LC_ALL": "C"})

    assert (code, err) == (0, "")
    assert "Zo\\u00eb" in out


def test_what_the_command_line_alone_reads_of_the_environment_is_documented() -> None:
    import gopher_cli

    root = Path(gopher_cli.__file__).parent
    text = "".join(file.read_text() for file in (root / "cli").rglob("*.py"))
    names = set(re.findall(r'(?:environ\.get|says_yes)\("(GOPHER_\w+)"', text))
    told = "".join((root.parent / name).read_text() for name in ("README.md", "config.example.env"))

    assert {"GOPHER_OUTPUT", "GOPHER_DEBUG", "GOPHER_ASSUME_YES"} <= names
    assert [name for name in sorted(names) if name not in told] == []
