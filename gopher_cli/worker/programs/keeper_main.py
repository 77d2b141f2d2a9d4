"""The main of the keepers' process: it forks a keeper for each program that a runner wants.

A runner has threads, and may be large: a fork of it is slow, and what runs before its exec may block.
This one has one thread and little memory.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import shutil
import signal
import socket
import tempfile

from gopher_cli.process_setup import leave_to_others
from gopher_cli.worker.programs.keeper import Keeper
from gopher_cli.worker.programs.keeper_messages import NotStarted, line_of
from gopher_cli.worker.programs.process_tree import adopt_orphans, children_of, signal_group, taken_from_stdin

_TICK = 0.25


def main() -> None:
    """Fork a keeper for each set of descriptors that comes: its line; stdin, stdout, stderr of a program."""
    leave_to_others((signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2))
    adopt_orphans()  # of a keeper that somebody has killed
    with contextlib.suppress(OSError):
        tempfile.gettempdir()  # it tries: once, and not once for each
    gc.disable()
    gc.freeze()  # memory that nobody touches is shared with all keepers
    keepers: dict[int, str] = {}
    with socket.socket(fileno=taken_from_stdin()) as door:
        poll = select.poll()
        poll.register(door, select.POLLIN)
        while True:
            if poll.poll(_TICK * 1000):
                received, fds, *_ = socket.recv_fds(door, 1, 4, getattr(socket, "MSG_CMSG_CLOEXEC", 0))
                if not received:
                    return
                if len(fds) == 4:  # else we may open no more, and its line closes without a word
                    _fork(door, fds, keepers)
                for each in fds:
                    os.close(each)
            _bury(keepers)


def _bury(keepers: dict[int, str]) -> None:
    """Keepers that have ended; and whatever a killed one has left, with its place."""
    for pid in children_of(os.getpid()):
        if pid not in keepers:
            signal_group(pid, signal.SIGKILL)
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while (dead := os.waitpid(-1, os.WNOHANG))[0]:
            place = keepers.pop(dead[0], "")
            if dead[1] and place:
                shutil.rmtree(place, ignore_errors=True)


def _fork(door: socket.socket, fds: list[int], keepers: dict[int, str]) -> None:
    parent, place = os.getpid(), ""
    try:
        place = f"{tempfile.gettempdir()}/gopher-{os.urandom(8).hex()}"
        pid = os.fork()
    except OSError as error:
        with socket.socket(fileno=os.dup(fds[0])) as line, contextlib.suppress(OSError):
            line.sendall(line_of(NotStarted.by(error)))
        pid = -1
    if pid == 0:
        _keep(door, fds, parent, place)
    if pid > 0:
        keepers[pid] = place


def _keep(door: socket.socket, fds: list[int], parent: int, place: str) -> None:
    """In the fork. Never returns."""
    try:
        door.close()
        for fd in fds:
            os.set_inheritable(fd, False)
        Keeper(socket.socket(fileno=fds[0]), fds[1:], parent, place).keep()
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
