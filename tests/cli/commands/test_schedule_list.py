"""gopher schedule ls, show, history: at a terminal, in a pipe, as JSON, in a narrow window."""

from __future__ import annotations

import json
from typing import Any

import builders
import pytest
from redis import Redis

from cli.running import Cli
from cli.world import do, end, start

DAY = 86_400_000


@pytest.fixture
def nightly(cli: Cli) -> Cli:
    """It has completed, failed, been skipped and been missed: in this order, the newest at the end."""
    ran = cli(
        "schedule", "set", "nightly", "-t", "report", "-p", '{"day":"today"}', "--cron", "0 3 * * *",
        "--tz", "Europe/Berlin", "-r", "0", "--catchup", "skip", "--tag", "night",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    tick(cli)
    end(cli, start(cli)[0], builders.success())
    tick(cli)
    end(cli, start(cli)[0], builders.discard(), outcome="failed", error="no disk", attempt=1)
    tick(cli)
    tick(cli)
    tick(cli, late=3 * 3600_000)
    return cli


def tick(cli: Cli, late: int = 0) -> None:
    """The next tick comes, so late (ms)."""

    async def work(gopher: Any) -> Any:
        row = await gopher.schedule_row("nightly")
        return await gopher.tick("default", now=str(row.next + late))

    do(cli, work)


def listed(cli: Cli, *words: str) -> dict[str, str]:
    head, row = [line.split("\t") for line in cli("schedule", "ls", *words).lines]
    return dict(zip(head, row, strict=True))


def test_a_pipe_gets_a_row_with_all_that_is_known(nightly: Cli) -> None:
    row = listed(nightly)

    assert (row["NAME"], row["QUEUE"], row["TYPE"], row["STATE"]) == (
        "nightly",
        "default",
        "report",
        "active",
    )
    assert row["WHEN"] == "every day at 03:00, Europe/Berlin" and row["NEXT"].endswith("Z")
    assert (row["RUNS"], row["SKIPPED"], row["MISSED"]) == ("3", "1", "1")
    assert row["LAST_TICKS"] == "completed,failed,enqueued,skipped,missed"
    assert row["LAST_JOB"].startswith("nightly:20") and row["LAST_STATE"] == "enqueued"


def test_json_is_what_the_api_answers(nightly: Cli) -> None:
    (row,) = json.loads(nightly("schedule", "ls", "-o", "json").out)

    assert row["name"] == "nightly" and row["cron"] == "0 3 * * *" and row["tz"] == "Europe/Berlin"
    assert row["payload"] == {"day": "today"} and row["tags"] == ["night"] and row["runs"] == 3
    assert [one["outcome"] for one in row["history"]] == ["missed", "skipped", "ran", "ran", "ran"]
    assert json.loads(nightly("schedule", "show", "nightly", "-o", "json").out) == row
    assert json.loads(nightly("schedule", "ls", "-o", "ndjson").out) == row


def test_a_terminal_shows_the_last_ticks_where_there_is_room(nightly: Cli) -> None:
    words = ("schedule", "ls", "--color", "never")
    wide, narrow = (nightly(*words, tty=True, columns=room) for room in (160, 40))

    assert "last ticks" in wide.out and "●✗○-!" in wide.out
    assert "every day at 03:00, Europe/Berlin" in wide.out
    assert "last ticks" not in narrow.out and "nightly" in narrow.out and "active" in narrow.out
    assert all(len(line) <= 40 for line in narrow.lines)


def test_the_state_of_the_last_run_is_told_while_it_is_not_well(nightly: Cli) -> None:
    assert "enqueued" in nightly("schedule", "ls", tty=True, columns=140).lines[1]


@pytest.mark.parametrize("columns", [40, 80, 140])
def test_a_portrait_fits_into_the_window(nightly: Cli, columns: int) -> None:
    ran = nightly("schedule", "show", "nightly", "--color", "never", tty=True, columns=columns)

    assert ran.code == 0 and all(len(line) <= columns for line in ran.lines)
    for said in ("nightly", "active", "0 3 * * *", "skipped", "missed", "night", '"day": "today"'):
        assert said in ran.out


def test_plain_rows_name_each_field(nightly: Cli) -> None:
    pairs = [line.split("\t", 1) for line in nightly("schedule", "show", "nightly").lines]

    found = dict(pairs)
    assert found["payload"] == '{"day":"today"}' and found["runs"] == "3" and found["overlap"] == "skip"
    assert sum(name == "history" for name, _ in pairs) == 5


def test_a_history_says_what_became_of_each_time(nightly: Cli) -> None:
    head, *rows = [line.split("\t") for line in nightly("schedule", "history", "nightly").lines]

    assert head == ["TIME", "OUTCOME", "COUNT", "STATE", "ABOUT"]
    assert [row[1] for row in rows] == ["missed", "skipped", "ran", "ran", "ran"]
    assert [row[3] for row in rows] == ["-", "-", "enqueued", "failed", "completed"]
    assert "was unfinished" in rows[1][4] and rows[2][4].startswith("nightly:20")
    shown = nightly("schedule", "history", "nightly", tty=True)
    assert "T03:00:00+0" in shown.out
    assert nightly("schedule", "history", "nightly", "-q").out.split() == [row[4] for row in rows[2:]]
    said = json.loads(nightly("schedule", "history", "nightly", "-o", "json").out)
    assert [one["outcome"] for one in said] == [row[1] for row in rows]


def test_a_pause_is_seen_with_its_reason(nightly: Cli) -> None:
    nightly("schedule", "pause", "nightly", "--reason", "the database moves")

    row = listed(nightly)
    assert (row["STATE"], row["NEXT"], row["REASON"]) == ("paused", "-", "the database moves")
    shown = nightly("schedule", "show", "nightly", tty=True)
    assert "paused now by" in shown.out or "ago by" in shown.out
    assert "the database moves" in shown.out


def test_one_that_cannot_be_read_hides_no_other(cli: Cli, redis: Redis) -> None:
    for name in ("good", "bad"):
        cli("schedule", "set", name, "-t", "x", "--every", "1h")
    key = f"{cli.env['GOPHER_NAMESPACE']}:{{default}}:schedules"
    assert redis.hset(key, "bad", b"1;rubbish") == 0

    assert cli("schedule", "ls", "-q").out == "bad\ngood\n"
    shown = cli("schedule", "ls", tty=True, columns=120)
    assert shown.code == 0 and "unreadable" in shown.out
    ran = cli("schedule", "show", "bad", tty=True)
    assert ran.code == 0 and "cannot be read" in ran.out
    assert cli("schedule", "next", "bad").code == 65
    assert cli("schedule", "rm", "bad", "--yes").code == 0


def test_what_a_schedule_says_does_nothing_to_a_terminal(cli: Cli) -> None:
    hostile = ("--tag", "\x1b[31mred", "-p", '"\\u001b]0;t\\u0007"')
    assert cli("schedule", "set", "x", "-t", "x", "--every", "1h", *hostile).code == 0

    cli("schedule", "pause", "x", "--reason", "\x1b]0;why\x07")
    for words in (("ls",), ("show", "x"), ("history", "x")):
        shown = cli("schedule", *words, "--color", "never", tty=True, columns=140).out
        assert "\x1b" not in shown and "\x07" not in shown


def test_only_those_of_a_queue(cli: Cli) -> None:
    for queue in ("mail", "shop"):
        cli("schedule", "set", f"of-{queue}", "-t", "x", "--every", "1h", "-Q", queue)

    assert cli("schedule", "ls", "-q", "-Q", "shop").out == "of-shop\n"
    assert cli("schedule", "ls", "-Q", "nowhere").code == 3


def test_an_empty_list_says_how_to_make_one(cli: Cli) -> None:
    ran = cli("schedule", "ls", tty=True)

    assert ran.code == 0 and ran.out == "" and "gopher schedule set NAME" in ran.err
    assert cli("schedule", "ls", "-o", "json").out == "[]\n"


@pytest.mark.parametrize("command", ["show", "history", "next"])
def test_a_name_of_several_queues_needs_one(cli: Cli, command: str) -> None:
    for queue in ("mail", "shop"):
        cli("schedule", "set", "x", "-t", "x", "--every", "1h", "-Q", queue)

    ran = cli("schedule", command, "x")
    assert ran.code == 5 and "mail, shop" in ran.err and "-Q mail" in ran.err
    assert cli("schedule", command, "x", "-Q", "shop").code == 0
    assert cli("schedule", command, "nowhere").code == 3
