"""What a process makes of what it inherits: ignored and blocked signals, closed descriptors."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable, Collection, Iterable
from typing import Any

ORDERS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)  # to stop
LATE = 8.0  # seconds past its grace after which a worker kills a runner that has not stopped
TOGETHER = 0.5  # seconds within which two orders to stop are one: a service manager and a parent both give it


def open_standard_streams() -> None:
    """Some of 0, 1 and 2 may be closed when we start. What is opened later must not take their place."""
    for fd in range(3):
        try:
            os.fstat(fd)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest that is free is this one
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115


def reset_signals() -> None:
    """A daemon starts with no signal blocked, and hears of the deaths of its children."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def freeze_loaded() -> None:
    """Keep the garbage collector from what a daemon has loaded: it stays, and is looked through in vain.

    That took a sixth of the time of a submit over HTTP.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def heeded(*numbers: int) -> list[int]:
    """Those that were not ignored when we started: what `nohup` or a script has decided stays so."""
    return [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]


def _nothing(*_: object) -> None:
    """Not SIG_IGN: the programs that we start would inherit that."""


def leave_to_others(numbers: Iterable[int], otherwise: Callable[[int, Any], None] = _nothing) -> None:
    """Let these mean nothing here."""
    for number in heeded(*numbers):
        signal.signal(number, otherwise)


def let_forks_heed(numbers: Collection[int], otherwise: Callable[[int, Any], None] = _nothing) -> None:
    """What `leave_to_others` has taken from us ends a fork as it would end any program.

    In its first moments, too: what Python notes of a signal before a fork has begun is forgotten by it.
    """
    import threading  # late: not for commands that run once

    kept = threading.local()

    def before() -> None:
        kept.mask = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)

    def in_parent() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, kept.mask)

    def in_fork() -> None:
        for number in numbers:
            if signal.getsignal(number) is otherwise:
                signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, kept.mask)

    os.register_at_fork(before=before, after_in_parent=in_parent, after_in_child=in_fork)
