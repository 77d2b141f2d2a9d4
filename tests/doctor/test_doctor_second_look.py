"""What looks wrong is looked at again before it is believed: a job may be on its way between two looks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import laws
import pytest

from doctor.ward import Ward, troubles
from gopher_cli.store.calls import Call

pytestmark = pytest.mark.anyio
Change = Callable[[Ward], object]


@pytest.fixture
def between(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes, Sequence[Change]], list[int]]:
    """``between(id, changes)``: after each look at a job the next change happens; how many did."""

    def install(id: bytes, changes: Sequence[Change]) -> list[int]:
        run, left, done = ward.gopher.store.run, list(changes), list[int]()

        async def watched(call: Call[Any], *more: Any) -> Any:
            said = await run(call, *more)
            if call.script.name == "audit" and id in call.argv and left:
                left.pop(0)(ward)
                done.append(len(done) + 1)
            return said

        monkeypatch.setattr(ward.gopher.store, "run", watched)
        return done

    return install


def _two_places(ward: Ward) -> None:
    ward.stand("normal", "failed", ward.queue.now)


def _one_place(ward: Ward) -> None:
    ward.leave("normal", "failed")


def _wrong_line(ward: Ward) -> None:
    _one_place(ward)
    ward.leave("normal", "ready_normal")
    ward.stand("normal", "ready_low", ward.queue.record("normal").score)


def _right_line(ward: Ward) -> None:
    ward.leave("normal", "ready_low")
    ward.stand("normal", "ready_normal", ward.queue.record("normal").score)


async def test_what_is_right_at_the_second_look_is_no_finding(ward: Ward, between) -> None:
    _two_places(ward)
    changes = between(b"normal", [_one_place])

    assert troubles(await ward.look()) == {}
    assert changes == [1]
    laws.check(ward.redis, ward.gopher.namespace)


async def test_what_is_wrong_in_another_way_at_the_second_look_is_not_believed_yet(
    ward: Ward, between
) -> None:
    """Each of the two was seen once only: a job that moves can look like that."""
    _two_places(ward)
    changes = between(b"normal", [_wrong_line, _right_line])

    assert troubles(await ward.look()) == {}
    assert changes == [1, 2]
    laws.check(ward.redis, ward.gopher.namespace)


async def test_a_job_that_is_settled_between_two_looks_is_no_finding(ward: Ward, between) -> None:
    """In the first it runs and nobody holds it, as while a worker vanishes; then it is taken back."""
    running = ward.queue.record("running")
    ward.redis.delete(ward.keys.held("w.0"))
    ward.alter("running", token="gone.0:1")
    back = [
        lambda w: None,  # the first look is two: at the job, and into the hands of its worker
        lambda w: (
            w.leave("running", "running"), w.stand("running", "ready_normal", running.score),
            w.alter("running", token="?gone.0:1"),
        ),
    ]  # fmt: skip
    changes = between(b"running", back)

    assert troubles(await ward.look()) == {}
    assert changes == [1, 2]
    laws.check(ward.redis, ward.gopher.namespace)


async def test_what_is_wrong_at_both_looks_is_a_finding(ward: Ward, between) -> None:
    _two_places(ward)
    changes = between(b"normal", [lambda w: None])

    assert troubles(await ward.look()) == {"jobs in two places": 1}
    assert changes == [1]
    await ward.heal()
