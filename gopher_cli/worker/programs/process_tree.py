"""Processes that must not outlive us: killed by the kernel when we die, and found wherever they hide."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Collection
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_LOOK = 0.002
_PATIENCE = 1.0
# Looked up once, here: between fork and exec even that could block.
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


def die_with_parent(parent: int) -> None:
    """Ask the kernel to kill this process with its parent (Linux). Call it in the child, early."""
    if _prctl is not None:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)  # it died before we could ask


def before_exec() -> Callable[[], None]:
    """For subprocess's preexec_fn: everything is looked up before the fork."""
    parent = os.getpid()
    return lambda: die_with_parent(parent)


def adopt_orphans() -> None:
    """What our descendants leave behind becomes our child, and not init's (Linux)."""
    if _prctl is not None:
        _prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def taken_from_stdin() -> int:
    """A channel that came as stdin. What others read from stdin, and inherit, must not be our words."""
    channel, nothing = os.dup(0), os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return channel


def children_of(pid: int) -> list[int]:
    """Direct children; none where /proc does not tell."""
    children: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                children += map(int, (task / "children").read_text(encoding="ascii").split())
    return children


def descendants(pid: int) -> list[int]:
    pids: list[int] = []
    ahead = [pid]
    while ahead:
        young = children_of(ahead.pop())
        pids += young
        ahead += young
    return pids


def kill_brood(group: int) -> None:
    """Kill a group and all our descendants, until none is left to wait for.

    The group at a stroke, because one that forks as fast as we look would outrun us. Who has left it
    is found one by one: orphans come to us.
    """
    signal_group(group, signal.SIGKILL)
    pause = _LOOK
    while True:
        for pid in descendants(os.getpid()):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pause = _LOOK
        except ChildProcessError:
            return
        time.sleep(pause)
        pause = min(pause * 2, _PATIENCE)  # what the kernel holds, or another user owns


def bury_zombies_but(spared: Collection[int]) -> None:
    """Wait for the children that have ended, but for these, which others wait for."""
    for pid in children_of(os.getpid()):
        if pid not in spared:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def signal_group(pid: int, number: int) -> None:
    """Send a signal to a process group; nobody there is fine."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"
