"""Commands that look: one job, the whole picture; for people, for pipes and for programs."""

from __future__ import annotations

import json
import re

import builders
import pytest
from redis import Redis

from cli.running import Cli
from cli.world import beat, do, end, fail, report, start
from gopher_cli.gopher import Gopher

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"


def widest(text: str) -> int:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return max(len(line) for line in plain.splitlines())


def test_inspect_tells_everything(cli: Cli) -> None:
    id = fail(cli, "a=1", "--tag", "t", error="the disk is full", traceback="line 1\nline 2", exit_code=7)
    found = json.loads(cli("inspect", id, "-o", "json").out)

    assert (found["status"], found["payload"], found["tags"]) == ("failed", {"a": "1"}, ["t"])
    (event,) = found["history"]
    assert (event["error"], event["exit_code"]) == ("the disk is full", 7)
    shown = cli("inspect", id, "-o", "table").out
    for word in ("the disk is full", "line 2", "Payload", "Timeline", "exit code 7", id):
        assert word in shown


def test_inspect_names_the_schedule_and_the_instant_of_a_job(cli: Cli) -> None:
    async def tick(gopher: Gopher) -> tuple[str, str]:
        await gopher.set_schedule("nightly", "report", every=3600, now="1767225600000")
        made = (await gopher.tick("default", now="1767229200000")).made
        return made[0], await gopher.run_schedule("nightly") if await gopher.cancel("default", made) else ""

    ticked, by_hand = do(cli, tick)
    found = json.loads(cli("inspect", ticked, "-o", "json").out)

    assert (found["schedule"], found["instant"]) == ("nightly", "2026-01-01T01:00:00.000Z")
    assert "nightly, for 2026-01-01 01:00:00" in cli("inspect", ticked, "-o", "table").out
    assert "nightly, by hand" in cli("inspect", by_hand, "-o", "table").out
    plain = cli("inspect", cli.id("-t", "x"), "-o", "plain").out
    assert "schedule" not in plain and "instant" not in plain


@pytest.mark.parametrize("cut", [slice(0, 30), slice(-12, None), slice(-6, None)])
def test_a_part_of_an_id_is_enough(cli: Cli, cut: slice) -> None:
    id = cli.id("-t", "x")

    assert cli("inspect", id[cut], "-q").out.strip() == id


def test_a_part_of_one_id_in_two_queues_is_told_the_queues(cli: Cli) -> None:
    for queue in ("default", "slow"):
        cli.id("-t", "x", "--id", "order-1042", "-Q", queue)
    ran = cli("inspect", "order-10")

    assert ran.code == 5 and "several queues have a job 'order-1042': default, slow" in ran.err
    assert "type more" not in ran.err


def test_a_part_that_fits_several_lists_them(cli: Cli) -> None:
    ids = [cli.id("-t", "x", "--id", f"job-{n}") for n in range(2)]
    ran = cli("inspect", "job-")

    assert ran.code == 2
    assert all(id in ran.err for id in ids)


def test_nobody_has_this_id(cli: Cli) -> None:
    ran = cli("inspect", "0000000000")

    assert (ran.code, ran.out) == (3, "")
    assert ran.err == "gopher: no job '0000000000'\nhint: list them with: gopher jobs ls\n"


def test_there_is_no_last_job_before_the_first(cli: Cli) -> None:
    assert "no @last yet" in cli("inspect", "@last").err


def test_why_a_job_does_not_run(cli: Cli) -> None:
    id = cli.id("-t", "emial")
    assert "no worker is running" in cli("inspect", id).out

    beat(cli, queues=["default"], types=["email"], host="h", pid=1)
    assert "did you mean email?" in cli("inspect", id).out

    cli("queue", "pause", "default")
    assert "the queue is paused" in cli("inspect", id).out


def test_a_scheduled_job_whose_type_nobody_serves_says_so(cli: Cli) -> None:
    """A worker that lacks the handler puts such a job off for ever."""
    id = cli.id("-t", "emial", "--in", "1h")
    assert "no live worker" not in cli("inspect", id).out

    beat(cli, queues=["default"], types=["email"], host="h", pid=1)
    said = cli("inspect", id).out

    assert "it is due in" in said
    assert "no live worker serves the type emial; did you mean email?" in said


def test_without_a_worker_a_misspelt_type_is_guessed_from_the_published_ones(cli: Cli) -> None:
    do(cli, lambda gopher: gopher.publish_types({"email": b"{}"}))

    assert "did you mean email?" in cli("inspect", cli.id("-t", "emial")).out
    assert "did you mean" not in cli("inspect", cli.id("-t", "email")).out


def test_the_timeline_shows_what_was_handed_back_and_by_whom(cli: Cli) -> None:
    id = cli.id("-t", "x")
    (lease,) = start(cli)
    silent = builders.msgspec.structs.replace(builders.settlement(lease, builders.interruption()), data=b"")
    do(cli, lambda gopher: gopher.settle("w1.0", [silent]))
    beat(cli, host="box", pid=77, queues=["default"], types=["x"])
    shown = cli("inspect", id, "-o", "table").out

    assert "handed back" in shown and "box:77" in shown


def test_what_is_over_shows_no_old_error_and_no_half_progress(cli: Cli) -> None:
    id = cli.id("-t", "x")
    (lease,) = start(cli)
    end(cli, lease, builders.failure(delay=0), outcome="failed", error="the disk is full")
    assert "the disk is full" in cli("jobs", "ls").out

    cli("retry", id)
    (lease,) = start(cli)
    report(cli, lease, progress={"fraction": 0.5, "message": "half"})
    end(cli, lease, builders.success())

    assert "the disk is full" not in cli("jobs", "ls").out
    assert "50%" not in (shown := cli("inspect", id, "-o", "table").out)
    assert "the disk is full" in shown


def test_a_silent_worker_is_shown_without_a_load(cli: Cli) -> None:
    from gopher_cli.cli.render.workers import busy, current
    from gopher_cli.verbs.read.fleet import _info

    about = b'{"busy": 3, "slots": 5, "current": [{"id": "j", "type": "t", "seconds": 1}]}'

    assert [busy(_info("w", 1_000, about, now)) for now in (2_000, 60_000)] == ["3/5", "-"]
    assert current(_info("w", 1_000, about, 60_000)) == "-"


def test_a_queue_of_twelve_letters_is_never_cut_for_an_error(cli: Cli) -> None:
    fail(cli, "-Q", "twelveletter", error="a long story " * 20)

    assert "twelveletter" in cli("jobs", "ls", tty=True, columns=80).out


def test_the_log_and_the_result_of_a_job(cli: Cli) -> None:
    id = cli.id("-t", "x")
    (lease,) = start(cli)
    report(
        cli,
        lease,
        log="1700000000000 first\n1700000001000 second\n",
        progress={"fraction": 0.5, "message": "half"},
    )
    end(cli, lease, builders.success(b'{"n": 3}'))

    shown = cli("inspect", id, "-o", "table").out
    assert "first" in shown and "second" in shown and '"n": 3' in shown
    waited = cli("inspect", id, "--wait")
    assert (waited.code, waited.out) == (0, '{"n":3}\n')
    assert waited.err == "first\nsecond\n"


def test_waiting_for_a_dead_job_fails_with_its_error(cli: Cli) -> None:
    id = fail(cli, error="the disk is full")
    ran = cli("inspect", id, "--wait")

    assert (ran.code, ran.out) == (1, "")
    assert ran.err == f"gopher: {id} failed: the disk is full\nhint: gopher inspect {id}\n"


@pytest.mark.parametrize(("given", "expected"), [(7, 7), (113, 113), (126, 1), (0, 1)])
def test_the_exit_code_of_an_executable_passes_through(cli: Cli, given: int, expected: int) -> None:
    id = fail(cli, error="exit", exit_code=given)

    assert cli("inspect", id, "--wait").code == expected


def test_stats_have_flat_totals_and_everything_else(cli: Cli) -> None:
    cli.id("-t", "x", "--priority", "high")
    cli.id("-t", "x", "--in", "1h")
    fail(cli, "-Q", "other")
    found = json.loads(cli("stats", "-o", "json").out)

    assert [found[name] for name in ("pending", "running", "completed", "failed", "total")] == [1, 0, 0, 1, 3]
    assert found["queues"][0]["classes"]["high"] == 1
    assert {"windows", "types", "per_minute", "workers", "server", "oldest_age_seconds"} <= found.keys()
    assert found["server"]["round_trip_seconds"] > 0
    assert "pending\t1" in cli("stats").lines
    assert "queues.default.states.scheduled\t1" in cli("stats").lines
    assert [one["queue"] for one in json.loads(cli("stats", "-Q", "other", "--json").out)["queues"]] == [
        "other"
    ]


def test_a_queue_with_foreign_keys_is_named_and_hides_no_other(
    cli: Cli, redis: Redis, namespace: str
) -> None:
    cli("submit", "-t", "x")
    cli("submit", "-t", "x", "-Q", "bad")
    key = f"{namespace}:{{bad}}:ready_normal"
    redis.delete(key)
    redis.set(key, "not ours")

    assert "not counted, for keys that are not ours: bad" in cli("stats", tty=True).out
    assert {"unreadable\tbad", "pending\t1"} <= set(cli("stats").lines)


def test_stats_of_a_queue_that_nobody_knows(cli: Cli) -> None:
    assert cli("stats", "-Q", "nope").code == 3


@pytest.mark.parametrize("columns", [120, 80, 60])
@pytest.mark.parametrize(
    "args",
    [["stats"], ["jobs", "ls"], ["workers"], ["queue", "ls"], ["config", "show"], ["inspect", "@last"]],
)
def test_everything_fits_the_screen(cli: Cli, columns: int, args: list[str]) -> None:
    fail(cli, error="a long story " * 20)
    cli.id(
        "-t",
        "a-type-with-a-very-long-name-indeed",
        "-Q",
        "a-queue-with-a-very-long-name-too",
        "text=" + "x" * 300,
    )
    beat(
        cli,
        host="a-host-with-a-long-name.example.com",
        pid=12345,
        queues=["q" * 30] * 3,
        types=["t"],
        slots=8,
        busy=3,
        rss_bytes=10**9,
        state="running",
        current=[{"id": "j", "type": "t" * 40, "queue": "q", "seconds": 3.5}],
    )

    shown = cli(*args, tty=True, columns=columns)

    assert (shown.code, shown.err) == (0, "")
    assert widest(shown.out) <= columns


def test_workers_and_what_they_run(cli: Cli) -> None:
    beat(cli, host="h", pid=7, slots=4, busy=1, state="running", queues=["default"], types=["x"],
         current=[{"id": "abcdef123456", "type": "x", "queue": "default", "seconds": 12.3}])  # fmt: skip

    (row,) = json.loads(cli("workers", "-o", "json").out)
    assert (row["pid"], row["busy"], row["alive"]) == (7, 1, True)
    assert "x 123456 12s" in cli("workers", tty=True, columns=150).out


def test_health_is_an_exit_code(cli: Cli) -> None:
    assert cli("health").code == 0
    assert cli("health", "-q").out == ""
    assert json.loads(cli("health", "-o", "json").out)["status"] == "ok"
    away = cli("health", "--redis-url", "unix:///nowhere/s")
    assert away.code == 69
    assert "cannot reach Redis at unix:///nowhere/s" in away.err


def test_types_and_their_fields(cli: Cli) -> None:
    schema = {"type": "object", "required": ["to"], "properties": {"to": {}, "cc": {}}}
    do(cli, lambda gopher: gopher.publish_types({"email": json.dumps(schema).encode()}))

    assert cli("types").lines == ["TYPE\tFIELDS", "email\tto [cc]"]
    assert json.loads(cli("types", "email").out) == schema
    assert "did you mean email?" in cli("types", "emial").err


def test_secrets_are_stars(cli: Cli) -> None:
    cli.env |= {"REDIS_URL": "redis://user:hunter2@localhost:1/0", "API_KEY": "hunter2too"}

    for format in ("plain", "json", "csv", "table"):
        shown = cli("config", "show", "-o", format, columns=200).out
        assert "***" in shown and "hunter2" not in shown
    assert "hunter2" not in cli("config", "path").out
    assert "hunter2" not in cli("stats").err


@pytest.mark.parametrize("format", ["json", "plain", "csv"])
def test_a_line_of_a_log_has_its_time_in_rfc_3339(cli: Cli, format: str) -> None:
    id = cli.id("-t", "x")
    (lease,) = start(cli)
    report(cli, lease, log="1759312800123 it begins\nno time\n")

    out = cli("inspect", id, "-o", format).out
    assert "2025-10-01T10:00:00.123Z it begins" in out and "no time" in out
    assert "1759312800123" not in out
