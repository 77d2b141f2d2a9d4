"""Workers as processes of their own: what they said can be waited for, and all of them end with the test."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from awake_clock import awake, clock

from gopher_cli.gopher import Gopher

TESTS = Path(__file__).parent.parent
# What a worker says that has no heartbeat; the other one if it stood still itself as its lease ended.
FENCED = ("no heartbeat for almost a lease", "its leases have ended")
PATIENCE = 60.0  # seconds; it only bounds what would never come
STANDSTILL = 15.0  # seconds; a law that bounds a time allows for a process that gets no turn while we do


class Worker:
    """A `gopher worker`. ``said`` is what it has written to stderr."""

    def __init__(self, environ: dict[str, str], *words: str) -> None:
        self.said: list[str] = []
        self._news = threading.Condition()
        self._over = False
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gopher_cli", "worker", *words],
            env=environ, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, errors="replace",
            start_new_session=True,
        )  # fmt: skip
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            with self._news:
                self.said.append(line.rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._over = True
            self._news.notify_all()

    def heard(self, text: str, *others: str, times: int = 1) -> str:
        """Waits for a line that holds this, or one of the others, and answers it."""

        def lines() -> list[str]:
            return [line for line in self.said if any(one in line for one in (text, *others))]

        with self._news:
            self._news.wait_for(lambda: len(lines()) >= times or self._over, PATIENCE)
        assert len(lines()) >= times, f"no line with {text!r}: {self.said}"
        return lines()[-1]

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def ended(self, seconds: float = PATIENCE) -> int:
        """Its exit code, once it has ended."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it does not end: {self.said}") from None

    def runners(self) -> list[int]:
        """The pids of its runner processes."""
        return children_of(self.process.pid)

    def kill(self) -> None:
        """With all its processes that are still in its group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def children_of(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*"):
        with contextlib.suppress(OSError):
            found += [int(word) for word in (task / "children").read_text().split()]
    return found


def descendants(pid: int) -> list[int]:
    return [one for child in children_of(pid) for one in (child, *descendants(child))]


def alive(pid: int) -> bool:
    """Whether it runs: a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def until(holds: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """Wait until this answers something true, or an awaitable of it; answers that."""
    began = clock()
    while True:
        found = holds()
        if isinstance(found, Awaitable):
            found = await found
        if found:
            return found
        assert awake(began) < seconds, "it has not come true in time"
        await asyncio.sleep(0.01)


async def state(gopher: Gopher, id: str, queue: str = "default") -> str:
    return (await gopher.inspect(queue, id)).state


async def ends(gopher: Gopher, id: str, state: str = "completed", queue: str = "default") -> Any:
    """Everything about a job, once it is in this state."""

    async def there() -> Any:
        detail = await gopher.inspect(queue, id)
        return detail if detail.state == state else None

    return await until(there)


def lines(file: Path) -> list[str]:
    return file.read_text().split("\n")[:-1] if file.exists() else []
