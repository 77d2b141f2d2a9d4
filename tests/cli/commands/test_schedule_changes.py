"""gopher schedule pause, resume, run, backfill, rm."""

from __future__ import annotations

import json

import builders
import pytest

from cli.running import Cli
from cli.world import do, end, start
from gopher_cli.model.schedule.schedule_state import ScheduleRow


@pytest.fixture
def nightly(cli: Cli) -> Cli:
    ran = cli("schedule", "set", "nightly", "-t", "report", "--cron", "0 3 * * *", "--tz", "Europe/Berlin")
    assert ran.code == 0, ran.err
    return cli


def row(cli: Cli, queue: str = "") -> ScheduleRow:
    found: ScheduleRow = do(cli, lambda gopher: gopher.schedule_row("nightly", queue))
    return found


def test_a_pause_and_its_end_are_told(nightly: Cli) -> None:
    first, again = (nightly("schedule", "pause", "nightly", "--reason", "moving") for _ in range(2))

    assert (first.code, first.out) == (0, "nightly paused\n") and again.out == "nightly was paused already\n"
    pause = row(nightly).standing.pause
    assert pause and pause.reason == "moving" and "@" in pause.by
    assert nightly("schedule", "resume", "nightly").out == "nightly resumed\n"
    assert nightly("schedule", "resume", "nightly").out == "nightly was not paused\n"
    assert row(nightly).state == "active"


def test_programs_hear_what_changed(nightly: Cli) -> None:
    said = json.loads(nightly("schedule", "pause", "nightly", "-o", "json").out)

    assert said == [{"name": "nightly", "outcome": "paused", "changed": True}]
    assert nightly("schedule", "pause", "nightly", "-q").out == "nightly\n"


def test_one_that_is_not_there_stops_no_other(nightly: Cli) -> None:
    ran = nightly("schedule", "pause", "nowhere", "nightly")

    assert ran.code == 3 and ran.out == "nightly paused\n" and "no schedule 'nowhere'" in ran.err


@pytest.mark.parametrize("command", ["pause", "resume", "run", "rm", "show", "next", "history"])
def test_a_misspelt_name_is_answered_with_the_one_that_is_like_it(nightly: Cli, command: str) -> None:
    ran = nightly("schedule", command, "nigthly")

    assert ran.code == 3 and "no schedule 'nigthly'; did you mean nightly?" in ran.err
    assert row(nightly).state == "active"


def test_it_is_removed_after_a_yes(nightly: Cli) -> None:
    refused, dry = nightly("schedule", "rm", "nightly"), nightly("schedule", "rm", "nightly", "--dry-run")

    said = "nightly (every day at 03:00, Europe/Berlin)"
    assert refused.code == 2 and "--yes" in refused.err and said in refused.err
    assert dry.code == 0 and said in dry.out and row(nightly).state == "active"
    assert nightly("schedule", "rm", "nightly", "--yes").out == "nightly removed\n"
    assert nightly("schedule", "rm", "nightly", "--yes").code == 3


def test_all_of_several_are_removed_or_none(nightly: Cli) -> None:
    nightly("schedule", "set", "poll", "-t", "x", "--every", "1h")

    assert nightly("schedule", "rm", "nightly", "nowhere", "-y").code == 3
    assert nightly("schedule", "ls", "-q").out == "nightly\npoll\n"
    assert nightly("schedule", "rm", "nightly", "poll", "-y", "-q").out == "nightly\npoll\n"
    assert nightly("schedule", "ls", "-q").out == ""


def test_it_runs_now_once_and_its_times_stay(nightly: Cli) -> None:
    before = row(nightly).next
    ran, again = nightly("schedule", "run", "nightly"), nightly("schedule", "run", "nightly")

    id = ran.out.strip()
    assert ran.code == 0 and id.startswith("nightly:now:") and row(nightly).next == before
    assert again.code == 5 and id in again.err and "gopher inspect" in again.err
    assert nightly("inspect", "@last", "-q").out == ran.out


def test_a_run_is_waited_for(nightly: Cli) -> None:
    ran = nightly("schedule", "run", "nightly", "--wait", "--wait-timeout", "10ms")

    assert ran.code == 124 and "nightly:now:" in ran.err
    end(nightly, start(nightly)[0], builders.success())
    assert json.loads(nightly("schedule", "run", "nightly", "-o", "json").out)["schedule"] == "nightly"


def test_what_is_over_is_run_once_each(nightly: Cli) -> None:
    words = ("schedule", "backfill", "nightly", "--from", "2026-01-01", "--to", "2026-01-03T03:00")
    dry = nightly(*words, "--dry-run")
    made, again = nightly(*words), nightly(*words)

    first, last = "nightly:20260101T020000Z", "nightly:20260103T020000Z"
    assert dry.out == f"3 jobs would be submitted: {first} ... {last}\n"
    assert made.out == f"3 jobs submitted: {first} ... {last}\n"
    assert again.lines == ["0 jobs submitted", f"3 jobs known already: {first} ... {last}"]
    known = nightly(*words, "--dry-run")
    assert known.lines == ["0 jobs would be submitted", f"3 jobs known already: {first} ... {last}"]
    fresh = nightly(*words, "--again", "-q").lines
    assert len(fresh) == 3 and all(id.startswith(day) for id, day in zip(fresh, (first,), strict=False))
    said = json.loads(nightly(*words, "-o", "json").out)
    assert said["made"] == [] and len(said["known"]) == 3 and said["dry_run"] is False


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["nightly"], 2, "needs --from TIME and --to TIME"),
        (["nightly", "--from", "2026-01-02", "--to", "2026-01-01"], 65, "to is before from"),
        (["nightly", "--from", "2026-01-01", "--to", "2999-01-01"], 65, "instants that are over"),
        (["nightly", "--from", "soon", "--to", "2026-01-01"], 2, "--from: 'soon' is not a time"),
        (
            ["nightly", "--from", "2026-01-01", "--to", "2026-01-02", "--overlap", "serial"],
            65,
            "later release",
        ),
        (["nowhere", "--from", "2026-01-01", "--to", "2026-01-02"], 3, "no schedule 'nowhere'"),
    ],
)
def test_a_backfill_that_makes_no_sense_is_refused(
    nightly: Cli, words: list[str], code: int, said: str
) -> None:
    ran = nightly("schedule", "backfill", *words)

    assert (ran.code, ran.out) == (code, "") and said in ran.err


@pytest.mark.parametrize(
    "words",
    [
        ["pause"],
        ["resume"],
        ["run"],
        ["rm", "-y"],
        ["backfill", "--from", "2026-01-01", "--to", "2026-01-02"],
    ],
)
def test_a_name_of_several_queues_needs_one(nightly: Cli, words: list[str]) -> None:
    nightly("schedule", "set", "nightly", "-t", "report", "--every", "1h", "-Q", "shop")
    command, *rest = words

    ran = nightly("schedule", command, "nightly", *rest)
    assert ran.code == 5 and "default, shop" in ran.err and "-Q default" in ran.err
    assert nightly("schedule", command, "nightly", *rest, "-Q", "shop").code == 0
    assert nightly("schedule", command, "nowhere", *rest).code == 3


def test_the_audit_knows_who_did_what(nightly: Cli) -> None:
    nightly("schedule", "pause", "nightly", "--reason", "moving")
    nightly("schedule", "rm", "nightly", "-y")

    entries = do(nightly, lambda gopher: gopher.audit_log())
    assert [entry.action for entry in entries] == ["remove schedule", "pause schedule", "set schedule"]
    assert entries[1].detail == "moving" and all("@" in entry.actor for entry in entries)
