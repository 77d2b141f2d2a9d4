"""One attempt while it runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar

from gopher_cli.context import Context
from gopher_cli.handlers import Handler
from gopher_cli.model.job import Lease

# Whose output it is, when a handler prints.
current: ContextVar[Run | None] = ContextVar("gopher_run", default=None)


class Run:
    """``stopped`` says why it was told to stop: timeout, cancel, interrupt or lost; empty while it may go on."""

    __slots__ = (
        "context",
        "deadline",
        "handler",
        "lease",
        "slot",
        "started",
        "stop",
        "stopped",
        "task",
    )

    def __init__(
        self, lease: Lease, handler: Handler, started: float, deadline: float, slot: int
    ) -> None:
        self.lease = lease
        self.handler = handler
        self.started = started
        self.deadline = deadline
        self.slot = slot
        self.stopped = ""
        self.context: Context | None = None
        self.task: asyncio.Task[None] | None = None
        # How to stop it where cancelling its task is not enough.
        self.stop: Callable[[], None] | None = None
