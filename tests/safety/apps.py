"""Handlers that mean harm, or that are merely unlucky."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from gopher_cli import Context, Gopher

app = Gopher()
MEGABYTE = 1024 * 1024

if os.environ.get("NO_THREADS"):
    threading.stack_size(1 << 47)  # more than there are addresses: no thread can be started


def note(place: str, text: object) -> None:
    with Path(place).open("a") as file:
        file.write(f"{text}\n")


@app.handler("echo")
async def echo(payload: Any) -> Any:
    return payload


@app.handler("echo-thread")
def echo_thread(payload: Any) -> Any:
    return payload


@app.handler("echo-isolated", isolate=True)
def echo_isolated(payload: Any) -> Any:
    return payload


@app.handler("threads-again")
async def threads_again(payload: Any) -> None:
    threading.stack_size(0)


@app.handler("eat", isolate=True)
def eat(payload: int) -> int:
    """So many megabytes, each of them touched."""
    return len([b"x" * MEGABYTE for _ in range(payload)])


@app.handler("limits", isolate=True)
def limits(payload: Any) -> dict[str, Any]:
    import resource

    return {
        name: resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))
        for name in ("AS", "NOFILE", "NPROC", "CORE")
    }


@app.handler("progress", isolate=True)
def progress(payload: int, ctx: Context) -> None:
    for done in range(payload):
        ctx.progress(done / payload, f"{done} \udcff of {payload}")


@app.handler("progress-thread")
def progress_thread(payload: int, ctx: Context) -> None:
    for done in range(payload):
        ctx.progress(done / payload, f"{done} of {payload}")


@app.handler("large", isolate=True)
def large(payload: int) -> str:
    return "x" * payload * MEGABYTE


@app.handler("chatter", isolate=True)
def chatter(payload: float) -> None:
    end = time.monotonic() + payload
    while time.monotonic() < end:
        print("y")


@app.handler("leave", isolate=True)
def leave(payload: dict[str, str]) -> None:
    """A child in a session of its own, which its parent does not wait for."""
    left = subprocess.Popen(["setsid", "sleep", "600"], stdin=subprocess.DEVNULL)
    note(payload["file"], left.pid)
    os.kill(os.getpid(), signal.SIGKILL)


@app.handler("stdin", isolate=True)
def stdin(payload: Any) -> str:
    return os.read(0, 100).decode()


@app.handler("spin")
async def spin(payload: dict[str, str], ctx: Context) -> None:
    note(payload["file"], ctx.job.type)
    if ctx.attempt == 1:
        while True:
            pass


@app.handler("hold-the-gil")
def hold_the_gil(payload: dict[str, str], ctx: Context) -> None:
    note(payload["file"], ctx.job.type)
    if ctx.attempt == 1:
        ctypes.PyDLL(None).sleep(120)


@app.handler("read-for-ever")
def read_for_ever(payload: dict[str, str], ctx: Context) -> None:
    """In the kernel, where nothing that Python raises is seen."""
    note(payload["file"], ctx.job.type)
    if ctx.attempt == 1:
        os.read(os.pipe()[0], 1)


@app.handler("ignore-sigterm", isolate=True)
def ignore_sigterm(payload: dict[str, str], ctx: Context) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    note(payload["file"], ctx.job.type)
    if ctx.attempt == 1:
        time.sleep(120)


@app.handler("raise")
async def fail(payload: str) -> None:
    raise RuntimeError(payload)
