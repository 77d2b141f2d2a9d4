"""Ids: which job a command means, beside Redis and far away. Nothing is changed by a guess."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from cli.running import Cli
from cli.world import fail


@pytest.fixture(params=["near", "far"])
def cli(request: pytest.FixtureRequest) -> Cli:
    """Jobs are made beside Redis; see ``near``."""
    found: Cli = request.getfixturevalue(request.param)
    return found


def states(near: Cli) -> dict[str, str]:
    """Of every job, by queue and id."""
    return {
        f"{one['queue']}/{one['job_id']}": one["status"]
        for one in json.loads(near("jobs", "ls", "--json").out)["items"]
    }


VERBS: list[tuple[str, ...]] = [
    ("cancel",), ("retry",), ("reschedule", "--in", "2h"), ("requeue-dlq",),
    ("requeue-dlq", "--to-queue", "other"),
]  # fmt: skip
each_verb = pytest.mark.parametrize("verb", VERBS, ids=" ".join)


@each_verb
@pytest.mark.parametrize("part", ["order-1", "123456"])
def test_a_part_of_an_id_changes_nothing(near: Cli, cli: Cli, verb: tuple[str, ...], part: str) -> None:
    ids = {"order-1": "order-10", "123456": "user-5-123456"}
    if verb[0] == "requeue-dlq":
        fail(near, "--id", ids[part])
    else:
        near.id("-t", "x", "--id", ids[part], "--in", "1h")
    before = states(near)
    ran = cli(verb[0], part, *verb[1:])

    assert ran.code == 3 and ran.out == ""
    assert f"no job '{part}'; did you mean {ids[part]}?" in ran.err
    assert states(near) == before


def test_a_job_waits_for_none_whose_id_only_begins_so(near: Cli, cli: Cli) -> None:
    near.id("-t", "x", "--id", "order-10", "--in", "1h")
    ran = cli("submit", "-t", "x", "--after", "order-1")

    assert ran.code == 3 and "did you mean order-10?" in ran.err
    assert list(states(near).values()) == ["scheduled"]


def test_a_part_is_enough_to_look(near: Cli, cli: Cli) -> None:
    near.id("-t", "x", "--id", "order-10", "--in", "1h")

    assert cli("inspect", "order-1", "-q").out == "order-10\n"


@pytest.fixture
def twice(near: Cli) -> Callable[..., None]:
    """A scheduled or dead job `dup` in each of two queues."""

    def make(*, dead: bool) -> None:
        for queue in ("a", "b"):
            if dead:
                fail(near, "--id", "dup", "-Q", queue)
            else:
                near.id("-t", "x", "--id", "dup", "-Q", queue, "--in", "1h")

    return make


@each_verb
def test_an_id_in_two_queues_is_refused_until_one_is_named(
    near: Cli, cli: Cli, verb: tuple[str, ...], twice: Callable[..., None]
) -> None:
    twice(dead=verb[0] == "requeue-dlq")
    before = states(near)
    ran = cli(verb[0], "dup", *verb[1:])

    assert ran.code == 5 and "a, b" in ran.err and "-Q a" in ran.err and ran.out == ""
    assert states(near) == before
    ran = cli(verb[0], "dup", "-Q", "b", *verb[1:])
    assert ran.code == 0 and ran.lines[1].split("\t")[:2] == ["dup", "b"]
    assert states(near)["a/dup"] == before["a/dup"]


@pytest.mark.parametrize("how", [(), ("--wait", "--wait-timeout", "10ms")])
def test_to_look_at_an_id_in_two_queues_one_is_named(
    near: Cli, cli: Cli, how: tuple[str, ...], twice: Callable[..., None]
) -> None:
    twice(dead=False)

    ran = cli("inspect", "dup", *how)
    assert ran.code == 5 and "a, b" in ran.err and "-Q a" in ran.err
    assert cli("inspect", "dup", "-Q", "c", *how).code == 3
    ran = cli("inspect", "dup", "-Q", "b", *how)
    assert ran.code == (124 if how else 0)
    assert how or "\nqueue\tb\n" in ran.out


@each_verb
def test_one_id_that_has_gone_stops_no_other(near: Cli, cli: Cli, verb: tuple[str, ...]) -> None:
    for id in ("aaaa1", "bbbb1"):
        if verb[0] == "requeue-dlq":
            fail(near, "--id", id)
        else:
            near.id("-t", "x", "--id", id, "--in", "1h")
    ran = cli(verb[0], "aaaa1", "gone-1", "bbbb1", "aaaa1", *verb[1:])
    rows = [line.split("\t") for line in ran.lines[1:]]

    assert ran.code == 3
    assert [row[0] for row in rows] == ["aaaa1", "gone-1", "bbbb1"]
    assert "no such job" in rows[1][2]
    assert rows[0][2] == rows[2][2] and "no such job" not in rows[0][2]


def test_one_id_that_has_gone_hides_no_other(near: Cli, cli: Cli) -> None:
    near.id("-t", "x", "--id", "aaaa1")
    ran = cli("inspect", "gone-1", "aaaa1", "-q")

    assert ran.code == 3 and ran.out == "aaaa1\n" and "no job 'gone-1'" in ran.err


def test_of_several_ids_one_in_two_queues_is_left_with_its_reason(
    near: Cli, cli: Cli, twice: Callable[..., None]
) -> None:
    twice(dead=False)
    near.id("-t", "x", "--id", "alone", "--in", "1h")
    ran = cli("cancel", "dup", "alone")

    assert ran.code == 5 and "several queues have it (a, b): add -Q" in ran.lines[1]
    assert states(near) == {"a/dup": "scheduled", "b/dup": "scheduled", "default/alone": "cancelled"}
