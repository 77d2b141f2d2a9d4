"""Handlers that do a bit of everything a job can do, so that the doctor sees live traffic of every kind."""

from __future__ import annotations

import asyncio
from typing import Any

from gopher_cli import Context, Gopher, Retry, Snooze

app = Gopher()
_put_off: set[str] = set()


@app.handler("quick")
async def quick(payload: Any, ctx: Context) -> int:
    ctx.log("a line")
    return 1


@app.handler("slow")
async def slow(payload: Any, ctx: Context) -> None:
    ctx.progress(0.5, "half")
    await ctx.once("key", lambda: 1)
    await asyncio.sleep(0.02)


@app.handler("unsteady", backoff="fixed:20ms", retries=2)
async def unsteady(payload: Any, ctx: Context) -> None:
    """Fails twice, and is put off once."""
    if ctx.attempt == 1:
        raise Retry("not yet", delay=0.01)
    if ctx.attempt == 2:
        raise ValueError("boom")
    if ctx.job.id not in _put_off:
        _put_off.add(ctx.job.id)
        raise Snooze(0.05)


@app.handler("parent")
async def parent(payload: Any, ctx: Context) -> None:
    ctx.submit("quick", {})


@app.handler("doomed", retries=0)
async def doomed(payload: Any, ctx: Context) -> None:
    raise ValueError("boom")
