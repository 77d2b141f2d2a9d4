"""A queue that is driven call by call: on a real server, and on one that lives in this process."""

from __future__ import annotations

import laws
import pytest
from driver import Queue
from fakeredis import FakeRedis


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
def full(redis):
    """``full()`` fills the memory of the real server, and it is free again after the test."""
    yield lambda: redis.config_set("maxmemory", 1)
    redis.config_set("maxmemory", 0)


@pytest.fixture
def server(redis, namespace):
    """A queue on the real server only."""
    queue = Queue(redis, namespace)
    yield queue
    laws.check(redis, namespace)
    queue.forget()
