"""--search and --groups: jobs by what they hold, and the dead letter queue by error."""

from __future__ import annotations

import json

import builders
import pytest

from cli.running import Cli
from cli.world import end, fail, start


def test_a_search_narrows_a_list(cli: Cli) -> None:
    ann = cli.id("-t", "email", "-p", '{"to":"ann","n":1}')
    bob = cli.id("-t", "email", "-p", '{"to":"bob","n":1}')
    cli.id("-t", "sms", "-p", '{"to":"ann"}')

    def found(*args: str) -> list[str]:
        return sorted(cli("jobs", "ls", "-q", *args).lines)

    assert found("--search", "type:email payload.to:ann") == [ann]
    assert found("--search", "payload.to:ann", "-t", "email") == [ann]
    assert found("--search", "payload.n:1 state:enqueued") == sorted([ann, bob])
    assert found("--search", "BOB") == [bob]
    assert found("--search", f"id:{bob[-6:]}") == [bob]


def test_a_search_that_makes_no_sense_ends_with_2_and_a_guess(cli: Cli) -> None:
    ran = cli("jobs", "ls", "--search", "stat:failed")

    assert ran.code == 2
    assert "at character 1: no qualifier stat:" in ran.err
    assert "did you mean state:?" in ran.err


@pytest.mark.parametrize(
    "args", [["-t", "a", "--search", "type:b"], ["-s", "failed", "--search", "state:blocked"]]
)
def test_an_option_and_a_search_must_not_contradict_each_other(cli: Cli, args: list[str]) -> None:
    ran = cli("jobs", "ls", *args)

    assert ran.code == 2
    assert "in --search is" in ran.err


def test_retry_all_of_a_group_leaves_alone_what_lives(cli: Cli) -> None:
    dead = fail(cli, error="the disk is full")
    (group,) = json.loads(cli("list-failed", "--groups", "--json").out)["items"]
    lives = cli.id("-t", "x")
    (lease,) = start(cli)
    end(cli, lease, builders.failure(delay=60), outcome="failed", error="the disk is full", attempt=1)

    counted = cli("retry-all", "--search", f"group:{group['group']}", "--dry-run")
    cli("retry-all", "--search", f"group:{group['group']}")

    assert "1 job would be retried" in counted.err
    assert cli("jobs", "ls", "-q", "--state", "retrying").lines == [lives]
    assert cli("jobs", "ls", "-q", "--state", "enqueued").lines == [dead]


def test_retry_all_takes_a_state_from_the_search_and_refuses_others(cli: Cli) -> None:
    dead = fail(cli, error="boom")

    wrong = cli("retry-all", "--search", "state:completed")
    assert (wrong.code, "retry-all is for retrying and failed jobs, not completed" in wrong.err) == (2, True)
    assert cli("retry-all", "--search", "state:failed").code == 0
    assert cli("jobs", "ls", "-q", "--state", "enqueued").lines == [dead]


def test_groups_tell_how_often_and_of_which_types(cli: Cli) -> None:
    dead = {fail(cli, error=f"no answer from 10.0.0.{n}") for n in range(3)}
    other = fail(cli, error="the disk is full")

    groups = json.loads(cli("list-failed", "--groups", "--json").out)["items"]

    assert [(one["error"], one["count"], one["types"]) for one in groups] == [
        ("no answer from …", 3, {"x": 3}),
        ("the disk is full", 1, {"x": 1}),
    ]
    assert set(groups[0]["sample"]) == dead
    head, first, _ = (line.split("\t") for line in cli("list-failed", "--groups").lines)
    assert head == ["GROUP", "JOBS", "FIRST", "LAST", "TYPES", "QUEUES", "ERROR"]
    assert (first[0], first[1], first[-1]) == (groups[0]["group"], "3", "no answer from …")
    for way in (["--search", f"group:{groups[1]['group']}"], ["--group", groups[1]["group"]]):
        assert cli("list-failed", "-q", *way).lines == cli("jobs", "ls", "-q", *way).lines == [other]


def test_a_narrow_screen_shows_how_many_jobs_a_group_has(cli: Cli) -> None:
    for _ in range(2):
        fail(cli, error="no answer from 10.0.0.7")

    shown = cli("list-failed", "--groups", "--color", "never", tty=True, columns=60).out

    assert "JOBS" in shown.upper().split("\n")[0] and all(len(line) <= 60 for line in shown.splitlines())


def test_a_group_is_requeued_and_nothing_else(cli: Cli) -> None:
    for n in range(2):
        fail(cli, error=f"no answer from 10.0.0.{n}")
    fail(cli, error="the disk is full")
    group = cli("list-failed", "--groups", "-q").lines[0]

    assert "2 jobs would be retried" in cli("requeue-dlq", "--search", f"group:{group}", "--dry-run").err
    assert "2 jobs retried" in cli("requeue-dlq", "--group", group).out
    assert [row["error"] for row in json.loads(cli("list-failed", "--json").out)["items"]] == [
        "the disk is full"
    ]


def test_a_purge_of_a_group_leaves_the_others(cli: Cli) -> None:
    stays = fail(cli, error="the disk is full")
    fail(cli, error="boom 1")
    group = cli("list-failed", "--groups", "-q").lines[0]

    assert "1 job deleted" in cli("purge", "--state", "failed", "--group", group, "--yes").out
    assert cli("list-failed", "-q").lines == [stays]


@pytest.mark.parametrize("command", [["jobs", "ls"], ["purge", "--state", "failed", "--yes"], ["retry-all"]])
def test_an_option_that_is_empty_does_not_mean_all_jobs(cli: Cli, command: list[str]) -> None:
    """It is a variable of a script that was not set."""
    dead = fail(cli)

    for option in ("--group", "--type", "--tag", "--error", "--queue", "--search"):
        ran = cli(*command, option, "")
        assert (ran.code, ran.err.partition("\n")[0]) == (2, f"gopher: {option} is empty")
    assert cli("list-failed", "-q").lines == [dead]


def test_there_are_no_groups_where_nothing_failed(cli: Cli) -> None:
    assert (cli("list-failed", "--groups").code, cli("list-failed", "--groups").out) == (0, "")


def test_the_state_that_a_search_names_narrows_what_a_command_is_for(cli: Cli) -> None:
    dead, waits = fail(cli), cli.id("-t", "x")

    def count(*args: str) -> int:
        ran = cli(*args, "--dry-run", "-o", "json")
        assert ran.code == 0, ran.err
        jobs: int = json.loads(ran.out)["jobs"]
        return jobs

    assert count("retry-all", "--search", "state:failed") == 1
    assert count("requeue-dlq", "--search", "state:failed,retrying") == 1
    assert count("purge", "--state", "all", "--search", "state:enqueued") == 1
    assert count("purge", "--state", "all", "--search", "state:enqueued,failed") == 2
    assert cli("list-failed", "-q", "--search", "state:failed").lines == [dead]
    assert cli("purge", "--state", "all", "--search", "state:failed", "--yes").code == 0
    assert cli("jobs", "ls", "-q").lines == [waits]


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (["retry-all", "--search", "state:completed"], "is for retrying and failed jobs, not completed"),
        (["requeue-dlq", "--search", "state:completed"], "requeue-dlq is for failed jobs, not completed"),
        (["purge", "--state", "all", "--search", "state:processing"], "jobs, not processing"),
    ],
)  # fmt: skip
def test_where_nothing_is_left_of_a_search_it_says_what_the_command_is_for(
    cli: Cli, command: list[str], why: str
) -> None:
    ran = cli(*command, "--dry-run")

    assert ran.code == 2 and why in ran.err


@pytest.mark.parametrize("age", ["0", "0s"])
def test_an_age_of_nothing_does_not_mean_all_jobs(cli: Cli, age: str) -> None:
    fail(cli)
    ran = cli("purge", "--state", "failed", "--older-than", age, "--yes")

    assert ran.code == 2 and "older than nothing" in ran.err
    assert len(cli("jobs", "ls", "-q").lines) == 1
