"""A program or handler may print, report and return as much as it likes: the worker holds only so much."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import builders
import pytest
from worker.processes import Worker, ends, state, until

from gopher_cli.gopher import Gopher
from safety.conftest import APP

pytestmark = pytest.mark.anyio
Start = Callable[..., Worker]
MEGABYTE = 1024 * 1024


def memory(pid: int) -> int:
    """Resident bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


ENDLESS = {
    "lines-on-stdout": "exec yes",
    "lines-on-stderr": "exec yes >&2",
    "a-line-on-stdout": "exec tr '\\0' x < /dev/zero",
    "a-line-on-stderr": "exec tr '\\0' x < /dev/zero >&2",
    "garbage": "exec cat /dev/urandom >&2",
}


@pytest.mark.row("W17")
async def test_programs_that_print_for_ever_end_at_their_timeout_and_memory_stays_flat(
    gopher: Gopher, worker: Start, program: Any
) -> None:
    words = [f"--exec={name}={program(text, name)}" for name, text in ENDLESS.items()]
    one = worker(*words, "--app", APP, "-c", "5")
    await ends(gopher, await gopher.submit("echo"))
    (runner,) = one.runners()
    before, peak = memory(runner), 0
    ids = [await gopher.submit(name, timeout=1.5, max_retries=0) for name in ENDLESS]

    async def over() -> bool:
        nonlocal peak
        peak = max(peak, memory(runner))
        return all([(await gopher.inspect("default", id)).state == "failed" for id in ids])

    await until(over)

    print(f"the runner grew by {(peak - before) / MEGABYTE:.1f} MB")
    assert peak - before < 40 * MEGABYTE  # 2 MB of each stdout are held, so that a result of 1 MB is whole
    for id in ids:
        detail = await gopher.inspect("default", id)
        assert detail.history[0].outcome == "timed out"
        assert sum(map(builders.kept, detail.log)) <= 65536


@pytest.mark.row("W17")
async def test_while_a_program_prints_for_ever_others_are_served(
    gopher: Gopher, worker: Start, program: Any
) -> None:
    worker("--exec", f"endless={program('exec yes >&2')}", "--app", APP, "-c", "2")
    endless = await gopher.submit("endless", timeout=600)
    await ends(gopher, endless, "processing")

    for n in range(20):
        await ends(gopher, await gopher.submit("echo", n))

    assert await state(gopher, endless) == "processing"
    await gopher.cancel("default", [endless])
    await ends(gopher, endless, "cancelled")


@pytest.mark.row("W17")
async def test_an_isolated_handler_that_prints_for_ever_is_bounded_too(isolated: Any) -> None:
    detail = await isolated("chatter", 0.3)

    assert detail.state == "completed"
    assert sum(map(builders.kept, detail.log)) < 70_000


@pytest.mark.row("W17")
async def test_a_program_may_close_its_output_and_work_on(script: Any) -> None:
    detail = await script("exec >&- 2>&-; sleep 0.1; exit 0")

    assert (detail.state, detail.result) == ("completed", None)


@pytest.mark.row("W17")
async def test_of_a_long_log_both_ends_are_kept_and_the_rest_is_counted(script: Any) -> None:
    detail = await script("seq 300000 >&2; sleep 0.6; seq 300001 600000 >&2; echo 1")
    said = [line.split(" ", 1)[1] for line in detail.log]
    (dropped,) = (int(line[1:].split()[0]) for line in said if "bytes dropped" in line)
    kept = sum(builders.kept(line) + 1 for line in detail.log if "bytes dropped" not in line)

    assert said[:3] == ["1", "2", "3"] and said[-2:] == ["599999", "600000"]
    assert dropped + kept == sum(14 + len(str(n)) + 1 for n in range(1, 600001))


@pytest.mark.row("W19")
@pytest.mark.parametrize("size", [1, 300, 900])
async def test_a_result_up_to_the_limit_is_kept_whole(script: Any, size: int) -> None:
    detail = await script(f"head -c {size}000 /dev/zero | tr '\\0' x")

    assert detail.result == "x" * size * 1000


@pytest.mark.row("W19")
async def test_a_last_line_of_20_mb_is_no_result(script: Any) -> None:
    detail = await script("head -c 20000000 /dev/zero | tr '\\0' x")

    assert (detail.state, detail.history[0].outcome) == ("failed", "discarded")
    assert "more than 1 MB" in detail.history[0].error


@pytest.mark.row("W19")
async def test_a_result_of_100_mb_is_refused_with_its_size(isolated: Any) -> None:
    detail = await isolated("large", 100)

    assert (detail.state, detail.history[0].outcome) == ("failed", "discarded")
    assert "104857602 bytes, and 1 MB is the limit" in detail.history[0].error


@pytest.mark.row("W19")
@pytest.mark.parametrize("type", ["progress", "progress-thread"])
async def test_progress_100_000_times_is_told_at_most_twice_a_second(
    gopher: Gopher, worker: Start, type: str
) -> None:
    worker("--app", APP)
    seen: list[Any] = []
    id = await gopher.submit(type, 100_000)
    started = time.monotonic()

    async def over() -> Any:
        detail = await gopher.inspect("default", id)
        if detail.progress and detail.progress not in seen:
            seen.append(detail.progress)
        return detail if detail.state == "completed" else None

    await until(over)
    took = time.monotonic() - started

    print(f"{len(seen)} words of progress in {took:.2f} s")
    assert len(seen) <= 2 * took + 2
