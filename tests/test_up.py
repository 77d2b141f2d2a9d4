"""`gopher serve` and `gopher up` as processes: how they start, what they pass on, how they end."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import pytest

from gopher_cli.cli.shell import process_group as tree
from gopher_cli.cli.terminal.output import Output

_PATIENCE = 60.0


class Running:
    """A gopher process whose stderr can be waited on, line by line."""

    def __init__(self, words: tuple[str, ...], environ: dict[str, str], cwd: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gopher_cli", *words],
            env=environ, cwd=cwd, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self.said: list[str] = []
        self._lines: Queue[str | None] = Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def line_with(self, text: str) -> str:
        """The next line that holds this; fails when the process ends, or stays silent."""
        while True:
            try:
                line = self._lines.get(timeout=_PATIENCE)
            except Empty:
                line = None
            assert line is not None, f"no line with {text!r}, but: {self.said}"
            self.said.append(line)
            if text in line:
                return line

    def url(self) -> str:
        return self.line_with("serving http://").partition("serving ")[2]

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        code = self.process.wait(_PATIENCE)
        while (line := self._lines.get(timeout=_PATIENCE)) is not None:
            self.said.append(line)
        return code


Start = Callable[..., Running]


@pytest.fixture
def start(redis_url: str, namespace: str, tmp_path: Path) -> Iterator[Start]:
    """Starts `gopher WORDS`; keyword arguments are environment variables."""
    began: list[Running] = []

    def begin(*words: str, **environ: str) -> Running:
        base = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG") if name in os.environ}
        mine = {
            "REDIS_URL": redis_url,
            "GOPHER_NAMESPACE": namespace,
            "GOPHER_HOME": str(tmp_path / "home"),
            "HOME": str(tmp_path),
        }
        began.append(Running(words, base | mine | environ, tmp_path))
        return began[-1]

    yield begin
    for one in began:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


def ask(url: str, body: Any = None) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=60) as answer:
        return dict(json.load(answer))


def until(true: Callable[[], Any]) -> Any:
    """The first answer that is true; a condition is asked for, and no time is waited out."""
    deadline = time.monotonic() + _PATIENCE
    while not (found := true()):
        assert time.monotonic() < deadline, "it did not become true"
        time.sleep(0.02)
    return found


def children(pid: int) -> list[int]:
    found = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True)
    pairs = [line.split() for line in found.stdout.splitlines()]
    return sorted(int(child) for child, parent in pairs if int(parent) == pid)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_ends_with_zero_when_it_is_told_to(start: Start, number: int) -> None:
    server = start("serve", "--port", "0")
    url = server.url()

    assert ask(f"{url}/health")["status"] == "healthy"
    assert server.end(number) == 0
    assert server.said[-1].endswith("stopped")


def test_serve_logs_json_with_the_fields_of_a_request(start: Start) -> None:
    server = start("serve", "--port", "0", LOG_FORMAT="json")
    url = json.loads(server.line_with("serving"))["event"].partition("serving ")[2]
    ask(f"{url}/health")

    said = json.loads(server.line_with("request"))

    assert (said["method"], said["path"], said["status"]) == ("GET", "/health", 200)
    assert server.end() == 0


def test_serve_on_a_taken_port_says_so(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        server = start("serve", "--host", "127.0.0.1", "--port", port)

        assert server.wait() == 1
    assert f"cannot listen on 127.0.0.1:{port}" in server.said[0]


@pytest.mark.parametrize("command", ["serve", "up"])
def test_an_open_address_without_a_key_is_a_bad_setting(start: Start, command: str) -> None:
    server = start(command, "--host", "0.0.0.0", "--port", "0")

    assert server.wait() == 78
    assert "API key" in server.said[0] and "API_KEY" in server.said[1]


def test_serve_starts_without_redis_and_says_what_is_missing(start: Start) -> None:
    server = start("serve", "--port", "0", REDIS_URL="redis://127.0.0.1:1")

    assert "cannot reach Redis" in server.line_with("warning")
    assert server.url()
    assert server.end() == 0


def test_up_runs_what_is_submitted_to_it_and_stops_both_at_sigterm(start: Start) -> None:
    tree = start("up", "--port", "0", "--concurrency", "2", "--exec", "echo=/bin/cat")
    url = tree.url()
    until(lambda: ask(f"{url}/health")["workers"])

    job = ask(f"{url}/api/v1/jobs", {"type": "echo", "payload": {"a": 1}})["links"]["self"]

    done = until(lambda: ask(url + job)["status"] == "completed" and ask(url + job))
    assert done["result"] == {"a": 1}
    family = children(tree.process.pid)
    assert len(family) == 2
    assert tree.end() == 0
    assert {line.partition("|")[0].strip() for line in tree.said} == {"serve", "worker"}
    for pid in family:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_when_one_of_them_dies_up_stops_the_other_and_ends_with_its_code(start: Start) -> None:
    tree = start("up", "--port", "0")
    url = tree.url()
    until(lambda: ask(f"{url}/health")["workers"])
    worker = until(lambda: ask(f"{url}/api/v1/stats")["workers"])[0]["pid"]

    os.kill(worker, signal.SIGKILL)

    assert tree.wait() == 128 + signal.SIGKILL
    assert any("worker was killed by signal 9: stopping the rest" in line for line in tree.said)
    assert any(line.endswith("stopped") and line.startswith("serve") for line in tree.said)


def test_a_setting_that_cannot_work_is_said_once_by_up(start: Start) -> None:
    tree = start("up", "--app", "no.such.module:app", "--port", "0")

    assert tree.wait() == 78
    assert any("no.such.module" in line for line in tree.said)


def test_an_order_to_every_process_of_up_is_one_order_and_all_end_well(start: Start) -> None:
    """As a service manager gives it, whose unit is a control group."""
    tree = start("up", "--port", "0", "--exec", "slow=sleep 600")
    url = tree.url()
    until(lambda: ask(f"{url}/health")["workers"])

    for pid in [tree.process.pid, *descendants(tree.process.pid)]:
        with suppress(ProcessLookupError):  # one that had its turn meanwhile
            os.kill(pid, signal.SIGTERM)

    assert tree.wait() == 0
    assert not [line for line in tree.said if "at once" in line or "Traceback" in line or "Error" in line]


def test_an_order_that_comes_while_up_starts_ends_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    one = tree.ProcessGroup(grace=5)

    async def start(*_: object) -> asyncio.subprocess.Process:
        one._end(signal.SIGTERM)
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec("sleep", "60", stdout=pipe, stderr=pipe)

    monkeypatch.setattr(tree, "_start", start)
    assert asyncio.run(one.run(["serve", "worker"], {})) == 0


def descendants(pid: int) -> list[int]:
    return [one for child in children(pid) for one in (child, *descendants(child))]


@pytest.mark.row("W10")
@pytest.mark.parametrize("command", ["up", "serve"])
def test_it_answers_and_stops_although_nobody_reads_its_output(
    redis_url: str, namespace: str, tmp_path: Path, command: str
) -> None:
    environ = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG") if name in os.environ}
    environ |= {
        "HOME": str(tmp_path),
        "REDIS_URL": redis_url,
        "GOPHER_NAMESPACE": namespace,
        "LOG_LEVEL": "debug",
    }
    words = [sys.executable, "-m", "gopher_cli", command, "--port", "0"]
    with subprocess.Popen(
        words, env=environ, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        try:
            assert process.stdout
            fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, 4096)
            while b"serving http://" not in (line := process.stdout.readline()):
                assert line
            url = line.decode().partition("serving ")[2].strip()
            for _ in range(90):  # each is a line of the log
                ask(f"{url}/health")
            process.send_signal(signal.SIGTERM)
            assert process.wait(_PATIENCE) == 0
        finally:
            process.kill()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has it")
@pytest.mark.parametrize("words", [("up", "--port", "0"), ("serve", "--port", "0")])
def test_on_a_full_disk_the_exit_code_is_that_of_a_good_end(
    redis_url: str, namespace: str, tmp_path: Path, words: tuple[str, ...]
) -> None:
    environ = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG") if name in os.environ}
    environ |= {"HOME": str(tmp_path), "REDIS_URL": redis_url, "GOPHER_NAMESPACE": namespace}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environ["SERVER_PORT"] = str(port)
    with Path("/dev/full").open("wb") as full:
        process = subprocess.Popen(
            [sys.executable, "-m", "gopher_cli", words[0]],
            env=environ,
            cwd=tmp_path,
            stdout=full,
            stderr=full,
        )
    try:
        until(lambda: answers(port))
        process.send_signal(signal.SIGTERM)
        assert process.wait(_PATIENCE) == 0
    finally:
        process.kill()
        process.wait()


def answers(port: int) -> bool:
    try:
        return bool(ask(f"http://127.0.0.1:{port}/health"))
    except OSError:
        return False


@pytest.mark.parametrize("closed", [(0,), (2,), (0, 1, 2)])
@pytest.mark.parametrize("command", ["up", "serve"])
def test_closed_standard_streams_harm_nothing(
    redis_url: str, namespace: str, tmp_path: Path, command: str, closed: tuple[int, ...]
) -> None:
    environ = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG") if name in os.environ}
    environ |= {"HOME": str(tmp_path), "REDIS_URL": redis_url, "GOPHER_NAMESPACE": namespace}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environ["SERVER_PORT"] = str(port)
    process = subprocess.Popen(
        [sys.executable, "-m", "gopher_cli", command], env=environ, cwd=tmp_path,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        preexec_fn=lambda: [os.close(fd) for fd in closed] and None,
    )  # fmt: skip
    try:
        until(lambda: answers(port))
        process.send_signal(signal.SIGTERM)
        assert process.wait(_PATIENCE) == 0
    finally:
        process.kill()
        process.wait()


def test_a_reader_that_stands_still_holds_up_nobody_and_hears_how_much_it_missed() -> None:
    read, write = os.pipe()
    with open(read, "rb") as reader, open(write, "w", encoding="utf-8") as stream:
        os.set_blocking(read, False)
        output = Output(stream)
        for n in range(40_000):
            output.write(b"%08d %s\n" % (n, b"x" * 40))
        said = b""
        while not output.flush() or said.count(b"are lost") == 0:
            said += reader.read() or b""
        lines = said.split(b"\n")
        (lost,) = [line for line in lines if b"are lost" in line]
        assert len(lines) - 2 + int(lost.split()[1]) == 40_000
