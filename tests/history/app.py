"""Handlers that write down when they run: `--app history.app:app`. The result is the token of the run."""

from __future__ import annotations

import asyncio
import os
import time
from functools import cache

from gopher_cli import Context, Gopher
from history.recorder import VARIABLE, Recorder

app = Gopher()


@cache
def recorder() -> Recorder:
    return Recorder(os.environ[VARIABLE])


@app.handler("work")
async def work(payload: dict[str, int], ctx: Context) -> str:
    """Takes so many ``ms``, and fails so many times at first."""
    with recorder().runs(ctx.job.id, ctx.token):
        await asyncio.sleep(payload["ms"] / 1000)
        return _end(payload, ctx)


@app.handler("work-thread")
def work_in_a_thread(payload: dict[str, int], ctx: Context) -> str:
    with recorder().runs(ctx.job.id, ctx.token):
        time.sleep(payload["ms"] / 1000)
        return _end(payload, ctx)


def _end(payload: dict[str, int], ctx: Context) -> str:
    if ctx.attempt <= payload["fails"]:
        raise RuntimeError(f"attempt {ctx.attempt}")
    return ctx.token
