"""``python -m benchmarks.http``: how many submits `gopher serve` accepts over HTTP, and what that costs it.

Keep-alive connections that each send the next request when the last is answered, against one server process:
first a route that does nothing, then submits, then the same on a server that syncs its log each time, and
what is confirmed to be on the disk; beside them the bare verb, 100 jobs a call.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.server import Server

BODY = (
    b'{"type":"email","payload":{"to":"user@example.com","subject":"Hello","body":"Test email"},'
    b'"priority":"high","max_retries":3}'
)
T = TypeVar("T")
_END = b"\r\n\r\n"


def request(path: str, body: bytes, **headers: str) -> bytes:
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"{more}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Tally:
    """What the connections of one run have seen; ``took`` in seconds."""

    def __init__(self, until: float) -> None:
        self.until = until
        self.took: list[float] = []
        self.accepted = 0
        self.other: dict[bytes, int] = {}

    def add(self, status: bytes, seconds: float) -> None:
        self.took.append(seconds)
        if status in (b"200", b"201"):
            self.accepted += 1
        else:
            self.other[status] = self.other.get(status, 0) + 1


class Caller(asyncio.Protocol):
    """One connection: sends, waits for the whole answer, sends again, until the time is over."""

    def __init__(self, asked: bytes, tally: Tally, done: asyncio.Future[None]) -> None:
        self._asked, self._tally, self._done = asked, tally, done
        self._heard, self._sent_at = b"", 0.0

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._send()

    def _send(self) -> None:
        self._sent_at = time.perf_counter()
        self._transport.write(self._asked)

    def data_received(self, data: bytes) -> None:
        self._heard += data
        head, end, body = self._heard.partition(_END)
        if not end:
            return
        at = head.lower().index(b"content-length: ") + 16
        if len(body) < int(head[at:].split(b"\r", 1)[0]):
            return
        self._heard, now = b"", time.perf_counter()
        self._tally.add(head[9:12], now - self._sent_at)
        if now < self._tally.until:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._done.done():
            self._done.set_result(None)


async def load(port: int, asked: bytes, connections: int, seconds: float) -> Tally:
    loop, tally = asyncio.get_running_loop(), Tally(time.perf_counter() + seconds)
    over = [loop.create_future() for _ in range(connections)]
    for done in over:
        await loop.create_connection(partial(Caller, asked, tally, done), "127.0.0.1", port)
    await asyncio.gather(*over)
    return tally


@contextmanager
def serving(url: str, home: Path, **environ: str) -> Iterator[tuple[int, int]]:
    """(pid, port) of a server of HTTP."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    mine = {
        "REDIS_URL": url, "HOME": str(home), "GOPHER_HOME": str(home), "SERVER_PORT": str(port),
        "LOG_LEVEL": "warning",
    }  # fmt: skip
    log = home / "serve.log"
    with log.open("w") as said:
        command = [sys.executable, "-m", "benchmarks.http_server"]
        process = subprocess.Popen(command, env=os.environ | mine | environ, stderr=said)
    try:
        _await_port(port, process, log)
        yield process.pid, port
    finally:
        process.terminate()
        process.wait()


def _await_port(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError(f"it does not serve: {log.read_text()}")


def spent(pid: int) -> float:
    """Seconds of processor time that a process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measured(name: str, pid: int, port: int, asked: bytes, options: argparse.Namespace) -> float:
    """Prints a line; answers how many were accepted a second."""
    run(load(port, asked, options.connections, min(1.0, options.seconds / 4)))  # until it is warm
    began, before = time.perf_counter(), spent(pid)
    tally = run(load(port, asked, options.connections, options.seconds))
    took, cost = time.perf_counter() - began, spent(pid) - before
    took_each = sorted(tally.took)
    p50, p99 = (took_each[int(len(took_each) * part)] * 1000 for part in (0.5, 0.99))
    rate = tally.accepted / took
    each = cost / max(1, len(took_each)) * 1e6
    print(
        f"{name:24} {rate:8.0f} accepted/s   p50 {p50:6.2f} ms   p99 {p99:6.2f} ms   "
        f"{each:5.0f} us of the server each ({1e6 / each if each else 0:.0f}/s of a core)"
        + (f"   {tally.other}" if tally.other else ""),
        flush=True,
    )
    return rate


def run(work: Coroutine[Any, Any, T]) -> T:
    """On the faster loop, where it is installed."""
    make: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    with suppress(ImportError):
        import uvloop

        make = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=make) as runner:
        return runner.run(work)


async def bare(url: str, seconds: float) -> float:
    """Jobs a second that the verb alone stores, 100 a call."""
    from gopher_cli import Gopher
    from gopher_cli.verbs.submit import new_job

    count = 0
    async with Gopher(url) as gopher:
        end = time.perf_counter() + seconds
        began = time.perf_counter()
        while time.perf_counter() < end:
            made = [new_job(gopher.defaults, "email", {"to": "user@example.com"}) for _ in range(100)]
            await gopher.submit_many(made)
            count += 100
        return count / (time.perf_counter() - began)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.http", description=__doc__)
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    submits = request("/api/v1/jobs", BODY)
    with tempfile.TemporaryDirectory(prefix="bench-") as where, Server(Path(where)) as server:
        home = Path(where)
        with serving(server.url, home) as (pid, port):
            idle = measured("nothing", pid, port, request("/nothing", BODY), options)
            plain = measured("submit", pid, port, submits, options)
            server.client.config_set("appendonly", "yes")
            server.client.config_set("appendfsync", "always")
            measured("submit, each synced", pid, port, submits, options)
            safely = BODY.replace(b"{", b'{"durability":"fsync",', 1)
            measured("submit, fsync confirmed", pid, port, request("/api/v1/jobs", safely), options)
            server.client.config_set("appendonly", "no")
        alone = run(bare(server.url, options.seconds))
        print(f"{'submit_many, 100 a call':24} {alone:8.0f} jobs/s")
    print(f"a submit is {plain / idle:.2f} of doing nothing, and {plain / alone:.2f} of the bare verb")
    return 0


if __name__ == "__main__":
    sys.exit(main())
