"""A bulk submit that dies between two of its pieces, and is run again."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from faults.conftest import Fleet

from gopher_cli.gopher import Gopher

pytestmark = pytest.mark.anyio

LINES = 2500  # five pieces


@pytest.mark.row("S7")
@pytest.mark.parametrize("action", ["kill9", "raise"])
async def test_a_batch_that_dies_at_its_third_piece_is_whole_after_the_next_run(
    gopher: Gopher, fleet: Fleet, tmp_path: Path, action: str
) -> None:
    (tmp_path / "lines").write_text("".join(f'{{"payload":{{"n":{n}}}}}\n' for n in range(LINES)))
    words = ["submit", "-t", "quick", "--batch", str(tmp_path / "lines"), "--batch-id", "night"]

    def submit(point: str = "") -> int:
        done = subprocess.run(
            [sys.executable, "-m", "gopher_cli", *words],
            env=fleet.environ | {"GOPHER_FAILPOINT": point}, capture_output=True, check=False,
        )  # fmt: skip
        return done.returncode

    code = -signal.SIGKILL if action == "kill9" else 1
    assert submit(f"bulk.chunk_sent:{action}:3") == code
    before = (await gopher.depth("default")).sizes["ready_normal"]
    assert 1000 <= before < LINES

    assert submit() == 0
    assert submit() == 0

    depth = await gopher.depth("default")
    assert (depth.sizes["ready_normal"], depth.counters["enqueued"]) == (LINES, LINES)
