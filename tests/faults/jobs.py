"""An app whose handlers keep the ledger: `--app faults.jobs:app`. Each says when it starts and ends.

Types: quick slow hold fail flaky, also as -thread and -isolated; chain, poison, die-isolated.

    quick   ends at once                      hold    until the file {"until": path} is there
    slow    takes {"seconds": n}              fail    always raises
    flaky   fails {"fails": n} times          poison  kills the process that it runs in
    die     ends an isolated process that way: {"how": "exit", "segv" or "abort"}
    chain   has six slow follow-ups, `<id>-0` to `<id>-5`, each after the one before, in {"queues": [...]}
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import time
from pathlib import Path
from typing import Any

from faults.ledger import here

from gopher_cli import Context, Gopher

app = Gopher()
STEP = 0.05  # seconds between two signs of life
STEPS = 6  # of a chain


def over(payload: Any, began: float) -> bool:
    """Whether a slow job has had its time, or a holding one its file."""
    if "until" in payload:
        return Path(payload["until"]).exists()
    return time.monotonic() - began >= float(payload.get("seconds", 1))


def end(kind: str, payload: Any, ctx: Context) -> Any:
    """What a job comes to when its time is over."""
    if kind == "fail" or (kind == "flaky" and ctx.attempt <= (payload or {}).get("fails", 1)):
        raise RuntimeError(f"{kind}: attempt {ctx.attempt}")
    return {"attempt": ctx.attempt, "pid": os.getpid()}


async def on_the_loop(kind: str, payload: Any, ctx: Context) -> Any:
    with here().run(ctx.job.id, ctx.token) as diary:
        began = time.monotonic()
        while kind in ("slow", "hold") and not over(payload, began):
            diary.still()
            await asyncio.sleep(STEP)
        return end(kind, payload, ctx)


def blocking(kind: str, payload: Any, ctx: Context) -> Any:
    with here().run(ctx.job.id, ctx.token) as diary:
        began = time.monotonic()
        while kind in ("slow", "hold") and not over(payload, began):
            diary.still()
            time.sleep(STEP)
        return end(kind, payload, ctx)


def register(kind: str) -> None:
    @app.handler(kind)
    async def loop(payload: Any, ctx: Context) -> Any:
        return await on_the_loop(kind, payload, ctx)

    @app.handler(f"{kind}-thread")
    def thread(payload: Any, ctx: Context) -> Any:
        return blocking(kind, payload, ctx)

    @app.handler(f"{kind}-isolated", isolate=True)
    def isolated(payload: Any, ctx: Context) -> Any:
        return blocking(kind, payload, ctx)


for _kind in ("quick", "slow", "hold", "fail", "flaky"):
    register(_kind)


@app.handler("chain")
async def chain(payload: Any, ctx: Context) -> None:
    with here().run(ctx.job.id, ctx.token):
        before: list[str] = []
        for step in range(STEPS):
            queue, id = payload["queues"][step % len(payload["queues"])], f"{ctx.job.id}-{step}"
            before = [ctx.submit("slow", {"seconds": STEP}, id=id, queue=queue, after=before)]


@app.handler("poison")
async def poison(payload: Any, ctx: Context) -> None:
    here().write("START", ctx.job.id, ctx.token, os.getpid(), time.monotonic())
    os.kill(os.getpid(), signal.SIGKILL)


@app.handler("die-isolated", isolate=True)
def die(payload: Any, ctx: Context) -> None:
    with here().run(ctx.job.id, ctx.token):
        match payload["how"]:
            case "exit":
                os._exit(7)
            case "segv":
                ctypes.string_at(0)
            case "abort":
                os.abort()
