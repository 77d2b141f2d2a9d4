"""`gopher events`: what happens as lines, for eyes and for programs; and who did what."""

from __future__ import annotations

import json
import os
import pwd
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cli.running import Cli
from cli.world import do, fail

PATIENCE = 60.0


class Following:
    """`gopher events --follow` as a process; what it says on both streams can be waited for."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.said: dict[str, list[str]] = {"out": [], "err": []}
        self._news = threading.Condition()
        for name, stream in (("out", process.stdout), ("err", process.stderr)):
            threading.Thread(target=self._read, args=(name, stream), daemon=True).start()

    def _read(self, name: str, stream: Any) -> None:
        for line in stream:
            with self._news:
                self.said[name].append(line.decode().rstrip("\n"))
                self._news.notify_all()

    def heard(self, text: str, where: str = "out") -> str:
        """Waits for a line that holds this."""

        def found() -> str | None:
            return next((line for line in self.said[where] if text in line), None)

        with self._news:
            line = self._news.wait_for(found, PATIENCE)
        assert line, f"no {text!r}: {self.said}"
        return line


@pytest.fixture
def follow(program: Callable[..., Any]) -> Iterator[Callable[..., Following]]:
    began: list[subprocess.Popen[bytes]] = []

    def start(*args: str) -> Following:
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        began.append(program("events", "--follow", *args, **pipes))
        return Following(began[-1])

    yield start
    for process in began:
        process.kill()
        process.wait()


def watched(cli: Cli) -> None:
    """Somebody looks once, so that the next minute is kept."""
    do(cli, lambda gopher: gopher.event_reader().look())


def test_where_nobody_has_watched_it_says_so_and_how_to_watch(cli: Cli) -> None:
    cli.id("-t", "x")
    ran = cli("events")

    assert ran.code == 0 and ran.out == ""
    assert "nobody has watched" in ran.err and "gopher events --follow" in ran.err
    assert json.loads(cli("events", "-o", "json").out)["items"] == []


def test_what_has_happened_is_shown_line_by_line(cli: Cli) -> None:
    cli.id("-t", "x")
    watched(cli)
    first, second = cli.id("-t", "mail"), cli.id("-t", "note", "-Q", "default")
    cli("queue", "pause", "default")
    cli("cancel", first)
    lines = cli("events").lines

    assert lines[0].split("\t") == ["AT", "STATUS", "TYPE", "JOB_ID", "QUEUE"]
    assert [line.split("\t")[1:] for line in lines[1:]] == [
        ["enqueued", "mail", first, "default"], ["enqueued", "note", second, "default"],
        ["paused", "-", "-", "default"], ["cancelled", "mail", first, "default"],
    ]  # fmt: skip


def test_one_chooses_what_to_see(cli: Cli) -> None:
    for queue in ("default", "other"):
        cli.id("-t", "x", "-Q", queue)
    watched(cli)
    mail, note = cli.id("-t", "mail"), cli.id("-t", "note", "-Q", "other")
    cli("cancel", mail)

    assert cli("events", "-q", "--type", "note").lines == [note]
    assert cli("events", "-q", "-Q", "other").lines == [note]
    assert cli("events", "-q", "--state", "cancelled,gone").lines == [mail]
    assert cli("events", "-q", "--job", mail[-8:]).lines == [mail, mail]
    assert cli("events", "-q", "-n", "1").lines == [mail]
    assert cli("events", "-q", "--since", "1h").lines == [mail, note, mail]


@pytest.mark.parametrize(
    ("args", "code", "why"),
    [
        (["--state", "finished"], 2, "--state"),
        (["--since", "soon"], 2, "--since"),
        (["--queue", "nowhere"], 3, "no queue nowhere"),
        (["--job", "nobody"], 3, "no job"),
        (["--audit", "--follow"], 2, "--audit"),
        (["--follow", "-n", "3"], 2, "--limit"),
    ],
)
def test_what_makes_no_sense_is_refused(cli: Cli, args: list[str], code: int, why: str) -> None:
    cli.id("-t", "x")
    ran = cli("events", *args)

    assert ran.code == code and why in ran.err


def test_following_shows_each_line_at_once_and_ends_with_ctrl_c(cli: Cli, follow: Any) -> None:
    cli.id("-t", "x")
    following = follow("-o", "ndjson")
    while not following.said["out"]:  # until it watches, for all that we know
        cli.id("-t", "mail")
    id = cli.id("-t", "note")
    line = json.loads(following.heard(id))
    following.process.send_signal(signal.SIGINT)

    assert {name: line[name] for name in ("status", "type", "job_id", "queue")} == {
        "status": "enqueued", "type": "note", "job_id": id, "queue": "default",
    }  # fmt: skip
    assert following.process.wait(PATIENCE) == 130
    assert not any("Traceback" in line for line in following.said["err"])


def test_following_may_look_back(cli: Cli, follow: Any) -> None:
    cli.id("-t", "x")
    watched(cli)
    id = cli.id("-t", "mail")
    following = follow("--since", "5m", "-o", "plain")

    assert following.heard(id).split("\t")[1:] == ["enqueued", "mail", id, "default"]


def test_a_terminal_gets_colours_and_whole_ids(cli: Cli) -> None:
    fail(cli)
    watched(cli)
    id = fail(cli)
    ran = cli("events", "--color", "always", tty=True, columns=120)

    assert re.search(rf"\x1b\[31mfailed +\x1b\[0m.*{id}", ran.out)


def test_hostile_bytes_in_a_stream_do_not_reach_the_terminal(cli: Cli, redis: Any, namespace: str) -> None:
    cli.id("-t", "x")
    watched(cli)
    redis.xadd(f"{namespace}:{{default}}:events", {"fa\x1b[2Jiled": "j\x1b[31m1"})
    ran = cli("events", tty=True, columns=120)
    redis.delete(f"{namespace}:{{default}}:events")

    assert "\x1b[2J" not in ran.out and "\x1b[31m" not in ran.out


def test_the_audit_tells_who_did_what(cli: Cli) -> None:
    id = cli.id("-t", "x")
    cli("queue", "pause", "default")
    cli("cancel", id)
    cli("stats")
    rows = [line.split("\t") for line in cli("events", "--audit").lines]
    who = f"{pwd.getpwuid(os.getuid()).pw_name}@{os.uname().nodename}"

    assert rows[0] == ["WHEN", "WHO", "ACTION", "TARGET", "CHANGED", "DETAIL"]
    assert [row[1:5] for row in rows[1:]] == [
        [who, "cancel", f"default/{id}", "1"], [who, "pause", "default", "1"],
    ]  # fmt: skip
    assert len(json.loads(cli("events", "--audit", "-n", "1", "-o", "json").out)["items"]) == 1


def test_looking_back_goes_by_the_clock_that_has_stamped_what_happened(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.id("-t", "x")
    watched(cli)
    id, ahead = cli.id("-t", "mail"), time.time_ns() + 86_400 * 10**9
    cli("queue", "pause", "default")
    monkeypatch.setattr(time, "time_ns", lambda: ahead)

    assert cli("events", "-q", "--since", "10m", "--job", id).lines == [id]
    assert len(json.loads(cli("events", "--audit", "--since", "10m", "-o", "json").out)["items"]) == 1


def test_only_what_happened_within_the_time_is_shown(cli: Cli, redis: Any, namespace: str) -> None:
    cli.id("-t", "x")
    watched(cli)
    new = cli.id("-t", "x")
    old = f"{int(time.time() * 1000) - 3_600_000}-0"
    for key, entry in (("default", {"enqueued": "old"}), ("~", {"nonce": '["ann","pause","old",1,""]'})):
        name = f"{namespace}:{{{key}}}:{'audit' if key == '~' else 'events'}"
        redis.delete(name)
        redis.xadd(name, entry, id=old)
    cli("queue", "pause", "default")
    shown = [
        entry["status"] for entry in json.loads(cli("events", "--since", "30m", "-o", "json").out)["items"]
    ]
    audit = json.loads(cli("events", "--audit", "--since", "30m", "-o", "json").out)["items"]
    every = cli("events", "-q").lines
    redis.delete(f"{namespace}:{{default}}:events")

    assert shown == ["paused"] and every == ["old", "default"] and new not in every
    assert [entry["action"] for entry in audit] == ["pause"]
    assert len(json.loads(cli("events", "--audit", "-o", "json").out)["items"]) == 2


@pytest.mark.parametrize("audit", [["--audit"], []])
def test_where_there_is_more_it_says_so(cli: Cli, audit: list[str]) -> None:
    cli.id("-t", "x")
    watched(cli)
    for _ in range(2):
        cli("queue", "pause", "default")
        cli("queue", "resume", "default")

    said = "only 3 actions shown" if audit else "only 3 events shown"
    assert f"{said}; all of them: --limit 0" in cli("events", *audit, "-n", "3", tty=True).err
    assert "only" not in cli("events", *audit, "-n", "4", tty=True).err
    assert "only" not in cli("events", *audit, "-n", "0", tty=True).err


@pytest.mark.parametrize("form", ["csv", "plain"])
def test_following_writes_the_same_lines_as_a_list(cli: Cli, follow: Any, form: str) -> None:
    cli.id("-t", "x")
    watched(cli)
    id = cli.id("-t", "mail")
    cli("queue", "pause", "default")
    listed = cli("events", "-o", form).lines
    following = follow("--since", "5m", "-o", form)
    following.heard("paused")

    said = [line for line in following.said["out"] if "missed" not in line]  # what came before the stream
    assert id in listed[1] and said == listed
