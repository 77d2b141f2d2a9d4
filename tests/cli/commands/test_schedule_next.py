"""gopher schedule next: local time, UTC, and what is unusual; nothing is stored."""

from __future__ import annotations

import json

import pytest

from cli.running import Cli
from cli.world import do


def preview(cli: Cli, *words: str, **how: bool | int) -> str:
    ran = cli("schedule", "next", *words, **how)  # type: ignore[arg-type]
    assert ran.code == 0, ran.err
    return ran.out


@pytest.mark.parametrize(
    ("zone", "expression", "start", "shown"),
    [
        ("Europe/Berlin", "30 2 * * *", "2026-03-28", """\
2026-03-28T02:30:00+01:00  01:30:00Z
2026-03-29T03:00:00+02:00  01:00:00Z  02:30 does not exist that day: at the end of the gap
2026-03-30T02:30:00+02:00  00:30:00Z
"""),
        ("Europe/Berlin", "*/15 2 * * *", "2026-03-29", """\
2026-03-29T03:00:00+02:00  01:00:00Z  02:00, 02:15, 02:30 and 02:45 do not exist that day: once, \
at the end of the gap
2026-03-30T02:00:00+02:00  00:00:00Z
2026-03-30T02:15:00+02:00  00:15:00Z
"""),
        ("Europe/Berlin", "15,45 2 * * *", "2026-10-25", """\
2026-10-25T02:15:00+02:00  00:15:00Z  02:15 comes twice that day: the first one
2026-10-25T02:45:00+02:00  00:45:00Z  02:45 comes twice that day: the first one
2026-10-26T02:15:00+01:00  01:15:00Z
"""),
        ("America/New_York", "30 2 * * *", "2026-03-08", """\
2026-03-08T03:00:00-04:00  07:00:00Z  02:30 does not exist that day: at the end of the gap
2026-03-09T02:30:00-04:00  06:30:00Z
2026-03-10T02:30:00-04:00  06:30:00Z
"""),
        ("America/New_York", "30 1 * * *", "2026-10-31", """\
2026-10-31T01:30:00-04:00  05:30:00Z
2026-11-01T01:30:00-04:00  05:30:00Z  01:30 comes twice that day: the first one
2026-11-02T01:30:00-05:00  06:30:00Z
"""),
        ("Australia/Lord_Howe", "15 2 * * *", "2026-10-03", """\
2026-10-03T02:15:00+10:30  15:45:00Z
2026-10-04T02:30:00+11:00  15:30:00Z  02:15 does not exist that day: at the end of the gap
2026-10-05T02:15:00+11:00  15:15:00Z
"""),
    ],
)  # fmt: skip
def test_a_change_of_clocks_is_shown_as_it_will_be(
    cli: Cli, zone: str, expression: str, start: str, shown: str
) -> None:
    words = ("--cron", expression, "--tz", zone, "--from", start, "--count", "3")

    assert preview(cli, *words, "-o", "table") == shown


@pytest.mark.parametrize(
    ("zone", "expression", "day", "runs"),
    [
        ("America/New_York", "0 * * * *", "2026-11-01", 25),
        ("America/New_York", "*/30 * * * *", "2026-03-08", 46),
        ("Europe/Berlin", "*/15 2 * * *", "2026-10-25", 4),
        ("America/Sao_Paulo", "0 0 * * *", "2018-11-04", 1),
        ("Pacific/Apia", "0 12 * * *", "2011-12-30", 0),
    ],
)
def test_a_day_with_a_change_of_clocks_has_so_many_runs(
    cli: Cli, zone: str, expression: str, day: str, runs: int
) -> None:
    words = ("--cron", expression, "--tz", zone, "--count", "60", "--no-header")
    offset = {"2011-12-30": "2011-12-29T23:59"}.get(day, f"{day}T00:00Z")
    found = preview(cli, *words, "--from", offset)

    assert sum(line.startswith(day) for line in found.splitlines()) == runs


def test_a_pipe_gets_rows_and_programs_json(cli: Cli) -> None:
    words = ("--cron", "30 2 * * *", "--tz", "Europe/Berlin", "--from", "2026-03-29", "--count", "1")

    note = "02:30 does not exist that day: at the end of the gap"
    assert preview(cli, *words) == (
        f"LOCAL\tUTC\tNOTE\n2026-03-29T03:00:00+02:00\t2026-03-29T01:00:00Z\t{note}\n"
    )
    (said,) = json.loads(preview(cli, *words, "-o", "json"))
    assert (said["instant"], said["note"]) == ("2026-03-29T01:00:00.000Z", note)
    assert preview(cli, *words, "-q") == "2026-03-29T01:00:00Z\n"


def test_nothing_is_stored_and_no_server_is_asked(cli: Cli) -> None:
    cli.env["REDIS_URL"] = "redis://127.0.0.1:1"

    assert len(preview(cli, "--every", "30s").splitlines()) == 6
    assert len(preview(cli, "--cron", "@daily", "--count", "2", "--no-header").splitlines()) == 2


def test_an_interval_is_on_the_same_grid_for_everybody(cli: Cli) -> None:
    words = ("--every", "90m", "--offset", "5m", "--from", "2030-01-01T00:00:00Z", "--count", "2")

    assert preview(cli, *words, "-o", "table") == (
        "2030-01-01T00:05:00+00:00  00:05:00Z\n2030-01-01T01:35:00+00:00  01:35:00Z\n"
    )


def test_no_run_is_shown_behind_the_end(cli: Cli) -> None:
    words = ("--cron", "@daily", "--from", "2030-01-01", "--until", "2030-01-02")
    over = cli("schedule", "next", "--cron", "@daily", "--until", "2020-01-01")

    assert len(preview(cli, *words, "--no-header").splitlines()) == 2
    assert (over.code, over.out) == (0, "")


def test_of_one_that_is_stored_its_next_tick_is_the_first(cli: Cli) -> None:
    cli("schedule", "set", "nightly", "-t", "x", "--cron", "0 3 * * *", "--tz", "Asia/Tokyo", "--times", "2")

    found = json.loads(preview(cli, "nightly", "-o", "json"))
    next = do(cli, lambda gopher: gopher.schedule_row("nightly")).next

    assert len(found) == 2 and all(one["local"].endswith("T03:00:00+09:00") for one in found)
    assert found[0]["instant"].startswith("20") and next % 1000 == 0
    assert preview(cli, "nightly", "-q").splitlines() == [one["job_id"] for one in found]


def test_of_one_that_is_stored_any_time_can_be_looked_at(cli: Cli) -> None:
    cli("schedule", "set", "nightly", "-t", "x", "--cron", "30 2 * * *", "--tz", "Europe/Berlin")

    shown = preview(cli, "nightly", "--from", "2026-03-28", "--until", "2026-03-29T23:00", "-o", "table")
    assert shown == (
        "2026-03-28T02:30:00+01:00  01:30:00Z\n"
        "2026-03-29T03:00:00+02:00  01:00:00Z  02:30 does not exist that day: at the end of the gap\n"
    )


def test_of_a_paused_one_it_says_so(cli: Cli) -> None:
    cli("schedule", "set", "nightly", "-t", "x", "--every", "1h")
    cli("schedule", "pause", "nightly")

    ran = cli("schedule", "next", "nightly", "--count", "1")
    assert ran.code == 0 and "nightly is paused" in ran.err and len(ran.lines) == 2


def test_a_narrow_terminal_loses_no_time(cli: Cli) -> None:
    words = ("--cron", "30 2 * * *", "--tz", "Europe/Berlin", "--from", "2026-03-29", "--count", "1")

    shown = preview(cli, *words, tty=True, columns=40)
    assert shown.startswith("2026-03-29T03:00:00+02:00  01:00:00Z") and "end of the gap" in shown


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["nowhere"], 3, "no schedule 'nowhere'"),
        ([], 2, "add --cron"),
        (["--cron", "x"], 65, "--cron: 'x' has 1 field"),
        (["--cron", "@daily", "--tz", "Mars"], 65, "--tz: 'Mars' is not a time zone here"),
        (["--every", "1h", "--count", "0"], 2, "--count"),
        (["--every", "1h", "--count", "1001"], 2, "--count is 1000 at most"),
        (["nightly", "--cron", "@daily"], 2, "do not go together"),
        (["--cron", "@daily", "--tz", "Europe/Berlin", "--from", "2026-03-29T02:30"], 2, "does not exist"),
    ],
)
def test_what_makes_no_sense_is_refused(cli: Cli, words: list[str], code: int, said: str) -> None:
    ran = cli("schedule", "next", *words)

    assert (ran.code, ran.out) == (code, "") and said in ran.err
