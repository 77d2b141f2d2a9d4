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
    """A chain of so many follow-ups in the other queue, each after the one before."""
    queue, before = "side" if ctx.job.queue == "default" else "default", ()
    for number in range(payload.get("follow", 0)):
        id = f"{ctx.job.id}-{number}-{ctx.attempt}"
        recorder().follows(ctx.token, id, detail=ctx.job.id, queue=queue, after=before)
        ctx.submit("work", {"ms": 2, "fails": 0}, id=id, queue=queue, after=before)
        before = (id,)
    if ctx.attempt <= payload["fails"]:
        raise RuntimeError(f"attempt {ctx.attempt}")
    return ctx.token
