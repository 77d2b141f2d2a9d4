"""Handlers in processes of their own that fork, start programs and say odd things."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from gopher_cli import Context, Gopher

app = Gopher()


def forked(payload: dict[str, Any]) -> str:
    """As in any Unix program: the child comes back out of here, in the way that is asked for."""
    pid = os.fork()
    if pid == 0:
        match payload["child"]:
            case "exits":
                sys.exit(0)
            case "raises":
                raise ValueError("of the child")
            case "returns late":
                time.sleep(0.3)
        return "of the child"
    return (
        f"of the parent, child {os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}" if payload["wait"] else ""
    )


@app.handler("fork", isolate=True)
def fork(payload: dict[str, Any]) -> str:
    return forked(payload)


@app.handler("fork-async", isolate=True)
async def fork_async(payload: dict[str, Any]) -> str:
    async def part() -> str:
        return forked(payload)

    return await asyncio.create_task(part())


@app.handler("next", isolate=True)
def following(payload: Any) -> Any:
    time.sleep(0.02)
    return payload


def _square(n: int) -> int:
    print("square of", n)
    return n * n


@app.handler("pool", isolate=True)
def pool(payload: list[int]) -> dict[str, Any]:
    with multiprocessing.get_context("fork").Pool(2) as some:
        squares = some.map(_square, payload)
    said = subprocess.run([sys.executable, "-c", "print(6 * 7)"], capture_output=True, text=True, check=True)
    ended = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
    ended.start()
    ended.terminate()
    ended.join()
    return {"squares": squares, "said": said.stdout.strip(), "ended": ended.exitcode}


@app.handler("chatty-fork", isolate=True)
def chatty_fork(payload: int) -> str:
    """The forks speak while the answer, which is large, is on its way."""
    for _ in range(2):
        if os.fork() == 0:
            for n in range(200):
                print("fork", n)
            os._exit(0)
    return "x" * payload


@app.handler("late-thread", isolate=True)
def late_thread(payload: str, ctx: Context) -> str:
    """Leaves a thread that speaks, and asks, in the name of a job that has ended."""

    def speak() -> None:
        while not Path(payload + ".go").exists():
            time.sleep(0.01)
        ctx.log("too late")
        ctx.progress(0.9, "too late")
        try:
            ctx.once("key", lambda: "late")
        except RuntimeError as error:
            Path(payload + ".refused").write_text(str(error), encoding="utf-8")

    threading.Thread(target=speak, daemon=True).start()
    return "ended"


@app.handler("patient", isolate=True)
def patient(payload: str) -> str:
    """Lets the thread of the job before speak while it runs."""
    Path(payload + ".go").touch()
    while not Path(payload + ".refused").exists():
        time.sleep(0.01)
    return "of its own"


@app.handler("surrogate", isolate=True)
def surrogate(payload: str, ctx: Context) -> None:
    print("printed \udce9")
    ctx.progress(0.5, "at \udce9")
    raise ValueError("cannot read Re\udce9sum\udce9.txt")
