"""A server of a test's own, which it may kill, stop and start again."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from redis import Redis, RedisError

from gopher_cli.embedded_place import binaries


class Server:
    """With an append-only file, so that it comes back with all it had."""

    def __init__(self, home: Path) -> None:
        self.home, self.url = home, f"unix://{home}/s"
        self.start()

    def start(self, *words: str) -> None:
        home = self.home
        fixed = f"--port 0 --unixsocket {home}/s --dir {home} --logfile {home}/log --appendonly yes"
        self.process = subprocess.Popen(
            [binaries()[0], *fixed.split(), "--save", "", *words], start_new_session=True
        )
        end = time.monotonic() + 20
        with Redis.from_url(self.url) as client:
            while True:
                try:
                    client.ping()
                    return
                except RedisError as error:
                    if "uthentication" in str(error):
                        return
                    assert time.monotonic() < end, (self.home / "log").read_text()
                    time.sleep(0.01)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@contextmanager
def own_server() -> Iterator[Server]:
    """A running server; it is gone at the end, even if it was stopped."""
    with TemporaryDirectory(prefix="gopher-own-", dir="/tmp") as home:
        one = Server(Path(home))
        try:
            yield one
        finally:
            one.process.send_signal(signal.SIGCONT)
            one.kill()
