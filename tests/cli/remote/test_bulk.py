"""Deeds on many jobs through the API, request by request: what is asked for, and when."""

from __future__ import annotations

from typing import Any

import pytest

from gopher_cli.model.select.filter import Filter
from gopher_cli.remote import bulk
from gopher_cli.remote.bulk import RemoteBulk

pytestmark = pytest.mark.anyio


class Spoken:
    """Answers what was prepared, and keeps what was asked."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.bodies: list[dict[str, Any]] = []
        self._answers = list(answers)

    def post(self, path: str, body: dict[str, Any], **_: Any) -> dict[str, Any]:
        self.bodies.append(dict(body))
        said = {"changed": 0, "left": {}, "more": False, "cursor": None, "retry_after": None, "by": []}
        return said | self._answers.pop(0)


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    naps: list[float] = []
    monkeypatch.setattr(bulk.time, "sleep", naps.append)
    return naps


def remote(*answers: dict[str, Any]) -> tuple[RemoteBulk, Spoken]:
    far, spoken = RemoteBulk(), Spoken(*answers)
    far.wire = spoken  # type: ignore[assignment]
    return far, spoken


async def test_the_wait_that_a_rate_asks_for_is_kept_between_requests(slept: list[float]) -> None:
    far, spoken = remote(
        {"changed": 1, "more": True, "cursor": "c1", "retry_after": 6.0},
        {"more": True, "cursor": "c2", "retry_after": 0.25},
        {"changed": 1},
    )

    done = await far.retry_all(Filter(states=("failed",)), rate=1 / 6)

    assert (done.changed, slept) == (2, [6.0, 0.25])
    assert [body.get("cursor") for body in spoken.bodies] == [None, "c1", "c2"]


async def test_an_older_server_that_tells_no_wait_is_asked_on_at_once(slept: list[float]) -> None:
    far, spoken = remote({"more": True, "cursor": "c1"}, {})

    await far.purge(Filter(type="x"))

    assert len(spoken.bodies) == 2 and not any(slept)


@pytest.mark.parametrize(
    ("wanted", "all"),
    [(Filter(), True), (Filter(type="x"), False), (Filter(text=("",)), False), (Filter(queues=("",)), False)],
)
async def test_all_is_said_only_where_all_was_meant(wanted: Filter, all: bool) -> None:
    far, spoken = remote({})

    await far.purge(wanted)

    assert spoken.bodies[0].get("all", False) is all
