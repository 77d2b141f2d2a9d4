"""A queue that is driven call by call: on a real server, and on one that lives in this process."""

from __future__ import annotations

import laws
import pytest
from driver import Queue
from fakeredis import FakeRedis
from redis import Redis


@pytest.fixture(params=["server", "fake"])
def queue(request, namespace):
    """The laws hold over it after every test; one that breaks data on purpose asks for ``broken``."""
    real = request.param == "server"
    redis = request.getfixturevalue("redis") if real else FakeRedis(lua_modules=set())
    queue = Queue(redis, namespace)
    yield queue
    if "broken" not in request.fixturenames:
        laws.check(redis, namespace)
    queue.forget()


@pytest.fixture
def broken():
    """This test breaks what is stored: the laws cannot hold after it."""


@pytest.fixture
def server(own_redis_url, namespace):
    """A queue on a real server whose memory may be filled."""
    with Redis.from_url(own_redis_url) as redis:
        queue = Queue(redis, namespace)
        yield queue
        laws.check(redis, namespace)
        queue.forget()


@pytest.fixture
def full(server):
    """``full()`` fills the memory of ``server``; it is free again after the test."""
    yield lambda: server.redis.config_set("maxmemory", 1)
    server.redis.config_set("maxmemory", 0)
