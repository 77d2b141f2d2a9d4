"""Clients that are many, or that never come to the point."""

from __future__ import annotations

import asyncio
import resource
from contextlib import suppress
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

_FILES = 65536
_HEAD = 5.0  # seconds


def allow_many() -> None:
    """Each connection takes a file, and most systems let a process begin with 1024 of them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # some systems allow less than they say
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def prompt(seconds: float) -> type[asyncio.Protocol]:
    """What speaks HTTP, and hangs up on who has not sent the head of a request in time.

    uvicorn itself would wait for ever. A body has a time of its own, where it is read.
    """
    patience = min(seconds, _HEAD)

    class Prompt(AutoHTTPProtocol):  # type: ignore[valid-type, misc]
        _last: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._await_head()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.cycle is None or self.cycle.response_complete:
                self._await_head()
            else:
                self._be_content()

        def connection_lost(self, exc: Exception | None) -> None:
            self._be_content()
            super().connection_lost(exc)

        def _await_head(self) -> None:
            if self._last is None:
                self._last = asyncio.get_running_loop().call_later(patience, self.transport.close)

        def _be_content(self) -> None:
            if self._last is not None:
                self._last.cancel()
                self._last = None

    return Prompt
