"""Recalls where Redis fails in their midst."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gopher_cli.model.errors import Unavailable
from gopher_cli.store.calls import Settlement, Verdict
from gopher_cli.worker.board import Board
from gopher_cli.worker.messages import Recalled, ToRunner
from gopher_cli.worker.options import WorkerOptions
from gopher_cli.worker.supervisor.recall import RunnerRecall
from gopher_cli.worker.supervisor.runner_process import RunnerProcess

pytestmark = pytest.mark.anyio


class Store:
    """Two queues with a waiting job each. ``fails`` is what fails next; a settlement is done all the same."""

    def __init__(self) -> None:
        self.holds = {"a": {"1": "t1"}, "b": {"2": "t2"}}
        self.fails = ""

    async def held(self, queue: str, runner: str) -> dict[str, str]:
        self._fail(f"held {queue}")
        return dict(self.holds[queue])

    async def settle(self, runner: str, items: Sequence[Settlement]) -> list[Verdict]:
        for item in items:
            del self.holds[item.lease.queue][item.lease.id]
        self._fail(f"settle {items[0].lease.queue}")
        return [Verdict.SETTLED] * len(items)

    def _fail(self, what: str) -> None:
        if self.fails == what:
            self.fails = ""
            raise Unavailable("away")


class Told(RunnerProcess):
    """A runner that does not speak; ``told`` is what it will find when it wakes."""

    def __init__(self) -> None:
        super().__init__("w.0", WorkerOptions())
        self.board, self.ready, self.looks = Board.create(2), True, 3
        self.told: list[Any] = []

    def tell(self, message: ToRunner) -> None:
        if isinstance(message, Recalled):
            self.told.append(sorted(message.gone))


def recalls(store: Store, runner: RunnerProcess) -> RunnerRecall:
    runner.board.hold()
    return RunnerRecall(cast(Any, SimpleNamespace(queues=["a", "b"], gopher=store, runners=[runner])))


BOTH = [("1", "t1"), ("2", "t2")]


@pytest.mark.parametrize("fails", ["held a", "held b", "settle a", "settle b"])
async def test_a_recall_that_fails_is_tried_again_and_all_that_may_be_gone_is_told(fails: str) -> None:
    store, runner = Store(), Told()
    store.fails = fails
    looks = recalls(store, runner)

    await looks.look()
    await looks.look()

    assert store.holds == {"a": {}, "b": {}}
    assert runner.told == [BOTH], "once, and whole"
    runner.board.close()


async def test_a_runner_that_wakes_after_a_recall_that_failed_knows_what_may_be_gone() -> None:
    store, runner = Store(), Told()
    store.fails = "settle b"
    looks = recalls(store, runner)
    await looks.look()

    runner.looks = 0  # it speaks
    await looks.look()

    assert runner.told == [BOTH]
    runner.board.close()


async def test_a_runner_that_is_buried_during_the_recall_of_another_is_left_alone() -> None:
    store, silent, dying = Store(), Told(), Told()
    looks = recalls(store, silent)
    looks._crew.runners.append(dying)
    truly = store.held

    async def held(queue: str, runner: str) -> dict[str, str]:
        if not dying.dead.is_set():
            dying.dead.set()
            dying.board.close()
        return await truly(queue, runner)

    store.held = held  # type: ignore[method-assign]

    await looks.look()

    assert (silent.told, dying.told) == ([BOTH], [])
    silent.board.close()
