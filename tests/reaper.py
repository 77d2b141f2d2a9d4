"""Nothing that a run of tests has started outlives it, even one that is killed (on Linux).

``start`` splits the process in three. The one that was started keeps its pid, waits, and passes signals on.
The work continues in a grandchild. The reaper stands between them, in a process group of its own: SIGKILL
to the group of the run does not reach it, and whatever loses its parent becomes its child. When the work
has ended, or the first process is gone, it kills all of its descendants.

`python tests/reaper.py COMMAND ...` runs any other command in this way.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_SI_USER = 0  # what a process sends has at most this code; what a terminal sends has a greater one

_FORWARDED = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT}
_PARENT_DIED = signal.SIGUSR1
_WATCHED = _FORWARDED | {_PARENT_DIED, signal.SIGCHLD}


def start() -> None:
    """Return in the process that does the work; it must have no threads yet."""
    if sys.platform != "linux":
        return
    front, group, handler = os.getpid(), os.getpgrp(), signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    unmasked = signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
    if reaper := os.fork():
        _wait_for(reaper)
    os.setpgid(0, 0)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    _end_with(front, _PARENT_DIED)
    if work := os.fork():
        _reap(work)
    os.setpgid(0, group)
    signal.pthread_sigmask(signal.SIG_SETMASK, unmasked)
    signal.signal(signal.SIGCHLD, handler)


def _wait_for(reaper: int) -> NoReturn:
    """Only what a process sends is passed on: a terminal sends it to the work, too."""
    if "MAKELEVEL" in os.environ:  # a make that is killed takes its recipe with it
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    while True:
        received = signal.sigwaitinfo(_WATCHED)
        if received.si_signo == signal.SIGCHLD:
            if reaper == (ended := os.waitpid(reaper, os.WNOHANG))[0]:
                _end_as(ended[1])
        elif received.si_code <= _SI_USER:
            os.kill(reaper, received.si_signo)


def _reap(work: int) -> NoReturn:
    status = None
    while status is None:
        number = signal.sigwait(_WATCHED)
        if number == _PARENT_DIED:
            break
        if number == signal.SIGCHLD:
            status = _ended_children().get(work)
        else:
            os.kill(work, number)
    _kill_descendants()
    _end_as(status or 0)


def _ended_children() -> dict[int, int]:
    """The status by pid."""
    ended = {}
    with suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            ended[found[0]] = found[1]
    return ended


def _kill_descendants() -> None:
    """All: what is started meanwhile becomes a child as its parent dies, and there is another round."""
    with suppress(ChildProcessError):
        while True:
            for pid in descendants(os.getpid()):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            os.waitpid(-1, 0)


def descendants(pid: int) -> list[int]:
    """The pids of all processes below this one."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parent = int(stat.read_text(errors="replace").rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(stat.parent.name))
    below = [pid]
    for parent in below:
        below += children.get(parent, [])
    return below[1:]


def _end_with(parent: int, number: signal.Signals) -> None:
    """The kernel sends this signal to this process when its parent dies, or has died already."""
    _prctl(_PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        os.kill(os.getpid(), number)


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None).prctl(option, int(value), 0, 0, 0)


def _end_as(status: int) -> NoReturn:
    """In the way of a child with this wait status."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        with suppress(OSError):  # SIGKILL has no handler
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
        os.kill(os.getpid(), number)
    os._exit(os.WEXITSTATUS(status))


if __name__ == "__main__":
    start()
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and a command would inherit that
    os.execvp(sys.argv[1], sys.argv[1:])
