"""Sync handlers run in threads. A thread that ends one job takes the next by itself, without the loop."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from queue import SimpleQueue

from gopher_cli.worker.run import Place, Run, here


class Stopped(BaseException):
    """Raised inside of a handler's thread to stop it. No handler should catch it."""


class Threads:
    """``perform`` runs one attempt and answers the next Run for this thread, or None."""

    def __init__(self, most: int, perform: Callable[[Run], Run | None]) -> None:
        self._most = most
        self._perform = perform
        self._inbox: SimpleQueue[Run] = SimpleQueue()
        self._idle = 0
        self._count = 0

    def start(self, run: Run) -> None:
        """Run it in a thread that is free, or in a new one."""
        if self._idle <= self._inbox.qsize() and self._count < self._most:
            self._count += 1
            threading.Thread(target=self._live, name=f"gopher-{self._count}", daemon=True).start()
        self._inbox.put(run)

    def _live(self) -> None:
        ident = threading.get_ident()
        while True:
            self._idle += 1
            run: Run | None = self._inbox.get()
            self._idle -= 1
            assert run is not None
            here.set(Place(run))
            while run is not None:
                run.stop = lambda: interrupt(ident)
                try:
                    run = self._perform(run)
                except Stopped:
                    run = None  # it came too late: that job had ended by itself


def interrupt(ident: int) -> None:
    """Raise Stopped in a thread, at its next step in Python. C code is not interrupted."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), ctypes.py_object(Stopped))
