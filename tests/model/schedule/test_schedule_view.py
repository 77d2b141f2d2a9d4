"""The public view of a schedule: what everybody sees, in the form in which jobs are seen."""

from __future__ import annotations

import msgspec

from gopher_cli.model.job.make import make_job, make_options
from gopher_cli.model.schedule.recurrence import make_recurrence
from gopher_cli.model.schedule.schedule import make_schedule
from gopher_cli.model.schedule.schedule_state import HistoryEntry, Pause, ScheduleRow, Standing
from gopher_cli.model.schedule.schedule_view import view

NOON = 1_767_268_800_000  # 2026-01-01T12:00:00Z


def row(standing=Standing(), state="active", next=NOON, jobs=None, payload=b'{"n":10.00}', **when):  # noqa: B008
    options = make_options(tags=["nightly"], headers={"tenant": "acme"})
    spec = make_job("report", msgspec.Raw(payload), queue="mail", options=options).spec
    when = make_recurrence(**(when or {"cron": "0 12 * * *", "tz": "Europe/Berlin"}))
    schedule = make_schedule("s", "mail", spec, when, by="ann")
    return ScheduleRow("s", "mail", state, next, schedule, standing, "", jobs or {}, revision=NOON)


def seen(row):
    return msgspec.json.decode(msgspec.json.encode(view(row)))


def test_a_schedule_says_what_it_makes_when_and_how():
    said = seen(row())

    assert said["name"] == "s" and said["queue"] == "mail" and said["state"] == "active"
    assert said["type"] == "report" and said["tags"] == ["nightly"] and said["headers"] == {"tenant": "acme"}
    assert said["cron"] == "0 12 * * *" and said["tz"] == "Europe/Berlin" and said["every"] is None
    assert said["overlap"] == "skip" and said["catchup"] == "once" and said["by"] == "ann"
    assert said["updated_at"] == "2026-01-01T12:00:00.000Z"
    assert said["next_run"] == "2026-01-01T12:00:00.000Z" and said["last_run"] is None
    assert (said["runs"], said["skipped"], said["missed"], said["history"]) == (0, 0, 0, [])


def test_an_interval_is_told_in_seconds_and_its_ends_as_times():
    said = seen(row(every=90, offset=5, start=1.5, until=NOON / 1000, jitter=2.5, times=7))

    assert (said["every"], said["offset"], said["jitter"], said["times"]) == (90, 5, 2.5, 7)
    assert said["from"] == "1970-01-01T00:00:01.500Z" and said["until"] == "2026-01-01T12:00:00.000Z"
    assert said["cron"] is None and said["tz"] is None


def test_the_payload_keeps_the_very_digits_of_its_numbers():
    assert b'"payload":{"n":10.00}' in msgspec.json.encode(view(row()))


def test_the_last_run_is_the_newest_job_with_its_state():
    entries = (
        HistoryEntry(NOON, "skipped", 2, NOON + 60_000, NOON, "s:x"),
        HistoryEntry(NOON - 1000, "ran", 1, 0, 0, "s:x"),
    )
    said = seen(row(Standing(ran=1, skipped=2, job="s:x", history=entries), jobs={"s:x": "processing"}))

    assert said["last_run"] == {
        "instant": "2026-01-01T11:59:59.000Z", "job_id": "s:x", "state": "processing",
    }  # fmt: skip
    skipped, ran = said["history"]
    assert skipped["held_by"] == "s:x" and skipped["job_id"] is None and skipped["count"] == 2
    assert ran["job_id"] == "s:x" and ran["state"] == "processing" and ran["held_by"] is None


def test_a_last_run_that_the_history_has_lost_is_known_by_its_id():
    assert seen(row(Standing(job="s:20260101T120000Z")))["last_run"] == {
        "instant": "2026-01-01T12:00:00.000Z", "job_id": "s:20260101T120000Z", "state": None,
    }  # fmt: skip
    assert seen(row(Standing(job="s:now:5b3d")))["last_run"]["instant"] is None


def test_a_pause_says_since_when_by_whom_and_why():
    entries = (HistoryEntry(NOON, "paused", 1, NOON, NOON, "deploy"),)
    standing = Standing(pause=Pause(NOON, "ann", "deploy"), history=entries)
    said = seen(row(standing, "paused", next=None))

    assert said["paused"] == {"at": "2026-01-01T12:00:00.000Z", "by": "ann", "reason": "deploy"}
    assert said["next_run"] is None and said["history"][0]["reason"] == "deploy"


def test_one_that_cannot_be_read_is_shown_all_the_same():
    said = seen(ScheduleRow("s", "mail", "unreadable", NOON, None, Standing(ran=3), "no such zone"))

    assert said["problem"] == "no such zone" and said["runs"] == 3 and said["next_run"]
    assert said["type"] is None and said["cron"] is None and said["tags"] == [] and said["payload"] is None


def test_a_time_that_no_calendar_has_hides_nothing():
    assert seen(row(next=10**18))["next_run"] is None


def test_when_it_runs_is_said_in_words():
    assert seen(row())["description"] == "every day at 12:00, Europe/Berlin"
    assert seen(row(every=30))["description"] == "every 30 seconds"
    assert seen(row(cron="H 3 * * *"))["description"].startswith("every day at 03:")


def test_a_schedule_whose_zone_is_not_known_here_shows_its_expression():
    replace, known = msgspec.structs.replace, row()
    when = replace(known.schedule.when, tz="Mars/Olympus")
    elsewhere = replace(known, schedule=replace(known.schedule, when=when))

    assert seen(elsewhere)["description"] == "0 12 * * *, Mars/Olympus"
