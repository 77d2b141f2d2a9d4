"""The command line when things go wrong: a batch that is killed at a chunk, pipes that break, no stdout."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from faults.terminal import at_terminal
from worker.processes import TESTS

from gopher_cli.gopher import Gopher

pytestmark = pytest.mark.anyio
Program = Callable[..., Any]
JOBS = 20_000
BATCH = ("submit", "-t", "t", "--batch-id", "b", "-q", "--batch")


@pytest.fixture
def program(redis_url: str, namespace: str, tmp_path: Path) -> Program:
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    mine = {
        "REDIS_URL": redis_url, "GOPHER_NAMESPACE": namespace, "GOPHER_HOME": str(tmp_path / "home"),
        "HOME": str(tmp_path), "PYTHONPATH": str(TESTS.parent), "GOPHER_TESTING": "1", "TERM": "xterm",
    }  # fmt: skip

    def start(*words: str, env: dict[str, str] | None = None, **options: Any) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "gopher_cli", *words]
        return subprocess.Popen(command, env=kept | mine | (env or {}), **options)

    return start


def said(process: subprocess.Popen[bytes]) -> tuple[int, bytes, bytes]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def piped(program: Program, *words: str, **options: Any) -> tuple[int, bytes, bytes]:
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
    return said(program(*words, **(pipes | options)))


async def stored(gopher: Gopher) -> int:
    return (await gopher.depth("default")).counters.get("enqueued", 0)


@pytest.mark.row("S7")
@pytest.mark.parametrize("chunk", [1, 17])
async def test_a_batch_killed_at_a_chunk_is_finished_by_the_next_run_and_nothing_is_there_twice(
    program: Program, gopher: Gopher, tmp_path: Path, chunk: int
) -> None:
    file = tmp_path / "jobs"
    file.write_text("".join(f'{{"payload":{n}}}\n' for n in range(JOBS)))

    code, _, err = piped(
        program, *BATCH, str(file), env={"GOPHER_FAILPOINT": f"bulk.chunk_sent:kill9:{chunk}"}
    )
    assert (code, await stored(gopher) < JOBS) == (-signal.SIGKILL, True), err
    before = await stored(gopher)
    code, out, err = piped(program, *BATCH, str(file))

    print(f"S7: killed at chunk {chunk} with {before} stored; after the second run {await stored(gopher)}")
    assert (code, await stored(gopher)) == (0, JOBS), err
    assert len(set(out.split())) == JOBS


@pytest.mark.row("S7")
async def test_a_pipe_that_breaks_in_the_middle_of_a_line_costs_that_line_alone(
    program: Program, gopher: Gopher
) -> None:
    process = program(*BATCH, "-", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdin.write(b'{"payload":1}\n' * 999 + b'{"payl')
    process.stdin.close()
    process.stdin = None
    code, out, err = said(process)

    assert (code, await stored(gopher), len(out.split())) == (1, 999, 999)
    assert b"line 1000: " in err and b"Traceback" not in err


@pytest.mark.row("S7")
async def test_one_line_that_is_wrong_is_named_and_the_others_are_stored(
    program: Program, gopher: Gopher, tmp_path: Path
) -> None:
    file = tmp_path / "jobs"
    lines = ['{"payload":1}'] * 5000
    lines[2345] = "{oops}"
    file.write_text("\n".join(lines))
    code, _, err = piped(program, *BATCH, str(file))

    assert (code, await stored(gopher)) == (1, 4999)
    assert b"line 2346: " in err


@pytest.mark.row("S8")
@pytest.mark.parametrize("words", [("stats",), ("jobs", "ls"), ("inspect",)])
async def test_in_twenty_columns_nothing_falls_over(
    program: Program, gopher: Gopher, words: tuple[str, ...]
) -> None:
    id = await gopher.submit("a-type-with-a-very-long-name-indeed", {"x": "y" * 200})

    code, shown = at_terminal(program, *words, *([id] if words == ("inspect",) else []), columns=20)

    assert code == 0, shown
    assert "Traceback" not in shown


@pytest.mark.row("S8")
@pytest.mark.parametrize("words", [("stats",), ("submit", "-t", "t"), ("--help",)])
async def test_without_a_stdout_there_is_no_traceback(program: Program, words: tuple[str, ...]) -> None:
    code, err = without_stdout(program, *words)

    print(f"S8 {words}: exit {code}, {err!r}")
    assert (code, err) == (0, b"")


def without_stdout(program: Program, *words: str) -> tuple[int, bytes]:
    process = program(
        *words, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, preexec_fn=lambda: os.close(1)
    )
    code, _, err = said(process)
    return code, err


@pytest.mark.row("S8")
async def test_a_disk_that_is_full_where_the_output_goes_is_told_in_one_line(program: Program) -> None:
    with Path("/dev/full").open("wb") as full:
        code, _, err = piped(program, "stats", "-o", "json", stdout=full)

    print(f"S8 /dev/full: exit {code}, {err!r}")
    assert code == 1
    assert err.startswith(b"gopher: cannot write: No space left on device\n") or b'"Unwritten"' in err


@pytest.mark.row("S8")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_watch_ends_at_a_signal_without_a_traceback(program: Program, number: int) -> None:
    process = program("stats", "--watch=100ms", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert json.loads(process.stdout.readline())
    process.send_signal(number)
    code, _, err = said(process)

    print(f"S8 watch, signal {number}: exit {code}, {err!r}")
    assert b"Traceback" not in err
    assert code in (128 + number, -number)
