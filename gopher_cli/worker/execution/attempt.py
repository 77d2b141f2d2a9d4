"""One attempt while it runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from enum import Enum

from gopher_cli.context import Context
from gopher_cli.handlers import Handler, Runs
from gopher_cli.model.job.job import Lease
from gopher_cli.model.job.terms import Terms


class StopReason(Enum):
    """Why an attempt is told to stop."""

    TIMEOUT = "it ran longer than its timeout"
    CANCEL = "an operator wants it"
    INTERRUPT = "the worker stops, or must not run it on"
    LOST = "its lease was lost: what comes of it is not ours to settle"


class Attempt:
    """``stopped`` says why it was told to stop; None while it may run on.

    One more loss would be the end of a ``suspect``: it runs in a process of its own. While that, or a
    program, is ``starting``, ``deadline`` is that of the start: its timeout counts from when it has begun.
    """

    __slots__ = (
        "apart", "context", "deadline", "handler", "lease", "partial", "slot", "started", "starting", "stop",
        "stopped", "suspect", "task", "terms", "thread",
    )  # fmt: skip

    def __init__(self, lease: Lease, handler: Handler, terms: Terms, started: float, slot: int) -> None:
        self.lease = lease
        self.handler = handler
        self.terms = terms
        self.started = started
        self.deadline = started + terms.timeout
        self.slot = slot
        self.stopped: StopReason | None = None
        self.suspect = False
        self.apart = False  # in a process of its own, or as a program
        self.starting = False
        self.partial = ""  # what a handler has printed of a line
        self.context: Context | None = None
        self.task: asyncio.Task[None] | None = None
        self.thread = 0  # which runs it, if one does
        # How to stop it where cancelling its task is not enough.
        self.stop: Callable[[Attempt], None] | None = None

    @property
    def runs(self) -> Runs:
        """In what way."""
        runs = self.handler.runs
        return Runs.PROCESS if self.suspect and runs is not Runs.PROGRAM else runs

    def start(self, within: float) -> None:
        """In another process, which is to have begun it in so many seconds."""
        self.starting = True
        self.deadline = self.started + within

    def begin(self, now: float) -> None:
        """That has begun it. Not a word too late: one that is told to stop has no more time."""
        self.starting = False
        if not self.stopped:
            self.started = now
            self.deadline = now + self.terms.timeout


class Place:
    """Where one job after the other runs: a task or a thread. ``attempt`` is the present one."""

    __slots__ = ("attempt",)

    def __init__(self, attempt: Attempt) -> None:
        self.attempt: Attempt | None = attempt


# Whose output it is, when a handler prints.
here: ContextVar[Place | None] = ContextVar("gopher_place", default=None)
