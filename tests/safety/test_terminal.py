"""Whatever a job says of itself, no command lets it reach a terminal; through a real one, for each."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import termios
import threading
import tty
import unicodedata
import urllib.parse
import urllib.request
from collections.abc import Iterator
from uuid import uuid4

import builders
import pytest
from cli.conftest import cli, environment
from cli.running import Cli
from cli.world import beat, end, fail, report, start
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis
from worker.processes import PATIENCE

from gopher_cli.cli.shell.entries import ENTRIES, Entry
from gopher_cli.cli.shell.run import run
from gopher_cli.model.text.safe import HOSTILE

__all__ = ["cli", "environment"]

# None of our own: so a colour of a job's is seen among ours.
PAINT = "\x1b[38;5;201m"
SEQUENCES = [
    PAINT, "\x1b[2J", "\x1b]0;owned\x07", "\x1b]8;;http://evil\x1b\\", "\x1bP+q\x1b\\", "\x9b5m",
    "\x9d0;c1\x9c", "\r", "\b", "\x7f", "\x00", "\u202e", "\u2066", "\u200b", "\ufeff", "\u2028", "\u2029",
    "\u0085", "\U000e0041", "\n",
    "[red]", "[/]", "é", "😀", "ﷺ", "a", "\\", '"', "'",
]  # fmt: skip
hostile_text = (
    st.lists(st.sampled_from(SEQUENCES) | st.characters(), min_size=1, max_size=24)
    .map("".join)
    .filter(str.strip)  # a blank tag is refused
)
EVERYTHING = "".join(SEQUENCES)

# Our own: colours, and the beginning anew of a line that tells how far a command is.
_OURS = re.compile(r"\x1b\[[0-9;]*m|\r\x1b\[K")


def seen(raw: bytes) -> list[str]:
    """What must never be seen. A terminal makes \r\n of each newline."""
    text = raw.decode()
    if PAINT in text:
        return [PAINT]
    text = _OURS.sub("", text).replace("\r\n", "").replace("\t", "")
    return [c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") or HOSTILE.match(c)]


def at_terminal(cli: Cli, *args: str) -> bytes:
    """Run the program in this process, with a pseudo-terminal for stdout and stderr."""
    leader, follower = pty.openpty()
    chunks: list[bytes] = []

    def read() -> None:
        while True:
            try:
                chunk = os.read(leader, 65536)
            except OSError:
                return
            if not chunk:
                return
            chunks.append(chunk)

    reader = threading.Thread(target=read)
    reader.start()
    with cli.patch.context() as patch, open(follower, "w", encoding="utf-8") as out:
        for name, value in {**cli.env, "COLUMNS": "100"}.items():
            patch.setenv(name, value)
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", out)
        patch.setattr(sys, "stdin", io.StringIO())
        run([arg.replace("\0", "") for arg in args])
    reader.join(10)
    os.close(leader)
    return b"".join(chunks)


def world(cli: Cli, redis: Redis, text: str) -> None:
    """Hostile in every field that takes any text, and in some that only take it from outside."""
    cli.env["GOPHER_NAMESPACE"] = name = f"test-{uuid4().hex[:12]}"
    cli.env["GOPHER_DLQ_NAME"] = re.sub(r"[\x00-\x1f\x7f]", "", text)
    said = text.encode("utf-8", "replace").decode()
    shown = said.replace("\0", "")
    fail(
        cli, "--id", "evil", "--tag", shown or "x", "--header", f"x{shown}={shown}",
        "-p", json.dumps({said: said}), error=said, traceback=said, outcome_note=said, worker=said,
    )  # fmt: skip
    cli("submit", "-t", "x", "--id", "done", "-p", json.dumps(said))
    (lease,) = start(cli)
    report(cli, lease, log=f"{said}\n", progress={"fraction": 0.1, "message": said})
    end(cli, lease, builders.success(builders.msgspec.json.encode({said: [said]})))
    cli("submit", "-t", "x", "--id", "here")
    start(cli)
    beat(cli, said, host=said, pid=1, name=said, state=said, version=said, queues=[said], types=[said],
         current=[{"id": said, "type": said, "queue": said, "seconds": 1.0}])  # fmt: skip
    redis.sadd(f"{name}:{{~}}:queues", said)
    redis.hset(f"{name}:{{~}}:types", said, json.dumps({"title": said}))
    redis.set(f"{name}:{{default}}:{said}", said)
    redis.hset(f"{name}:{{default}}:cells", f"m1;{said}", said)
    redis.zadd(f"{name}:{{default}}:ready_normal", {said: 5e13})


def leaves(entries: dict[str, Entry], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command of the program. A new one is tried without arguments and with the id of a job."""
    from importlib import import_module

    for name, entry in entries.items():
        module, _, function = entry.where.partition(":")
        found = getattr(import_module(f"gopher_cli.cli.commands.{module}"), function)
        if isinstance(found, dict):
            yield from leaves(found, (*path, name))
        else:
            yield (*path, name)


# These run until they are told to stop, and have a terminal of their own below; or they do not belong
# to a test, and speak of themselves alone.
APART = {"worker", "serve", "up", "demo", "embedded start", "embedded stop"}
GIVEN = {
    "submit": [["-t", "x", "--id", "evil"], ["-t", "{}"], ["-t", "x", "-p", "{}"], ["-t", "x", "-Q", "{}"]],
    "inspect": [["evil"], ["done"], ["here"], ["done", "--wait"], ["evil", "--wait"], ["{}"]],
    "jobs ls": [[], ["--error", "{}("], ["-Q", "{}"], ["--search", "{}"], ["--search", "{}:x"]],
    "list-failed": [[], ["--groups"], ["--groups", "-o", "csv"], ["--groups", "--search", "-{}"]],
    "types": [[], ["{}"]],
    "purge": [["--state", "failed", "--dry-run"], ["--state", "{}"]],
    "requeue-dlq": [["evil"], ["--dry-run"]],
    "queue pause": [["{}"], ["default"]],
    "completion": [["bash"], ["{}"]],
}
COMMANDS = [" ".join(path) for path in leaves(ENTRIES) if " ".join(path) not in APART]


FORMS = ("json", "plain", "csv", "id")


def lines_of(command: str, text: str) -> Iterator[list[str]]:
    given = [[arg.format(text) for arg in args] for args in GIVEN.get(command, [[], ["evil"], ["{}"]])]
    yield from ([*command.split(), *args] for args in given)
    usual = given[0] or ["evil"] * (command not in GIVEN)
    yield from ([*command.split(), "-o", form, *usual] for form in FORMS)


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_lets_a_job_reach_the_terminal(cli: Cli, redis: Redis, command: str) -> None:
    world(cli, redis, EVERYTHING)
    for line in lines_of(command, EVERYTHING):
        assert seen(at_terminal(cli, *line)) == [], line


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=hostile_text)
def test_nor_does_any_other_text(cli: Cli, redis: Redis, text: str) -> None:
    world(cli, redis, text)
    for command in COMMANDS:
        line = next(lines_of(command, text))
        assert seen(at_terminal(cli, *line)) == [], line


@pytest.mark.parametrize(
    "line", [["-o", "{}"], ["{}"], ["stats", "-o", "{}"], ["stats", "--{}"], ["stats", "{}"], ["--{}"]]
)
def test_what_was_typed_does_not_come_back_as_it_was(cli: Cli, line: list[str]) -> None:
    typed = [word.format(EVERYTHING) for word in line]

    assert seen(at_terminal(cli, *typed)) == []


def test_what_looks_for_hostile_characters_finds_them() -> None:
    found = [text for text in SEQUENCES if seen(f"a{text}b\r\n".encode())]

    assert len(found) == SEQUENCES.index("\n") + 1
    assert not seen(b"\x1b[31mred\x1b[0m\tand\r\nplain")


class Terminal:
    """A program of ours at a pseudo-terminal of its own."""

    def __init__(self, environ: dict[str, str], *args: str) -> None:
        self.leader, follower = pty.openpty()
        tty.setraw(follower, termios.TCSANOW)
        attributes = termios.tcgetattr(follower)
        attributes[1] |= termios.OPOST | termios.ONLCR
        termios.tcsetattr(follower, termios.TCSANOW, attributes)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gopher_cli", *args],
            env=environ | {"TERM": "xterm-256color"},
            stdin=subprocess.DEVNULL, stdout=follower, stderr=follower, start_new_session=True,
        )  # fmt: skip
        os.close(follower)
        self.raw = b""

    def until(self, pattern: bytes) -> re.Match[bytes]:
        while not (found := re.search(pattern, self.raw)):
            self.raw += os.read(self.leader, 65536)
        return found

    def end(self) -> bytes:
        self.process.send_signal(signal.SIGTERM)
        while True:
            try:
                chunk = os.read(self.leader, 65536)
            except OSError:
                chunk = b""
            if not chunk:
                break
            self.raw += chunk
        self.process.wait(PATIENCE)
        os.close(self.leader)
        return self.raw


@pytest.mark.parametrize("form", ["console", "json"])
def test_what_a_worker_tells_of_jobs_at_a_terminal_is_one_line_each(
    cli: Cli, environ: dict[str, str], form: str
) -> None:
    cli.env |= environ
    cli("submit", "-t", "raise", "--id", "heron-1", "-r", "0", "-p", json.dumps(EVERYTHING))
    cli("submit", "-t", "math", "--id", "heron-2", "-r", "0", "-p", json.dumps({"op": EVERYTHING}))
    one = Terminal(environ, "worker", "--app", "safety.apps:app", "--builtin", "math", "--log-format", form)
    one.until(b"heron-1")
    one.until(b"heron-2")
    raw = one.end()

    assert seen(raw) == []
    assert len(raw.decode().splitlines()) == 4  # it serves, two jobs fail, it stops


@pytest.mark.parametrize("form", ["console", "json"])
def test_what_a_client_sends_does_not_reach_the_terminal_of_the_server(
    environ: dict[str, str], form: str
) -> None:
    one = Terminal(environ | {"SERVER_PORT": "0", "LOG_FORMAT": form}, "serve")
    url = one.until(rb"(http://[\w.:]+)[^\w.:]")  # all of it
    path = urllib.parse.quote(EVERYTHING.encode())
    for wanted in (f"/{path}", f"/api/v1/jobs/{path}", f"/api/v1/jobs?state={path}"):
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(url[1].decode() + wanted, timeout=PATIENCE)
    raw = one.end()

    assert b"GET" in raw
    assert seen(raw) == []
