"""Forks that handlers make of their runner: none of them works for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gopher_cli.gopher import Gopher
from gopher_cli.worker import forks
from worker.processes import Worker, alive, ends, lines, until

pytestmark = pytest.mark.anyio
Start = Callable[..., Worker]


def test_the_process_of_the_tests_is_no_fork_whose_handlers_would_end_it() -> None:
    assert not forks.forked


@pytest.mark.parametrize(
    ("type", "how"),
    [
        ("fork-thread", "exit"), ("fork-thread", "return"), ("fork-loop", "exit"), ("fork-loop", "await"),
        ("fork-to-thread", "exit"), ("fork-to-thread", "return"),
    ],
)  # fmt: skip
async def test_a_fork_of_a_handler_takes_no_job_settles_none_and_ends(
    gopher: Gopher, worker: Start, tmp_path: Path, type: str, how: str
) -> None:
    before = [await gopher.submit("note", {"file": str(tmp_path / "notes")}) for _ in range(20)]
    forking = await gopher.submit(type, {"file": str(tmp_path / "pids"), "how": how})
    after = [await gopher.submit("note", {"file": str(tmp_path / "notes")}) for _ in range(20)]
    one = worker("-c", "2")
    (process,) = one.runners()

    assert (await ends(gopher, forking)).result == "of the parent"
    for id in before + after:
        assert (await ends(gopher, id)).attempts == 1
    (pid,) = lines(tmp_path / "pids")
    await until(lambda: not alive(int(pid)))
    assert sorted(lines(tmp_path / "notes")) == sorted(before + after)
    assert one.runners() == [process]


@pytest.mark.parametrize("type", ["pool", "pool-loop"])
async def test_a_handler_may_have_a_pool_of_processes(gopher: Gopher, worker: Start, type: str) -> None:
    worker()
    ids = [await gopher.submit(type, [1, 2, 3]) for _ in range(2)]

    assert [(await ends(gopher, id)).result for id in ids] == [[1, 4, 9]] * 2


async def test_a_handler_that_closes_stderr_keeps_no_outcome_from_being_settled(
    gopher: Gopher, worker: Start, tmp_path: Path
) -> None:
    one = worker()
    (process,) = one.runners()
    long = await gopher.submit("hold", {"file": str(tmp_path / "f")})
    await until(lambda: lines(tmp_path / "f"))
    ids = [await gopher.submit(type) for type in ("close-stderr", "fail", "echo")]

    await ends(gopher, ids[0])
    await ends(gopher, ids[1], "failed")
    await ends(gopher, ids[2])
    (tmp_path / "f.go").touch()
    assert (await ends(gopher, long)).attempts == 1
    assert one.runners() == [process]
