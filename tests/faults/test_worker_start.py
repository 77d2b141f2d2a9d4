"""A worker whose handlers do not load takes no job from those that could run it."""

from __future__ import annotations

from pathlib import Path

import pytest
from faults.conftest import Fleet

from gopher_cli.gopher import Gopher

pytestmark = pytest.mark.anyio


@pytest.mark.row("W22")
@pytest.mark.parametrize("text", ["1 / 0", "raise SystemExit(3)", "import os; os._exit(9)"])
async def test_a_module_that_does_not_load_is_78_and_nothing_was_fetched(
    gopher: Gopher, fleet: Fleet, tmp_path: Path, text: str
) -> None:
    (tmp_path / "broken.py").write_text(f"{text}\n")
    id = await gopher.submit("quick", {})
    path = f"{tmp_path}:{fleet.environ['PYTHONPATH']}"

    one = fleet("--app", "broken:app", env={"PYTHONPATH": path}, wait=False)

    assert one.ended() == 78
    assert len(one.said) <= 2, one.said
    assert not any("Traceback" in line for line in one.said)
    detail = await gopher.inspect("default", id)
    assert (detail.state, detail.attempts, detail.losses) == ("enqueued", 0, 0)
    assert await gopher.workers() == []
