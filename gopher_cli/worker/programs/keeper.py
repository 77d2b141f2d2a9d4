"""A keeper: a process that starts one program, within its limits, and at its end leaves nothing of it.

Whatever a program starts, and however that hides, ends up as its keeper's child: so it is found.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import socket
import subprocess
from pathlib import Path

from gopher_cli.failpoints import failpoint
from gopher_cli.process_setup import ORDERS
from gopher_cli.worker.programs.keeper_messages import (
    Crowded,
    Ended,
    FromKeeper,
    NotStarted,
    Order,
    Started,
    Starting,
    decode_order,
    line_of,
)
from gopher_cli.worker.programs.process_tree import (
    adopt_orphans,
    children_of,
    descendants,
    kill_brood,
    signal_group,
)

_TICK = 0.25
_PASSED_ON = (
    "PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "SHELL", "PYTHONPATH", "VIRTUAL_ENV",
)  # fmt: skip


class Keeper:
    """Of one program. It is told signals to send, a byte each; the end of its line means: end everything."""

    def __init__(self, line: socket.socket, stdio: list[int], parent: int, place: str) -> None:
        self._line = line
        self._stdio = stdio
        self._parent = parent
        self._bell, self._wake = socket.socketpair()
        self._place = place
        self._placed = False
        self._over = False
        self._ordered = False  # a signal to stop came to us too: from above, to every process here

    def keep(self) -> None:
        """From the order to the last of its processes."""
        order = _order(self._line)
        adopt_orphans()
        self._ring_on_deaths()
        try:
            environ = self._prepared(order)
            failpoint("keeper.prepared")
            self._tell(Starting())
            self._program = self._started(order, environ)
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            return self._tell(NotStarted.by(error))
        finally:
            for fd in self._stdio:
                os.close(fd)
            if not hasattr(self, "_program"):
                self._tidy()
        failpoint("keeper.started")
        self._tell(Started(self._program.pid))
        self._watch(order.limits.processes)
        kill_brood(self._program.pid)
        return self._tidy()

    def _ring_on_deaths(self) -> None:
        self._wake.setblocking(False)
        self._bell.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)

    def _prepared(self, order: Order) -> dict[str, str]:
        """Its environment and, unless it is one of our own, a place for it."""
        environ = dict(os.environ)
        if order.environ is None:
            return environ
        Path(self._place).mkdir(0o700)
        self._placed = True
        passed_on = {name: environ[name] for name in _PASSED_ON if name in environ}
        own = {"TMPDIR": self._place, "GOPHER_WORKER_DIR": _here()}
        return passed_on | own | order.environment()

    def _started(self, order: Order, environ: dict[str, str]) -> subprocess.Popen[bytes]:
        """In a session of its own."""
        stdin, stdout, stderr = self._stdio
        program = subprocess.Popen(
            order.command,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            env=environ,
            cwd=self._place if self._placed else None,
            umask=0o077 if self._placed else -1,
            start_new_session=True,
            preexec_fn=order.limits.before_exec(),
        )
        order.limits.put_on(program.pid)
        return program

    def _watch(self, most: int) -> None:
        """Until nobody wants it any more, or there are too many of it.

        That our parent is dead is a word too: the other end of the line may be held by others.
        """
        poll = select.poll()  # select() knows no descriptor above 1023
        for each in (self._line, self._bell):
            poll.register(each, select.POLLIN)
        while os.getppid() == self._parent:
            ready = {fd for fd, _ in poll.poll(_TICK * 1000)}
            if self._bell.fileno() in ready:
                self._ordered |= any(number in ORDERS for number in self._bell.recv(4096))
            if self._line.fileno() in ready and not self._heed():
                return
            self._look_for_its_end()
            if most and len(brood := descendants(os.getpid())) > most:
                self._tell(Crowded(len(brood)))
                return

    def _heed(self) -> bool:
        try:
            received = self._line.recv(64)
        except OSError:
            return False
        for number in received:
            signal_group(self._program.pid, number)
        return bool(received)

    def _look_for_its_end(self) -> None:
        """Told at once, whatever it has left. Orphans that have ended are buried."""
        if not self._over and (code := _ended(self._program.pid)) is not None:
            self._over = True
            self._tell(Ended(code, self._ordered))
        for orphan in children_of(os.getpid()):
            if orphan != self._program.pid:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(orphan, os.WNOHANG)

    def _tell(self, answer: FromKeeper) -> None:
        with contextlib.suppress(OSError):
            self._line.sendall(line_of(answer))

    def _tidy(self) -> None:
        if self._placed:
            shutil.rmtree(self._place, ignore_errors=True)


def _ended(pid: int) -> int | None:
    """How it has ended, if it has. It stays a zombie where it can, so that its number keeps its meaning."""
    if not hasattr(os, "waitid"):  # macOS
        ended, status = os.waitpid(pid, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if ended else None
    end = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    if end is None:
        return None
    return end.si_status if end.si_code == os.CLD_EXITED else -end.si_status


def _order(line: socket.socket) -> Order:
    """Its length in four bytes, then itself; not a byte more is read. Nobody there: nothing to do."""
    return decode_order(_exactly(line, int.from_bytes(_exactly(line, 4))))


def _here() -> str:
    try:
        return str(Path.cwd())
    except OSError:  # somebody has removed the directory that we stand in
        return "/"


def _exactly(line: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count:
        chunk = line.recv(count - len(received))
        if not chunk:
            os._exit(0)
        received += chunk
    return received
