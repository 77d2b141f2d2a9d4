"""A served gopher that has to outlive whatever is thrown at it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import laws
import pytest
from awake_clock import clock, stood_still
from faults.serving import Served
from hostile.wire import Answer, Wire, get, post
from redis import Redis
from web.conftest import api, open_api, patient
from web.patient import REDIS_TIMEOUT
from worker.processes import TESTS

from gopher_cli.producer import Producer
from gopher_cli.store.stores.threaded import SyncStore
from gopher_cli.store.url import parse_url

__all__ = ["api", "open_api", "patient"]

KEY = "the-key-of-the-tests"
ALIVE = b"/livez"


class Victim(Served):
    """``lives()`` is asked after each attack; ``ends_well()`` at the end of all."""

    def __init__(self, redis_url: str, home: Path, **more: str) -> None:
        self.redis_url, self.namespace = redis_url, f"test-{uuid4().hex[:12]}"
        self.accepted: list[str] = []
        kept = {
            name: os.environ[name]
            for name in ("PATH", "LANG", "COVERAGE_PROCESS_CONFIG")
            if name in os.environ
        }
        super().__init__(
            kept | {
                "REDIS_URL": redis_url, "GOPHER_NAMESPACE": self.namespace, "GOPHER_HOME": str(home / "home"),
                "HOME": str(home), "PYTHONPATH": f"{TESTS}:{TESTS.parent}",
                "REDIS_TIMEOUT": REDIS_TIMEOUT, "SERVER_READ_TIMEOUT": "60s",
            } | more,
            program="web.patient",
        )  # fmt: skip

    def wire(self) -> Wire:
        return Wire(self.port)

    def lives(self) -> None:
        """It says so, and takes a job.

        An impatient one hangs up on us when we stand still for a second, and has no time for the answer when
        it does so itself; both of them live.
        """
        id, began = f"alive-{len(self.accepted)}", clock()
        while not ((answer := self._alive(id)) and answer.status in (200, 201)):
            assert stood_still(began) or (answer and answer.status == 504), answer
            began = clock()
        self.accepted.append(id)

    def _alive(self, id: str) -> Answer | None:
        """What it says to this job; or before that, when it does not say that it lives."""
        with self.wire() as wire:
            wire.send(get(ALIVE))
            answer = wire.answer()
            if answer and answer.status == 200:
                wire.send(post(b'{"type":"t","id":"%s"}' % id.encode()))
                answer = wire.answer()
            return answer

    def has(self, id: str, payload: str) -> None:
        """A job that came by another door."""
        with Producer(store=SyncStore(parse_url(self.redis_url)), namespace=self.namespace) as door:
            door.submit("t", payload, id=id)
        self.accepted.append(id)

    def stored(self) -> set[str]:
        """The ids of all jobs that are there, whoever has submitted them."""
        with Redis.from_url(self.redis_url) as redis:
            specs = list(redis.scan_iter(f"{self.namespace}:*:spec"))
            return {id.decode() for spec in specs for id in redis.hkeys(spec)}

    def ends_well(self) -> None:
        lost = set(self.accepted) - self.stored()
        assert not lost, lost
        with Redis.from_url(self.redis_url) as redis:
            laws.check(redis, self.namespace)
        bad = [line for line in self.said if "Traceback" in line or " 500 " in line]
        assert not bad, "".join(self.said)


@pytest.fixture(scope="module")
def victim(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    one = Victim(redis_url, tmp_path_factory.mktemp("victim"))
    try:
        yield one
        one.ends_well()
    finally:
        one.kill()
