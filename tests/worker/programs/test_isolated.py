"""Handlers in processes of their own: what a job answers is its own, whoever forks and whatever is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gopher_cli.gopher import Gopher
from gopher_cli.load_handlers import load_registry
from worker.conftest import Work

pytestmark = pytest.mark.anyio
APP = "worker.isolated_apps:app"


@pytest.fixture
def run(gopher: Gopher, runner: Work) -> Any:
    """Runs these jobs, one after the other, and answers what is known of each."""

    async def all_of(*jobs: tuple[str, Any], **options: Any) -> list[Any]:
        ids = [await gopher.submit(type, payload, **options) for type, payload in jobs]
        await runner(load_registry(APP), app=APP, burst=True, concurrency=1).run()
        return [await gopher.inspect("default", id) for id in ids]

    return all_of


@pytest.mark.parametrize("wait", [False, True])
@pytest.mark.parametrize("child", ["exits", "returns", "raises", "returns late"])
@pytest.mark.parametrize("type", ["fork", "fork-async"])
async def test_a_fork_answers_for_nobody_and_every_job_gets_its_own_result(
    run: Any, type: str, child: str, wait: bool
) -> None:
    first, *others = await run((type, {"child": child, "wait": wait}), *(("next", n) for n in range(4)))

    code = 1 if child == "raises" else 0
    assert (first.state, first.result) == ("completed", f"of the parent, child {code}" if wait else "")
    assert [one.result for one in others] == [0, 1, 2, 3]
    assert all(one.attempts == 1 and one.losses == 0 for one in (first, *others))


async def test_multiprocessing_and_programs_work_in_an_isolated_handler(run: Any) -> None:
    (detail, other) = await run(("pool", [1, 2, 3]), ("next", "x"))

    assert detail.result == {"squares": [1, 4, 9], "said": "42", "ended": -15}
    assert sorted(line.split(" ", 1)[1] for line in detail.log) == [f"square of {n}" for n in (1, 2, 3)]
    assert other.result == "x"


async def test_what_forks_say_never_mixes_with_an_answer(run: Any) -> None:
    details = await run(*(("chatty-fork", 900_000) for _ in range(3)))

    assert [(one.state, len(one.result or ""), one.losses) for one in details] == [
        ("completed", 900_000, 0)
    ] * 3


async def test_what_a_job_has_left_behind_speaks_for_no_other(run: Any, tmp_path: Path) -> None:
    _, detail = await run(*((type, str(tmp_path / "f")) for type in ("late-thread", "patient")))

    assert (detail.state, detail.result) == ("completed", "of its own")
    assert (detail.log, detail.progress) == ([], None)
    assert "its job has ended" in (tmp_path / "f.refused").read_text(encoding="utf-8")


async def test_an_error_with_a_lone_surrogate_is_a_failed_attempt_with_its_text(run: Any) -> None:
    (detail,) = await run(("surrogate", "x"), max_retries=0)

    assert (detail.state, detail.attempts, detail.losses) == ("failed", 1, 0)
    assert detail.history[0].error == r"ValueError: cannot read Re\udce9sum\udce9.txt"
    assert detail.log[0].endswith(r"printed \udce9")
