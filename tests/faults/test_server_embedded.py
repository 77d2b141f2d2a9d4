"""The embedded server: its starter dies, or its files are damaged; there is one, and it serves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from redis import Redis
from servers import binaries_found
from worker.processes import PATIENCE, alive, children_of

from gopher_cli.embedded import server
from gopher_cli.model.errors import Unavailable

STARTS = (
    "import sys, pathlib; from gopher_cli.embedded import server; server.start(pathlib.Path(sys.argv[1]))"
)

SUBMIT = ("submit", "-q", "-t", "math", "-p", '{"op":"add","a":1,"b":2}')
DAMAGE = {
    "zeros": b"\0" * 500,
    "rubbish": Random(1).randbytes(500),
    "half a command": b"*3\r\n$3\r\nSET\r\n$1\r\na",
}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    home = tmp_path / "a home with spaces"
    yield home
    server.stop(home)


def gopher(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"], "GOPHER_HOME": str(home), "HOME": str(home.parent)}
    program = [sys.executable, "-m", "gopher_cli", *words]
    return subprocess.run(program, env=environ, capture_output=True, text=True, check=False, cwd=home.parent)


def one_server(home: Path) -> int:
    """The pid of the only server that has the socket of this home: it stands in its title."""
    socket, kinds = server.status(home).socket, tuple(binaries_found().values())
    commands = {int(proc.name): _command(proc) for proc in Path("/proc").glob("[0-9]*")}
    found = [pid for pid, said in commands.items() if said.startswith(kinds) and socket in said]
    assert len(found) == 1, found
    return found[0]


def _command(proc: Path) -> str:
    try:
        return (proc / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


@pytest.mark.row("R22")
@pytest.mark.parametrize("after", [0.0, 0.005, 0.02, 0.05])
def test_a_starter_that_is_killed_on_its_way_leaves_nothing_that_stops_the_next(
    home: Path, after: float
) -> None:
    starter = subprocess.Popen([sys.executable, "-c", STARTS, str(home)], stderr=subprocess.DEVNULL)
    until_it_has_begun = time.monotonic() + PATIENCE
    while not (home / "embedded/default/starting.lock").exists():
        assert time.monotonic() < until_it_has_begun
        time.sleep(0.001)
    time.sleep(after)
    starter.kill()
    starter.wait()

    said = gopher(home, *SUBMIT)

    assert said.returncode == 0, said.stderr
    assert server.status(home).pid == one_server(home)


@pytest.mark.row("R23")
def test_the_server_outlives_the_command_that_has_started_it(home: Path) -> None:
    """Also when its whole session is killed: a daemon, with a pid file and a lock, and never two."""
    words = [sys.executable, "-m", "gopher_cli", "worker", "--log-level", "info"]
    environ = {"PATH": os.environ["PATH"], "GOPHER_HOME": str(home), "HOME": str(home.parent)}
    worker = subprocess.Popen(
        words, env=environ, stderr=subprocess.PIPE, text=True, start_new_session=True, cwd=home.parent
    )
    assert worker.stderr
    while "serving" not in worker.stderr.readline():
        assert worker.poll() is None
    pid, runners = one_server(home), children_of(worker.pid)

    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()
    end = time.monotonic() + PATIENCE
    while any(map(alive, runners)):  # on their way up they would start it again, once this test has ended it
        assert time.monotonic() < end
        time.sleep(0.01)

    assert gopher(home, *SUBMIT).returncode == 0
    assert one_server(home) == pid
    told = gopher(home, "embedded", "status").stdout
    assert str(pid) in told, "whoever looks is told that it runs"


@pytest.mark.row("R3")
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_log_with_a_damaged_end_is_loaded_or_the_way_to_repair_it_is_shown(home: Path, damage: str) -> None:
    """And whichever it is, what was accepted before the damage is there."""
    server.start(home)
    ids = gopher(home, *SUBMIT).stdout.split()
    with Redis(unix_socket_path=server.status(home).socket) as redis:
        pid = redis.info("server")["process_id"]
    os.kill(pid, signal.SIGKILL)
    while Path(f"/proc/{pid}").exists():
        time.sleep(0.005)
    (log,) = (home / "embedded/default/appendonlydir").glob("*.incr.aof")
    with log.open("ab") as file:
        file.write(DAMAGE[damage])

    try:
        server.start(home)
    except Unavailable as error:
        repair = error.hint.partition("repair it: ")[2]
        subprocess.run(["bash", "-c", repair], input="y\n", text=True, check=True, capture_output=True)
        server.start(home)

    listed = gopher(home, "jobs", "ls", "-q")
    assert listed.stdout.split() == ids, listed


@pytest.mark.row("R22")
def test_a_server_that_cannot_write_its_pid_is_found_all_the_same(home: Path) -> None:
    first = server.start(home)
    (home / "embedded/default/pid").unlink()

    assert gopher(home, "health").returncode == 0
    assert server.start(home).pid == first.pid == one_server(home)
