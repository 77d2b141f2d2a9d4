"""Schedules from far away: the same words, the same JSON and the same exit codes as beside Redis."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest
from redis import Redis

from cli.batch.test_batch_partial import scoped
from cli.faraway import clear
from cli.running import Cli
from cli.world import do
from gopher_cli.gopher import Gopher
from gopher_cli.model.job.defaults import Defaults
from gopher_cli.remote.problems import error_of
from gopher_cli.remote.remote_gopher import RemoteGopher

__all__ = ["scoped"]
# Spans and moments that go on between two commands.
MOVES = re.compile(
    r"\b\d+(\.\d+)?(ms|µs|s|m|h|d)(\d+[smh])?( ago)?\b|\bnow\b|now:[0-9a-f]{32}|[\s─]+|key \S+|\S+@\S+"
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
)
BROKEN = ("set", "x", "-t", "report", "--cron")


def make(cli: Cli) -> None:
    """One of each kind: paused, over, run by hand, missed, of an interval, and one that cannot be read."""

    async def work(gopher: Gopher) -> None:
        new_year = "1767225600000"
        await gopher.set_schedule("hourly", "poll", {"n": 1}, every=3600, offset=60, now=new_year)
        await gopher.set_schedule("old", "poll", every=3600, times=2, overlap="all", now=new_year)
        for schedule in ("hourly", "old"):
            await gopher.pause_schedule(schedule)
        await gopher.set_schedule(
            "nightly", "report", queue="mail", cron="0 3 1 1 *", tz="Europe/Berlin", until=4e9, jitter=5.0,
            tags=["a"], headers={"h": "1"}, pause_after=2, within=60.0, priority=8, max_retries=1,
            retention=0.0,
        )  # fmt: skip
        await gopher.run_schedule("nightly")
        for queue in ("default", "mail"):
            await gopher.set_schedule("twice", "poll", every=60, start=3e9, queue=queue)

    do(cli, work)


@pytest.fixture
def both(near: Cli, far: Cli, redis: Redis) -> Iterator[tuple[Cli, Cli]]:
    make(near)
    schedules = f"{near.env['GOPHER_NAMESPACE']}:{{mail}}:schedules"
    redis.hset(schedules, "broken", "7;{rubbish")
    yield near, far
    redis.hdel(schedules, "broken")


def wide(cli: Cli) -> Cli:
    """Where nothing is cut: times that pass change the widths of columns."""
    return replace(cli, env={**cli.env, "COLUMNS": "400"})


def same(both: tuple[Cli, Cli], *words: str, code: int = 0) -> str:
    """What both say, after they have said the same."""
    near, far = (cli("schedule", *words) for cli in map(wide, both))
    assert near.code == far.code == code, (words, near, far)
    assert MOVES.sub("#", near.out) == MOVES.sub("#", far.out), words
    assert MOVES.sub("#", near.err) == MOVES.sub("#", far.err), words
    return far.out


LOOKS = [
    "ls", "ls -o plain", "ls -o csv", "ls -o json", "ls -q", "ls -Q mail -o table", "show nightly -o table",
    "show nightly -o json", "show nightly -o plain", "show hourly -o json", "show broken -o json",
    "history nightly -o json", "history nightly -o table", "history hourly", "next nightly --count 2",
    "next nightly -o json", "next old -o json", "next --cron 0_3_*_*_* --tz Europe/Berlin --count 1 -o json",
]  # fmt: skip


def test_commands_that_look_say_the_same(both: tuple[Cli, Cli]) -> None:
    for line in LOOKS:
        assert same(both, *(word.replace("_", " ") for word in line.split())), line


def test_the_json_is_the_same_field_by_field(both: tuple[Cli, Cli]) -> None:
    for name in ("nightly", "hourly", "old"):
        near, far = (json.loads(cli("schedule", "show", name, "-o", "json").out) for cli in both)
        assert near == far


REFUSED = [
    ("show none", 3), ("show twice", 5), ("pause none", 3), ("run none", 3), ("history none -Q mail", 3),
    ("run nightly", 5), ("ls -Q none", 3), ("rm none --yes", 3), ("show a/b", 3),
    ("backfill nightly --from 2026-01-02 --to 2026-01-01", 65), ("run broken", 65),
    ("backfill nightly --from 2026-01-01 --to 2999-01-01", 65), ("next broken", 65),
    ("set x -t report --every 60 --until 2001-01-01", 65), ("set x -t report --every 0.5s", 65),
    ("set x -t report --every 60 --overlap serial", 65), ("set a/b -t report --every 60", 2),
]  # fmt: skip


def test_what_is_refused_is_refused_alike(both: tuple[Cli, Cli]) -> None:
    for line, code in REFUSED:
        assert same(both, *line.split(), code=code) == "", line
    for cron, tz in (("0 0 31 2 *", "UTC"), ("* * * * * *", "UTC"), ("0 3 * * *", "Mars/Base")):
        same(both, *BROKEN, cron, "--tz", tz, code=65)


def test_commands_that_change_something_do_the_same(near: Cli, far: Cli, redis: Redis) -> None:
    namespace = near.env["GOPHER_NAMESPACE"]
    whole = (
        "set s -t poll n:=1.50 --every 1h --offset 60s --from 2030-01-01 --times 3 --jitter 5s --tag a "
        "--header h=1 --overlap all --catchup all:2 --within 1h --pause-after 2 --retries 1 --timeout 5s"
    )
    past = "backfill s --from 2026-01-01 --to 2026-01-01T05:00:00Z"
    lines = [
        f"{whole} -o json", f"{whole} -o json", whole, "show s -o json", "pause s --reason deploy", "pause s",
        "show s -o json", whole, "resume s", "set s -t poll --every 1h --from 2030-01-01 -Q default",
        f"{past} --dry-run", f"{past} -o json", past, "ls -o plain", "rm s --yes", "ls",
    ]  # fmt: skip
    heard = []
    for cli in (near, far):
        heard.append([cli("schedule", *line.split()) for line in lines])
        clear(redis, namespace)
    for line, one, other in zip(lines, *heard, strict=True):
        assert one.code == other.code == 0, (line, one, other)
        assert MOVES.sub("#", one.out) == MOVES.sub("#", other.out), line
        assert MOVES.sub("#", one.err) == MOVES.sub("#", other.err), line


def test_a_submit_that_recurs_is_the_same_from_far_away(near: Cli, far: Cli) -> None:
    first, again = (
        cli("submit", "-t", "poll", "n:=1", "--every", "1h", "-o", "json").out for cli in (near, far)
    )

    assert json.loads(first)["outcome"] == "created" and json.loads(again)["outcome"] == "unchanged"
    assert json.loads(first)["name"] == json.loads(again)["name"]


def test_a_key_that_may_only_submit_defines_schedules_and_changes_none(scoped: Cli) -> None:
    words = ("schedule", "set", "s", "-t", "poll", "--from", "2030-01-01")
    made, again = (scoped(*words, "--every", "1h") for _ in range(2))
    other, elsewhere = scoped(*words, "--every", "2h"), scoped(*words, "--every", "1h", "-Q", "mail")

    assert (made.code, again.code) == (0, 0) and made.err == again.err == "", made
    assert "s created" in made.out and "s unchanged" in again.out
    assert (other.code, elsewhere.code) == (77, 77)
    assert "may not change it" in other.err and "may not submit to the queue mail" in elsewhere.err


class SubmitsOnly:
    """A way to a server whose key may submit, and not operate."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Any]] = []

    def put(self, path: str, body: Any) -> Any:
        self.asked.append(("PUT", path, body))
        raise error_of(403, {"detail": "this key lacks the scope operate", "scope": "operate"})

    def told(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        self.asked.append((method, path, body))
        return 201, {"schedule": "s", "queue": "q", "status": "scheduled", "job_id": "s:x", "next_run": None}


@pytest.mark.anyio
async def test_a_key_that_may_only_submit_makes_schedules_by_a_submit() -> None:
    wire = SubmitsOnly()
    change = await RemoteGopher(cast("Any", wire), Defaults()).set_schedule("s", "x", every=60, queue="q")

    assert change.change == "created" and [path for _, path, _ in wire.asked] == ["/schedules/q/s", "/jobs"]
    assert wire.asked[1][2]["recurring"] == {"every": 60, "overlap": "skip", "catchup": "once", "name": "s"}
