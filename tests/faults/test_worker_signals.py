"""A worker that is told to stop in the middle of something, or loses its terminal or its log's reader."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from faults.conftest import APP, Fleet
from faults.ledger import Ledger
from redis import Redis
from worker.processes import PATIENCE, ends, until

from gopher_cli.gopher import Gopher

pytestmark = pytest.mark.anyio


def on(point: str) -> dict[str, str]:
    return {"GOPHER_FAILPOINT": point}


async def let_go(gopher: Gopher, redis: Redis, queue: str = "default") -> None:
    """Nothing is left of the worker that has ended."""
    assert (await gopher.depth(queue)).sizes["running"] == 0
    assert not list(redis.scan_iter(f"{gopher.namespace}:*held:*"))
    assert await gopher.workers() == []


@pytest.mark.row("W9")
@pytest.mark.parametrize(
    "point", ["fetch.sent:sleep=400:1", "fetch.replied:sleep=400:1", "shutdown.released:kill9"]
)
async def test_what_a_stopping_worker_has_just_fetched_or_holds_goes_back_unspent(
    gopher: Gopher, redis: Redis, fleet: Fleet, ledger: Ledger, ends_well: Callable[..., Any], tmp_path: Path,
    point: str,
) -> None:  # fmt: skip
    id = await gopher.submit("hold", {"until": str(tmp_path / "go")})
    ledger.accept(id)
    one = fleet("--grace", "100ms", env=on(point))
    if point.startswith("fetch"):
        one.heard(f"failpoint {point.partition(':')[0]}")
    else:
        await until(ledger.starts)

    one.signal(signal.SIGTERM)

    assert one.ended() == 0
    detail = await gopher.inspect("default", id)
    assert (detail.state, detail.attempts, detail.losses) == ("enqueued", 0, 0)
    await let_go(gopher, redis)
    (tmp_path / "go").touch()
    fleet()
    await ends_well()


@pytest.mark.row("W9")
async def test_an_outcome_that_is_on_its_way_when_the_worker_is_told_to_stop_counts_once(
    gopher: Gopher, redis: Redis, fleet: Fleet, ledger: Ledger, ends_well: Callable[..., Any]
) -> None:
    ids = [await gopher.submit("quick", {}) for _ in range(3)]
    ledger.accept(*ids)
    one = fleet("-c", "3", env=on("ack.sent:sleep=400:1"))
    one.heard("failpoint ack.sent")

    one.signal(signal.SIGTERM)

    assert one.ended() == 0
    for id in ids:
        assert (await gopher.inspect("default", id)).state in ("completed", "enqueued")
    await let_go(gopher, redis)
    fleet()
    verdict = await ends_well()
    assert (verdict.completed, verdict.extra_runs) == (4, 0)


# Terminals and pipes


@contextmanager
def at_a_terminal(environ: dict[str, str]) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A worker with a terminal of its own, and our end of that."""
    ours, theirs = pty.openpty()

    def own_it() -> None:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    words = [sys.executable, "-m", "gopher_cli", "worker", "--app", APP]
    process = subprocess.Popen(
        words, env=environ, stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=own_it
    )
    os.close(theirs)
    os.set_blocking(ours, False)
    try:
        yield process, ours
    finally:
        process.kill()
        process.wait()


@pytest.mark.row("W10")
@pytest.mark.parametrize("how", ["Ctrl-C", "the terminal is gone"])
async def test_at_a_terminal_a_worker_stops_as_by_sigterm(
    gopher: Gopher, redis: Redis, fleet: Fleet, ledger: Ledger, ends_well: Callable[..., Any], tmp_path: Path,
    how: str,
) -> None:  # fmt: skip
    id = await gopher.submit("hold", {"until": str(tmp_path / "go")})
    ledger.accept(id)
    with at_a_terminal(fleet.environ) as (process, terminal):
        await until(ledger.starts)
        if how == "Ctrl-C":
            os.write(terminal, b"\x03")
        said = bytearray(heard(terminal))
        if how != "Ctrl-C":
            os.close(terminal)
        await until(lambda: stopping(gopher))
        (tmp_path / "go").touch()

        await until(lambda: process.poll() is not None)
        if how == "Ctrl-C":
            await until(lambda: b"running jobs may finish" in more(said, heard(terminal)))
            os.close(terminal)

    assert process.returncode == 0
    assert b"Traceback" not in said
    assert (await ends(gopher, id)).attempts == 1
    await let_go(gopher, redis)
    fleet()
    assert (await ends_well()).extra_runs == 0


def heard(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except OSError:  # nothing was said, or nobody is there any more
        return b""


def more(said: bytearray, news: bytes) -> bytearray:
    said += news
    return said


async def stopping(gopher: Gopher) -> bool:
    return [worker.state for worker in await gopher.workers()] == ["stopping"]


@pytest.mark.row("W10")
async def test_a_worker_whose_log_nobody_reads_any_more_works_on(
    gopher: Gopher, fleet: Fleet, ledger: Ledger, ends_well: Callable[..., Any]
) -> None:
    words = [sys.executable, "-m", "gopher_cli", "worker", "--app", APP]
    with subprocess.Popen(words, env=fleet.environ, stderr=subprocess.PIPE) as process:
        try:
            assert process.stderr
            while b"serving" not in process.stderr.readline():
                assert process.poll() is None
            process.stderr.close()  # as `| head -1` does

            for type in ("quick", "fail", "quick-isolated"):
                ledger.accept(await gopher.submit(type, {}, max_retries=1))
            verdict = await ends_well()
            process.send_signal(signal.SIGTERM)

            assert process.wait(PATIENCE) == 0
            assert (verdict.completed, verdict.failed) == (3, 1)
        finally:
            process.kill()


@pytest.mark.row("W10")
async def test_a_worker_whose_log_has_a_reader_that_stands_still_works_on_and_counts_what_it_could_not_say(
    gopher: Gopher, fleet: Fleet, ledger: Ledger, ends_well: Callable[..., Any]
) -> None:
    """As behind a pager, or after Ctrl-S."""
    words = [sys.executable, "-m", "gopher_cli", "worker", "--app", APP]
    with subprocess.Popen(words, env=fleet.environ, stderr=subprocess.PIPE) as process:
        try:
            assert process.stderr
            fcntl.fcntl(process.stderr, fcntl.F_SETPIPE_SZ, 4096)
            ids = [await gopher.submit("fail", {}, max_retries=0) for _ in range(100)]  # each says a line
            ledger.accept(*ids)
            verdict = await ends_well()
            fileno, said = process.stderr.fileno(), bytearray()
            os.set_blocking(fileno, False)
            more(said, heard(fileno))
            ledger.accept(await gopher.submit("fail", {}, max_retries=0))
            lost = b"lines of this log could not be written"
            await until(lambda: lost in more(said, heard(fileno)))
            process.send_signal(signal.SIGTERM)

            assert process.wait(PATIENCE) == 0
            assert verdict.failed == 100
        finally:
            process.kill()
