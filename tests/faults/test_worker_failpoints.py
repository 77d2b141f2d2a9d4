"""The fail-points themselves: each is at one place in the code, and none does anything but for tests."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from faults.conftest import Fleet
from worker.processes import ends

import gopher_cli
from gopher_cli.failpoints import NAMES, points_of
from gopher_cli.gopher import Gopher

ARMED = {"GOPHER_TESTING": "1"}


def test_every_fail_point_is_passed_at_one_place_in_the_code() -> None:
    said: Counter[str] = Counter()
    for path in Path(gopher_cli.__file__).parent.rglob("*.py"):
        said.update(re.findall(r'(?:failpoint|underway)\(\s*"([^"]+)"', path.read_text()))

    assert said == Counter(NAMES)


@pytest.mark.parametrize("environ", [{}, {"GOPHER_TESTING": ""}, {"GOPHER_TESTING": "yes"}])
def test_without_the_word_testing_nothing_is_armed(environ: dict[str, str]) -> None:
    assert points_of(environ | {"GOPHER_FAILPOINT": "fetch.sent:kill9"}) is None


@pytest.mark.anyio
async def test_a_worker_that_is_not_tested_passes_every_point_unharmed(
    gopher: Gopher, fleet: Fleet, ends_well: Callable[..., Any]
) -> None:
    points = ",".join(f"{name}:kill9" for name in NAMES)
    fleet(env={"GOPHER_FAILPOINT": points, "GOPHER_TESTING": ""})

    for type in ("quick", "quick-thread", "quick-isolated"):
        assert (await ends(gopher, await gopher.submit(type, {}))).attempts == 1
    await ends_well()


@pytest.mark.parametrize("text", ["fetch.sent", "nowhere:kill9", "fetch.sent:explode", "fetch.sent:hang:x"])
def test_a_point_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"fail-point|unpack|invalid literal"):
        points_of(ARMED | {"GOPHER_FAILPOINT": text})


def test_a_number_is_the_pass_that_counts() -> None:
    points = points_of(ARMED | {"GOPHER_FAILPOINT": "ack.sent:raise:3"})
    assert points is not None

    for turn in range(1, 6):
        if turn == 3:
            with pytest.raises(RuntimeError, match=r"failpoint ack\.sent"):
                points["ack.sent"].reach()
        else:
            points["ack.sent"].reach()


@pytest.mark.parametrize(("action", "code"), [("kill9", -signal.SIGKILL), ("exit", 70), ("sleep=1", 0)])
def test_what_an_action_does_to_its_process(action: str, code: int) -> None:
    program = "from gopher_cli.failpoints import failpoint; failpoint('tick')".replace("tick", NAMES[0])
    environ = ARMED | {"GOPHER_FAILPOINT": f"{NAMES[0]}:{action}"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | environ, capture_output=True, check=False
    )

    assert done.returncode == code
    assert done.stderr.startswith(f"failpoint {NAMES[0]}: {action.partition('=')[0]} in ".encode())
