"""An app whose types go wrong, each in its own way: `--app faults.troubled:app`; `:older` lacks most."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

from gopher_cli import Gopher

app, older = Gopher(), Gopher()


@app.handler("mail")
@older.handler("mail")
async def mail(payload: Any) -> None:
    """Ends at once."""


@app.handler("charge", retries=1, backoff="fixed:50ms")
async def charge(payload: Any) -> None:
    raise RuntimeError("card gateway: 502")


@app.handler("crash", isolate=True)
def crash(payload: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@app.handler("report", timeout=600)
async def report(payload: Any) -> None:
    await asyncio.sleep(590)


@app.handler("sync", timeout=1, retries=0)
async def sync(payload: Any) -> None:
    """It heeds neither its timeout nor a cancellation."""
    while True:
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            continue
