"""A queue that nobody needs can be removed; one that has jobs or workers cannot."""

from __future__ import annotations

import json
from typing import Any

import pytest
from redis import Redis

from cli.running import Cli
from cli.world import beat, do, fail
from gopher_cli.gopher import Gopher
from gopher_cli.store import calls


@pytest.fixture(params=["near", "far"])
def cli(request: pytest.FixtureRequest, near: Cli, far: Cli) -> Cli:
    return {"near": near, "far": far}[request.param]


def known(cli: Cli) -> list[str]:
    return cli("queue", "ls", "-q").lines


def test_a_misspelt_queue_is_gone_with_all_that_is_kept_of_it(cli: Cli, near: Cli, redis: Redis) -> None:
    id = near.id("-t", "x", "-Q", "mial", "--unique", "k")
    near("queue", "pause", "mial")
    refused = cli("queue", "rm", "mial")
    near("purge", "--state", "all", "-Q", "mial", "--yes")
    ran = cli("queue", "rm", "mial")

    assert refused.code == 5 and "the queue mial has 1 job" in refused.err and "gopher jobs ls" in refused.err
    assert (ran.code, ran.lines[-1]) == (0, "mial\tremoved") and "mial" not in known(near)
    assert list(redis.scan_iter(f"{near.env['GOPHER_NAMESPACE']}:{{mial}}:*")) == []
    again = near("submit", "-q", "-t", "x", "-Q", "mial", "--unique", "k").out.strip()
    assert again not in ("", id) and not json.loads(near("queue", "ls", "--json").out)[-1]["paused"]


def test_a_queue_that_a_living_worker_serves_stays(cli: Cli, near: Cli) -> None:
    near.id("-t", "x", "-Q", "mail")
    near("purge", "--state", "all", "-Q", "mail", "--yes")
    beat(near, queues=["mail"], name="w-1")
    ran = cli("queue", "rm", "mail")

    assert ran.code == 5 and "is served by the worker w-1" in ran.err and "mail" in known(near)


def test_a_queue_that_others_have_brought_jobs_remembers_them_for_a_while(cli: Cli, near: Cli) -> None:
    id = fail(near, "-Q", "here")

    async def under_way(gopher: Gopher) -> Any:
        return await gopher.store.run(calls.move_out(gopher.keys("here"), [id], "there", "n"))

    do(near, under_way)
    sent = cli("queue", "rm", "here")
    do(near, lambda gopher: gopher.relay("here"))
    near("purge", "--state", "all", "--yes")
    came = cli("queue", "rm", "there")

    assert sent.code == 5 and "on their way from the queue here" in sent.err
    assert came.code == 5 and "remembers jobs" in came.err and {"here", "there"} <= set(known(near))


def test_of_several_queues_one_that_stays_stops_no_other(cli: Cli, near: Cli) -> None:
    for queue in ("a1", "b1"):
        near.id("-t", "x", "-Q", queue)
    near("purge", "--state", "all", "-Q", "b1", "--yes")
    ran = cli("queue", "rm", "nobody", "a1", "b1", "--no-header")

    assert ran.code == 5 and [line.partition("\t")[0] for line in ran.lines] == ["nobody", "a1", "b1"]
    assert ran.lines[2] == "b1\tremoved" and "b1" not in known(near)
    assert cli("queue", "rm", "b1").code == 3
