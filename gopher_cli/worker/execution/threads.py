"""Sync handlers run in threads. A thread that ends one job takes the next by itself, without the loop."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from contextvars import copy_context
from queue import SimpleQueue

from gopher_cli.worker.execution.attempt import Attempt, Place, here


class Stopped(BaseException):
    """Raised inside of a handler's thread to stop it. No handler should catch it."""


class Target:
    """What a thread runs now: only that can be stopped, never what comes after it."""

    __slots__ = ("_ident", "_lock", "_run", "_struck")

    def __init__(self, ident: int) -> None:
        self._ident = ident
        self._lock = threading.Lock()
        self._run: Attempt | None = None
        self._struck = False

    def aim(self, attempt: Attempt) -> None:
        """From here on it may be stopped."""
        self._struck = False
        self._run = attempt
        attempt.stop = self.strike
        attempt.thread = self._ident

    def strike(self, attempt: Attempt) -> None:
        """Called from the loop. Raises Stopped in the thread if it is still at this run."""
        with self._lock:
            if self._run is attempt:
                self._struck = True
                _raise_in(self._ident, Stopped)

    def shelter(self) -> None:
        """From here on nothing strikes; what is on its way is taken back."""
        with self._lock:
            self._run = None
        if self._struck:
            _raise_in(self._ident, None)


class Threads:
    """``perform`` runs one attempt and answers the next Attempt for this thread, or None at a chain's end."""

    def __init__(self, most: int, perform: Callable[[Attempt, Target], Attempt | None]) -> None:
        self._most = most
        self._perform = perform
        self._inbox: SimpleQueue[Attempt] = SimpleQueue()
        self._chains = 0
        self._count = 0

    def start(self, attempt: Attempt) -> None:
        """Attempt it in a thread that is free, or in a new one. Called from the loop, as `ended` is.

        Raises RuntimeError when the system has not even one thread for us.
        """
        if self._chains >= self._count and self._count < self._most:
            self._grow()
        self._chains += 1
        self._inbox.put(attempt)

    def ended(self) -> None:
        """A chain of jobs has come to its end: its thread is free, or about to be."""
        self._chains -= 1

    def _grow(self) -> None:
        try:
            threading.Thread(target=self._live, name=f"gopher-{self._count + 1}", daemon=True).start()
        except RuntimeError:  # the system has no thread left: those that we have must do
            if not self._count:
                raise
            return
        self._count += 1

    def _live(self) -> None:
        target = Target(threading.get_ident())
        while True:
            attempt: Attempt | None = self._inbox.get()
            assert attempt is not None
            here.set(Place(attempt))
            while attempt is not None:
                # Each in a context of its own: what a handler sets there ends with it.
                try:
                    attempt = copy_context().run(self._perform, attempt, target)
                except BaseException:  # it has told of that, and left its slot: this thread is for the next
                    attempt = None


def _raise_in(ident: int, what: type[BaseException] | None) -> None:
    """At the thread's next step in Python; C code is not interrupted. None takes it back."""
    exception = ctypes.py_object() if what is None else ctypes.py_object(what)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), exception)
