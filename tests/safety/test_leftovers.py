"""Whatever a program starts, and however that hides, nothing of it is left: its keeper finds it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from worker.processes import Worker, alive, children_of, descendants, ends, lines, until

from gopher_cli.gopher import Gopher
from safety.conftest import APP

pytestmark = pytest.mark.anyio
Start = Callable[..., Worker]


def command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def keepers(runner: int) -> list[int]:
    """The processes of the keepers: the one that forks them, then each of them."""
    return [pid for pid in descendants(runner) if "keeper_main" in command(pid)]


HIDING = {
    "in its group": "sleep 600 & echo $! > {pid}; echo done",
    "with the pipe": "sleep 600 >&2 2>&1 & echo $! > {pid}; disown; echo done",
    "in a session of its own": "setsid sleep 600 & echo $! > {pid}; echo done",
    "as a daemon": "(setsid bash -c 'echo $$ > {pid}; exec sleep 600' < /dev/null > /dev/null 2>&1 &); "
    "while [ ! -s {pid} ]; do sleep 0.01; done; echo done",
    "without its environment": "env -i setsid sleep 600 > /dev/null 2>&1 & echo $! > {pid}; echo done",
    "deaf": "(trap '' TERM HUP INT; exec setsid bash -c 'echo $$ > {pid}; exec sleep 600') & "
    "while [ ! -s {pid} ]; do sleep 0.01; done; echo done",
}


@pytest.mark.row("W16")
@pytest.mark.parametrize("how", HIDING)
async def test_a_grandchild_is_ended_with_its_job(script: Any, tmp_path: Path, how: str) -> None:
    detail = await script(HIDING[how].format(pid=tmp_path / "pid"), timeout=60)

    assert detail.result == "done"
    await until(lambda: not alive(int((tmp_path / "pid").read_text())))


@pytest.mark.row("W16")
async def test_a_daemon_of_an_isolated_handler_ends_with_its_process(isolated: Any, tmp_path: Path) -> None:
    await isolated("leave", {"file": str(tmp_path / "pid")})

    for pid in lines(tmp_path / "pid"):
        await until(lambda pid=pid: not alive(int(pid)))


DAEMON = """
(setsid bash -c 'echo $$ > {pid}; exec sleep 600' < /dev/null > /dev/null 2>&1 &)
while [ ! -s {pid} ]; do sleep 0.01; done
exec sleep 600
"""


@pytest.mark.row("W16", "W3")
@pytest.mark.parametrize("who", ["worker", "runner", "keeper", "keepers"])
async def test_whoever_is_killed_nothing_of_a_running_program_is_left(
    gopher: Gopher, worker: Start, program: Any, tmp_path: Path, who: str
) -> None:
    """The daemon has left its group and its session; the program is a child of its keeper."""
    pid = tmp_path / "pid"
    one = worker("--exec", f"daemon={program(DAEMON.format(pid=pid))}", "--app", APP)
    await gopher.submit("daemon")
    await until(lambda: lines(pid))
    await gopher.pause("default")
    (runner,) = one.runners()
    mother, keeper = keepers(runner)
    left = [int(lines(pid)[0]), *descendants(keeper)]

    os.kill(
        {"worker": one.process.pid, "runner": runner, "keeper": keeper, "keepers": mother}[who],
        signal.SIGKILL,
    )

    await until(lambda: not any(map(alive, left)))


@pytest.mark.row("W16")
async def test_a_keeper_that_is_killed_costs_its_job_a_loss_and_nobody_else(
    gopher: Gopher, worker: Start, program: Any, tmp_path: Path
) -> None:
    one = worker(
        "--exec",
        f"sleep-once={program(f'echo x >> {tmp_path}/f; [ $(wc -l < {tmp_path}/f) -gt 1 ] || sleep 600')}",
    )
    id = await gopher.submit("sleep-once")
    await until(lambda: lines(tmp_path / "f"))
    (runner,) = one.runners()

    _, keeper = keepers(runner)
    (child,) = children_of(keeper)
    place = Path(f"/proc/{child}/cwd").readlink()
    os.kill(keeper, signal.SIGKILL)
    detail = await ends(gopher, id)
    await until(lambda: not place.exists())

    assert (detail.attempts, detail.losses) == (1, 1)
    assert one.runners() == [runner]


@pytest.mark.row("W16")
async def test_a_keeper_that_dies_before_its_first_word_is_a_loss_too_and_the_third_is_poison(
    gopher: Gopher, worker: Start, program: Any, tmp_path: Path
) -> None:
    """Its program may have begun. If that cost nothing, one that kills its keeper would be run for ever."""
    armed = {"GOPHER_TESTING": "1", "GOPHER_FAILPOINT": "keeper.started:kill9"}
    worker("--exec", f"deadly={program('exec sleep 600')}", env=armed)

    detail = await ends(gopher, await gopher.submit("deadly"), "failed")

    assert (detail.attempts, detail.losses) == (0, 3)
    assert [one.outcome for one in detail.history] == ["lost", "lost", "poison"]


@pytest.mark.row("W16")
async def test_the_keepers_are_started_again_when_they_were_killed(
    gopher: Gopher, worker: Start, program: Any
) -> None:
    one = worker("--exec", f"hello={program('echo hello')}")
    await ends(gopher, await gopher.submit("hello"))
    (runner,) = one.runners()
    (mother,) = children_of(runner)

    os.kill(mother, signal.SIGKILL)
    await until(lambda: not alive(mother))

    assert (await ends(gopher, await gopher.submit("hello"))).result == "hello"
    assert one.runners() == [runner]


# Bounded by itself at 300, for when we fail: no test may take the machine down.
BOMB = """
bomb() {{ echo >> {count}; [ $(stat -c %s {count}) -gt 300 ] && exec sleep 600; bomb & bomb & wait; }}
bomb
"""


@pytest.mark.row("W18")
async def test_a_fork_bomb_is_killed_whole_and_the_worker_survives(
    gopher: Gopher, worker: Start, program: Any, tmp_path: Path
) -> None:
    one = worker(
        "--exec", f"bomb={program(BOMB.format(count=tmp_path / 'count'))}", "--app", APP,
        env={"GOPHER_JOB_PROCESSES": "40"},
    )  # fmt: skip
    id = await gopher.submit("bomb", max_retries=0, timeout=60)
    detail = await ends(gopher, id, "failed")
    (runner,) = one.runners()

    print(detail.history[0].error, f"{(tmp_path / 'count').stat().st_size} forks")
    assert "GOPHER_JOB_PROCESSES" in detail.history[0].error
    await until(lambda: len(descendants(runner)) <= 1)  # the process that forks keepers
    await ends(gopher, await gopher.submit("echo"))


@pytest.mark.row("W18")
async def test_as_many_processes_as_are_allowed_are_no_bomb(script: Any) -> None:
    detail = await script(
        "for n in 1 2 3 4 5; do sleep 0.6 & done; wait; echo ok", limits={"job_processes": 10}
    )

    assert detail.result == "ok"
