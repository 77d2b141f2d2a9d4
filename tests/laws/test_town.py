"""Whatever happens in two queues at a time: an id is in one of them, and what was promised is done once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis

from laws.town import Town, full_memory


@pytest.fixture
def own_redis(own_redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(own_redis_url) as client:
        yield client


@pytest.mark.parametrize("seed", range(1, 5))
def test_in_two_queues_each_job_is_in_one_place_and_done_once(redis: Redis, seed: int) -> None:
    town = Town(redis, seed)
    try:
        town.go(100)
        town.end_well()
    finally:
        town.close()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 112))
def test_in_two_queues_for_long(redis: Redis, seed: int) -> None:
    town = Town(redis, seed)
    try:
        town.go(300)
        town.end_well()
    finally:
        town.close()


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_in_two_queues_with_calls_of_many_hundred_jobs(redis: Redis, seed: int) -> None:
    town = Town(redis, seed, many=450)
    try:
        town.go(30)
        town.end_well()
    finally:
        town.close()


@pytest.mark.parametrize("seed", [1, 2])
def test_a_full_memory_does_nothing_by_half_in_two_queues(own_redis: Redis, seed: int) -> None:
    town = Town(own_redis, seed)
    try:
        for _ in range(4):
            town.go(15)
            full_memory(town)
        town.end_well()
    finally:
        town.close()
