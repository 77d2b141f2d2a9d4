"""--search and --groups: jobs by what they hold, and the dead letter queue by error."""

from __future__ import annotations

import json

import pytest

from cli.running import Cli
from cli.world import fail


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


def test_groups_tell_how_often_and_of_which_types(cli: Cli) -> None:
    dead = {fail(cli, error=f"no answer from 10.0.0.{n}") for n in range(3)}
    other = fail(cli, error="the disk is full")

    groups = json.loads(cli("list-failed", "--groups", "--json").out)

    assert [(one["error"], one["count"], one["types"]) for one in groups] == [
        ("no answer from …", 3, {"x": 3}),
        ("the disk is full", 1, {"x": 1}),
    ]
    assert set(groups[0]["sample"]) == dead
    head, first, _ = (line.split("\t") for line in cli("list-failed", "--groups").lines)
    assert head == ["GROUP", "JOBS", "FIRST", "LAST", "TYPES", "QUEUES", "ERROR"]
    assert (first[0], first[1], first[-1]) == (groups[0]["group"], "3", "no answer from …")
    assert cli("list-failed", "-q", "--search", f"group:{groups[1]['group']}").lines == [other]


def test_a_group_is_requeued_and_nothing_else(cli: Cli) -> None:
    for n in range(2):
        fail(cli, error=f"no answer from 10.0.0.{n}")
    fail(cli, error="the disk is full")
    group = cli("list-failed", "--groups", "-q").lines[0]

    assert "2 jobs would be retried" in cli("requeue-dlq", "--search", f"group:{group}", "--dry-run").out
    assert "2 jobs retried" in cli("requeue-dlq", "--search", f"group:{group}").out
    assert [row["error"] for row in json.loads(cli("list-failed", "--json").out)] == ["the disk is full"]


def test_a_purge_of_a_group_leaves_the_others(cli: Cli) -> None:
    fail(cli, error="boom 1")
    stays = fail(cli, error="the disk is full")

    ran = cli("purge", "--state", "failed", "--search", "error:boom", "--yes")

    assert "1 job deleted" in ran.out
    assert cli("list-failed", "-q").lines == [stays]


def test_there_are_no_groups_where_nothing_failed(cli: Cli) -> None:
    assert (cli("list-failed", "--groups").code, cli("list-failed", "--groups").out) == (0, "")
