"""Unique keys, beside Redis and far away: what holds one, also after its job, and what frees it."""

from __future__ import annotations

from typing import Any

import builders
import pytest

from cli.running import Cli
from cli.world import do, start

WINDOW = ("-t", "x", "--unique", "nightly", "--unique-for", "20h")


@pytest.fixture(params=["near", "far"])
def cli(request: pytest.FixtureRequest) -> Cli:
    found: Cli = request.getfixturevalue(request.param)
    return found


def done_and_gone(near: Cli) -> str:
    """A job that has completed inside its window, and of which nothing is kept."""
    id = near.id(*WINDOW)
    (lease,) = start(near)

    async def work(gopher: Any) -> None:
        await gopher.settle("w1.0", [builders.settlement(lease, retention=0.0)])

    do(near, work)
    assert near("inspect", id).code == 3
    return id


@pytest.mark.parametrize("how", [(), ("--wait",)])
def test_a_submit_inside_the_window_of_a_job_that_is_gone_says_so(
    near: Cli, cli: Cli, how: tuple[str, ...]
) -> None:
    id = done_and_gone(near)
    ran = cli("submit", *WINDOW, *how)

    assert ran.code == 0 and ran.out == ("" if how else f"{id}\n")
    assert f"the work was done by {id} (no longer kept); its unique key is held until 20" in ran.err
    assert cli("submit", *WINDOW, *how, "--if-exists", "fail").code == 5


def test_the_key_of_a_deleted_job_is_free(near: Cli, cli: Cli) -> None:
    first = near.id(*WINDOW)
    assert cli("purge", "--state", "all", "--yes").code == 0

    assert cli.id(*WINDOW) != first


def test_a_submit_under_the_key_of_a_job_that_is_being_cancelled_is_refused_and_stores_nothing(
    near: Cli, cli: Cli
) -> None:
    first = near.id("-t", "x", "--unique", "k")
    start(near)
    near("cancel", first)
    ran = cli("submit", "-t", "x", "--unique", "k")

    assert ran.code == 75 and first in ran.err and "is being cancelled" in ran.err and ran.out == ""
    assert near("jobs", "ls", "-q").lines == [first]


def test_a_batch_line_under_the_key_of_a_job_that_is_being_cancelled_is_refused_and_taken_by_the_next_run(
    near: Cli, cli: Cli
) -> None:
    first = near.id("-t", "x", "--unique", "k")
    (lease,) = start(near)
    near("cancel", first)
    lines = b'{"type":"y"}\n{"type":"x","unique":"k"}\n{"type":"z"}\n'
    args = ("submit", "--batch", "-", "--batch-id", "n", "-o", "plain")
    ran = cli(*args, stdin=lines)

    assert ran.code == 1
    assert [line.split("\t")[1] for line in ran.lines] == ["submitted", "refused", "submitted"]
    assert first in ran.lines[1] and "is being cancelled" in ran.lines[1] and "again when" in ran.lines[1]

    async def ends(gopher: Any) -> None:
        await gopher.settle("w1.0", [builders.settlement(lease, builders.cancellation())])

    do(near, ends)
    again = cli(*args, stdin=lines)
    assert again.code == 0
    assert [line.split("\t")[1] for line in again.lines] == ["exists", "submitted", "exists"]


def test_a_line_alone_under_the_key_of_a_job_that_is_being_cancelled_is_refused_and_ends_no_batch(
    near: Cli, cli: Cli
) -> None:
    first = near.id("-t", "x", "--unique", "k")
    start(near)
    near("cancel", first)
    ran = cli("submit", "--batch", "-", "-o", "plain", stdin=b'{"type":"x","unique":"k"}\n')

    assert ran.code == 1 and [line.split("\t")[1] for line in ran.lines] == ["refused"]
    assert first in ran.lines[0] and "is being cancelled" in ran.lines[0]


def test_a_batch_knows_a_line_whose_key_outlives_its_job(near: Cli, cli: Cli) -> None:
    id = done_and_gone(near)
    line = b'{"type":"x","unique":"nightly"}\n'
    ran = cli("submit", "--batch", "-", "-o", "plain", stdin=line)

    assert ran.code == 0 and ran.lines[0].split("\t")[:3] == ["1", "exists", id]


def test_retry_keeps_inside_the_window_of_another_job(near: Cli, cli: Cli) -> None:
    dead = near.id("-t", "x", "-r", "0", "--unique", "nightly")
    (lease,) = start(near)

    async def dies(gopher: Any) -> None:
        await gopher.settle("w1.0", [builders.settlement(lease, builders.discard())])

    do(near, dies)
    done_and_gone(near)
    ran = cli("retry", dead)

    assert ran.code == 5 and "another job holds its unique key" in ran.out
