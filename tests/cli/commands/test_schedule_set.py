"""gopher schedule set and gopher submit --cron: what is defined, what is told of it, what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from redis import Redis

from cli.running import Cli
from cli.world import do
from gopher_cli.model.schedule.schedule_state import ScheduleRow
from gopher_cli.store import calls

SET = ("schedule", "set", "nightly", "-t", "report", "--cron", "0 3 * * *", "--tz", "Europe/Berlin")


def row(cli: Cli, name: str = "nightly", queue: str = "") -> ScheduleRow:
    found: ScheduleRow = do(cli, lambda gopher: gopher.schedule_row(name, queue))
    return found


def rows(cli: Cli) -> list[ScheduleRow]:
    return list(do(cli, lambda gopher: gopher.schedules()))


def publish(cli: Cli, type: str, schema: dict[str, Any]) -> None:
    do(cli, lambda gopher: gopher.publish_types({type: json.dumps(schema).encode()}))


def test_it_says_what_was_made_of_it_when_that_is_and_what_is_next(cli: Cli) -> None:
    made, again, other = cli(*SET), cli(*SET), cli(*SET, "a=1")

    assert (made.code, again.code, other.code) == (0, 0, 0) and made.err == ""
    assert made.out.startswith("nightly created: every day at 03:00, Europe/Berlin; next run 20")
    assert "T03:00:00+0" in made.out and "(in " in made.out
    assert again.out.startswith("nightly unchanged: ") and other.out.startswith("nightly changed: ")


def test_quiet_prints_the_name_and_json_all_of_it(cli: Cli) -> None:
    assert (cli(*SET, "-q").out, cli(*SET, "-o", "id").out) == ("nightly\n", "nightly\n")

    said = json.loads(cli(*SET, "-o", "json").out)
    next = row(cli).next
    assert said["name"] == "nightly" and said["queue"] == "default" and said["outcome"] == "unchanged"
    assert said["state"] == "active" and said["description"] == "every day at 03:00, Europe/Berlin"
    assert said["next_run"] and said["job_id"].startswith("nightly:20") and next


def test_every_option_reaches_the_schedule(cli: Cli) -> None:
    ran = cli(
        "schedule", "set", "poll", "url=x", "n:=1", "-t", "poll", "-Q", "net", "--every", "30s",
        "--offset", "5s", "--from", "2030-01-01T00:00Z", "--until", "2031-01-01T00:00Z", "--times", "9",
        "--jitter", "2s", "--overlap", "all", "--catchup", "all:3", "--within", "1h", "--pause-after", "4",
        "--priority", "high", "-r", "1", "--timeout", "9s", "--backoff", "fixed:1s", "--retention", "1h",
        "--tag", "a", "--header", "tenant=acme", "--unique", "u", "--unique-for", "5s",
    )  # fmt: skip

    assert ran.code == 0, ran.err
    schedule = row(cli, "poll").schedule
    assert schedule
    when, spec, options = schedule.when, schedule.spec, schedule.spec.options
    assert (when.every, when.offset, when.times, when.jitter) == (30, 5, 9, 2.0)
    assert (when.start, when.until) == (1_893_456_000.0, 1_924_992_000.0)
    assert (schedule.queue, schedule.overlap, schedule.catchup) == ("net", "all", "all:3")
    assert (schedule.within, schedule.pause_after) == (3600.0, 4)
    assert (spec.type, bytes(spec.payload), spec.priority) == ("poll", b'{"url":"x","n":1}', 8)
    assert (spec.max_retries, spec.timeout, options.backoff, options.retention) == (1, 9.0, "fixed:1s", 3600)
    assert (options.tags, options.headers) == (("a",), {"tenant": "acme"})
    assert (options.unique_key, options.unique_for) == ("u", 5.0)


def test_times_without_a_zone_are_those_of_the_schedule(cli: Cli) -> None:
    cli(*SET, "--from", "2030-01-01", "--until", "2030-07-01T12:00")

    schedule = row(cli).schedule
    assert schedule and schedule.when.start == 1_893_456_000 - 3600  # midnight in Berlin
    assert schedule.when.until == 1_909_130_400


def test_the_time_zone_of_the_settings_counts_where_none_is_named(cli: Cli) -> None:
    cli.env["SCHEDULE_TIMEZONE"] = "Asia/Tokyo"
    ran = cli("schedule", "set", "nightly", "-t", "report", "--cron", "0 3 * * *")

    assert "Asia/Tokyo" in ran.out and "T03:00:00+09:00" in ran.out


def test_a_trace_of_who_defines_it_is_no_part_of_it(cli: Cli) -> None:
    cli.env["TRACEPARENT"] = "00-1-2-01"
    cli(*SET)

    schedule = row(cli).schedule
    assert schedule and schedule.spec.options.headers == {}


def test_submit_with_cron_is_the_same_schedule(cli: Cli) -> None:
    cli(*SET, "a=1")
    words = ("--cron", "0 3 * * *", "--tz", "Europe/Berlin", "--name", "nightly")
    ran = cli("submit", "-t", "report", "a=1", *words)

    assert ran.code == 0 and ran.out.startswith("nightly unchanged: ")


def test_submitted_without_a_name_it_is_one_schedule_however_often_that_is_done(cli: Cli) -> None:
    words = ("submit", "-t", "report", "-p", '{"a": 1}', "--every", "6h")
    first, second = cli(*words, "-q"), cli(*words)

    (only,) = rows(cli)
    assert first.out == f"{only.name}\n" and only.name.startswith("report-")
    assert second.out.startswith(f"{only.name} unchanged: every 6 hours")


@pytest.mark.parametrize(
    ("words", "instead"),
    [
        (["--in", "5m"], "--from"),
        (["--at", "2030-01-01T00:00:00Z"], "--from"),
        (["--after", "x"], "cannot wait"),
        (["--wait"], "gopher schedule run"),
        (["--wait-timeout", "5s"], "gopher schedule run"),
        (["--batch", "-"], "one job at a time"),
        (["--batch-id", "x"], "one job at a time"),
        (["--id", "x"], "--name"),
        (["--if-exists", "fail"], "changes nothing"),
        (["--durability", "fsync"], "durable"),
    ],
)
def test_what_is_of_one_job_does_not_go_with_cron(cli: Cli, words: list[str], instead: str) -> None:
    ran = cli("submit", "-t", "report", "--cron", "@daily", *words)

    assert ran.code == 2 and f"{words[0]} and --cron do not go together" in ran.err and instead in ran.err
    assert rows(cli) == []


@pytest.mark.parametrize("option", ["--tz", "--name"])
def test_what_is_of_a_schedule_does_not_go_without_one(cli: Cli, option: str) -> None:
    ran = cli("submit", "-t", "report", option, "UTC")

    assert ran.code == 2 and f"{option} is for a schedule" in ran.err and "--cron" in ran.err


def test_an_option_that_submit_has_not_is_found_where_it_is(cli: Cli) -> None:
    ran = cli("submit", "-t", "report", "--every", "5s", "--until", "2030-01-01")

    assert ran.code == 2 and "gopher schedule set NAME" in ran.err and "--until" in ran.err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--cron", "0 25 * * *"], 65, "--cron: the hour '25'"),
        (["--cron", "*/0 * * * *"], 65, "--cron: the minute '*/0'"),
        (["--cron", "0 0 31 2 *"], 65, "never matches"),
        (["--cron", "0 0 3 * * *"], 65, "seconds are not taken"),
        (["--cron", "0 3 * *"], 65, "4 fields"),
        (["--cron", "0", "3", "*"], 65, "hint: quote the expression"),
        (["--cron", "@dayly"], 65, "see: gopher help cron"),
        (["--cron", "0 0 * Mai *"], 65, "--cron: the month 'Mai'"),
        (["--cron", "0 0 1-99999999999 * *"], 65, "--cron: the day of month"),
        (["--cron", "@daily", "--tz", "Mars/Olympus"], 65, "--tz: 'Mars/Olympus' is not a time zone here"),
        (["--every", "30s", "--tz", "UTC"], 65, "--tz: an interval has no time zone"),
        (["--every", "0.5s"], 65, "--every: "),
        (["--every", "soon"], 2, "--every: 'soon' is not a duration"),
        (["--cron", "@daily", "--every", "30s"], 65, "a schedule has a cron expression or an interval"),
        (["--cron", "@daily", "--offset", "1s"], 65, "--offset: "),
        (["--cron", "@daily", "--from", "2030-01-02", "--until", "2030-01-01"], 65, "--until: "),
        (["--cron", "@daily", "--until", "2020-01-01"], 65, "no instant of this schedule is still to come"),
        (["--cron", "@daily", "--until", "later"], 2, "--until: 'later' is not a time"),
        (["--cron", "@daily", "--times", "0"], 2, "--times"),
        (["--cron", "@daily", "--overlap", "serial"], 65, "comes with a later release"),
        (["--cron", "@daily", "--overlap", "never"], 65, "an overlap is skip or all"),
        (["--cron", "@daily", "--catchup", "all:3"], 65, "add overlap all"),
        (["--cron", "@daily", "--catchup", "all:101", "--overlap", "all"], 65, "a catchup is once"),
        (["--cron", "@daily", "--pause-after", "11"], 65, "pause_after"),
        (["--cron", ""], 2, "--cron is empty"),
        ([], 2, "add --cron '0 3 * * *', or --every 30s"),
        (["--cron", "@daily", "-p", "{"], 65, "not valid JSON"),
        (["--cron", "@daily", "--priority", "urgent"], 2, "a priority is high"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_name_and_stores_nothing(
    cli: Cli, words: list[str], code: int, said: str
) -> None:
    ran = cli("schedule", "set", "nightly", "-t", "report", *words)

    assert (ran.code, ran.out) == (code, "") and said in ran.err
    assert "Traceback" not in ran.err and rows(cli) == []


@pytest.mark.parametrize("name", ["a b", "a/b", "x" * 65, "..", "ä"])
def test_a_name_that_is_none_is_refused(cli: Cli, name: str) -> None:
    ran = cli("schedule", "set", name, "-t", "report", "--every", "30s")

    assert ran.code == 2 and "the name" in ran.err and rows(cli) == []


def test_a_type_in_the_place_of_the_payload_is_understood(cli: Cli) -> None:
    ran = cli("schedule", "set", "nightly", "report", "--every", "30s")

    assert ran.code == 2 and "did you mean -t report?" in ran.err


@pytest.mark.parametrize("words", [("schedule", "set", "nightly"), ("submit",)])
def test_a_payload_that_does_not_fit_its_type_is_refused(cli: Cli, words: tuple[str, ...]) -> None:
    publish(cli, "report", {"type": "object", "required": ["day"]})

    ran = cli(*words, "-t", "report", "--every", "30s", "a=1")

    assert ran.code == 65 and "day" in ran.err and rows(cli) == []


def test_a_type_that_nobody_knows_is_told_of(cli: Cli) -> None:
    publish(cli, "reports", {"type": "object"})

    ran = cli(*SET)

    assert ran.code == 0 and "no worker has published the type report; did you mean reports?" in ran.err


def test_a_zone_of_the_settings_that_is_not_known_is_a_bad_setting(cli: Cli) -> None:
    cli.env["SCHEDULE_TIMEZONE"] = "Mars/Olympus"
    ran = cli("schedule", "set", "nightly", "-t", "report", "--cron", "@daily")

    assert ran.code == 78 and "SCHEDULE_TIMEZONE: 'Mars/Olympus'" in ran.err


def test_one_more_than_a_queue_may_have_is_refused(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    cli(*SET)
    defaults = calls.schedule.__kwdefaults__
    monkeypatch.setattr(calls.schedule, "__kwdefaults__", {**defaults, "limit": 1})

    ran = cli("schedule", "set", "other", "-t", "report", "--every", "30s")

    assert ran.code == 2 and "the most that it may have" in ran.err and "gopher schedule rm" in ran.err


def test_where_memory_is_full_nothing_is_stored_and_it_is_tried_later(cli: Cli, own_redis_url: str) -> None:
    cli.env["REDIS_URL"] = own_redis_url
    cli(*SET)
    with Redis.from_url(own_redis_url) as redis:
        redis.config_set("maxmemory", "1mb")
        try:
            ran = cli("schedule", "set", "other", "-t", "report", "--every", "30s")
            held, gone = cli("schedule", "pause", "nightly"), cli("schedule", "rm", "nightly", "-y")
        finally:
            redis.config_set("maxmemory", "0")

    assert ran.code == 75 and ran.out == "" and "memory" in ran.err
    assert (held.code, gone.code) == (0, 0) and rows(cli) == []


def test_whoever_moves_one_to_another_queue_hears_that_there_are_two(cli: Cli) -> None:
    assert cli(*SET).err == ""

    first, again = (cli(*SET, "-Q", "shop") for _ in range(2))
    assert first.code == 0 and "gopher schedule rm nightly -Q default" in first.err
    assert "rm nightly" not in again.err  # it is not new any more


def test_a_paused_one_stays_paused_and_says_so(cli: Cli) -> None:
    cli(*SET)
    cli("schedule", "pause", "nightly")

    assert "paused until gopher schedule resume nightly" in cli(*SET, "a=1").out
    assert row(cli).state == "paused"


def test_errors_of_programs_name_what_was_wrong(cli: Cli) -> None:
    ran = cli("schedule", "set", "nightly", "-t", "report", "--cron", "x", "-o", "json")

    said = json.loads(ran.err)["error"]
    assert (said["code"], said["exit_code"]) == ("BadSchedule", 65)
