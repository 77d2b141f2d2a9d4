"""What a queue without schedules costs: the commands that it took before there were any."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import builders

from store.test_tick import define

SUBMIT = {"hget": 2, "hmget": 1, "hset": 3, "hlen": 3, "hincrby": 2, "zadd": 1, "zrem": 1, "zcard": 2, "llen": 1, "exists": 1}  # fmt: skip  # noqa: E501
SETTLE = {"hget": 1, "hmget": 2, "hset": 4, "hlen": 4, "hincrby": 3, "zadd": 3, "zrem": 2, "zcard": 4, "exists": 2}  # fmt: skip  # noqa: E501
PROMOTE = {"zrange": 2, "zrangebyscore": 2, "exists": 1}
PROMOTE_DUE = {"hmget": 1, "zrange": 2, "zrangebyscore": 2, "zadd": 1, "zrem": 1, "zcard": 1, "llen": 1, "exists": 2}  # fmt: skip  # noqa: E501


def commands(server: Any, act: Callable[[], object]) -> dict[str, int]:
    """How often each command runs in the script of this call."""
    server.redis.config_resetstat()
    act()
    told = server.redis.info("commandstats")
    calls = {name.removeprefix("cmdstat_"): said["calls"] for name, said in told.items()}
    assert calls.pop("evalsha") == 1
    return {name: count for name, count in calls.items() if not name.startswith(("config", "info"))}


def warm_up(server: Any) -> None:
    """The server knows the scripts, and the queue has been used."""
    server.submit(builders.job())
    server.promote()
    server.settle(builders.settlement(server.reserve()[0]))


def test_a_queue_without_schedules_takes_the_commands_that_it_always_took(server: Any) -> None:
    warm_up(server)
    jobs = [builders.job(), builders.job(), builders.job(unique_key="k")]

    assert commands(server, lambda: server.submit(*jobs)) == SUBMIT
    leases = server.reserve(count=3)
    assert commands(server, server.promote) == PROMOTE
    outcomes = [builders.success(), builders.discard(), builders.failure(delay=1.0)]
    ends = [builders.settlement(lease, came_to) for lease, came_to in zip(leases, outcomes, strict=True)]
    assert commands(server, lambda: server.settle(*ends)) == SETTLE
    server.later(2 * builders.second)
    assert commands(server, server.promote) == PROMOTE_DUE


def test_with_schedules_one_look_takes_one_command_more_and_a_job_none(server: Any) -> None:
    warm_up(server)
    define(server)

    assert commands(server, server.promote) == PROMOTE | {"zrange": 3}
    jobs = [builders.job(), builders.job(), builders.job(unique_key="k")]
    assert commands(server, lambda: server.submit(*jobs)) == SUBMIT
