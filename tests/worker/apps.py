"""Handlers for the tests of the worker. They tell of themselves in files, and wait for files."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import ctypes
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from contextvars import ContextVar
from pathlib import Path
from types import MappingProxyType
from typing import Any

from gopher_cli import Context, Discard, Gopher, Retry, Snooze

app = Gopher()
held: list[bytes] = []
colour: ContextVar[str] = ContextVar("colour", default="none")


def note(place: str, text: object) -> None:
    """A line of its own, whoever else writes."""
    with Path(place).open("a") as file:
        file.write(f"{text}\n")


@app.handler("echo")
async def echo(payload: Any) -> Any:
    return payload


@app.handler("echo-thread")
def echo_thread(payload: Any) -> Any:
    return payload


@app.handler("echo-isolated", isolate=True)
def echo_isolated(payload: Any, ctx: Context) -> Any:
    print("from", ctx.job.id)
    ctx.log("logged")
    ctx.progress(0.5, "half")
    return payload


@app.handler("asks-isolated", isolate=True)
def asks_isolated(payload: Any, ctx: Context) -> str:
    tags, headers = (tag for tag in ("a", "b")), MappingProxyType({"tenant": "x"})
    return ctx.submit("echo", {}, tags=tags, headers=headers)


@app.handler("pid")
async def pid(payload: Any) -> int:
    return os.getpid()


@app.handler("note")
async def take_note(payload: dict[str, str], ctx: Context) -> None:
    note(payload["file"], ctx.job.id)


@app.handler("fail")
async def fail(payload: Any, ctx: Context) -> None:
    print("about to fail")
    raise ValueError(f"boom {ctx.attempt}")


@app.handler("signals")
async def signals(payload: dict[str, Any], ctx: Context) -> None:
    match payload["raise"]:
        case "retry":
            raise Retry("later", delay=payload.get("delay"))
        case "discard":
            raise Discard("no use")
        case "snooze":
            raise Snooze(payload.get("seconds", 60), "not now")
        case "exit":
            sys.exit(3)
        case "interrupt":
            raise KeyboardInterrupt
        case "cancelled":
            raise asyncio.CancelledError


@app.handler("signals-thread")
def signals_thread(payload: dict[str, Any]) -> None:
    if payload["raise"] == "exit":
        sys.exit(3)
    raise KeyboardInterrupt


@app.handler("signals-isolated", isolate=True)
async def signals_isolated(payload: dict[str, Any], ctx: Context) -> None:
    await signals(payload, ctx)


@app.handler("die", isolate=True)
def die(payload: str) -> None:
    if payload == "exit":
        os._exit(7)
    os.kill(os.getpid(), signal.SIGSEGV)


@app.handler("children", isolate=True)
def children(payload: str) -> str:
    """Leaves a process behind; answers its pid."""
    return str(subprocess.Popen(["sleep", "600"], stdin=subprocess.DEVNULL).pid)


@app.handler("poison")
async def poison(payload: dict[str, str]) -> None:
    note(payload["file"], "poison")
    os.kill(os.getpid(), signal.SIGKILL)


@app.handler("result")
async def result(payload: str) -> Any:
    return {
        "nothing": None, "large": "x" * 1_100_000, "object": object(), "surrogate": "\udcff",
        "bytes": b"raw", "nan": float("nan"),
    }[payload]  # fmt: skip


@app.handler("hold")
async def hold(payload: dict[str, str], ctx: Context) -> str:
    note(payload["file"], ctx.job.id)
    while not Path(payload["file"] + ".go").exists():
        await asyncio.sleep(0.01)
    return "held"


@app.handler("kill")
async def kill(payload: dict[str, str]) -> None:
    note(payload["file"], "kills")
    os.kill(int(Path(payload["pid"]).read_text()), signal.SIGKILL)
    await asyncio.sleep(60)


@app.handler("hold-thread")
def hold_thread(payload: dict[str, str], ctx: Context) -> str:
    note(payload["file"], ctx.job.id)
    while not Path(payload["file"] + ".go").exists():
        time.sleep(0.01)
    return "held"


@app.handler("hold-isolated", isolate=True)
def hold_isolated(payload: dict[str, str], ctx: Context) -> str:
    signal.signal(signal.SIGTERM, lambda *_: note(payload["file"], "SIGTERM"))
    note(payload["file"], ctx.job.id)
    while not Path(payload["file"] + ".go").exists():
        time.sleep(0.01)
    return "held"


@app.handler("order-isolated", isolate=True)
def order_isolated(payload: dict[str, str], ctx: Context) -> str:
    """With no word about signals of its own."""
    return hold_thread(payload, ctx)


@app.handler("waits-for-a-program")
def waits_for_a_program(payload: dict[str, str]) -> None:
    until_there = 'echo x >> "$0"; while [ ! -e "$0.go" ]; do sleep 0.05; done'
    subprocess.run(["/bin/sh", "-c", until_there, payload["file"]], check=True)


@app.handler("waits-for-a-program-isolated", isolate=True)
def waits_for_a_program_isolated(payload: dict[str, str]) -> None:
    waits_for_a_program(payload)


@app.handler("holds-the-loop")
async def hold_the_loop(payload: dict[str, str]) -> None:
    note(payload["file"], "x")
    while not Path(payload["file"] + ".go").exists():
        time.sleep(0.01)


@app.handler("stubborn")
async def stubborn(payload: dict[str, str]) -> None:
    note(payload["file"] + ".began", "began")
    while not Path(payload["file"] + ".go").exists():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(0.01)
    note(payload["file"], "ended")


@app.handler("late")
async def late(payload: Any) -> str:
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        return "in spite of it"
    return "never"


@app.handler("hold-the-gil")
def hold_the_gil(payload: dict[str, str], ctx: Context) -> None:
    note(payload["file"], ctx.attempt)
    if ctx.attempt == 1:
        ctypes.PyDLL(None).sleep(120)


@app.handler("once")
async def once(payload: dict[str, str], ctx: Context) -> Any:
    async def charge() -> str:
        note(payload["file"], "charged")
        return f"by attempt {ctx.attempt}"

    charged = await ctx.once("charge card", charge)
    if ctx.attempt < 3:
        raise RuntimeError("after the charge")
    return charged


@app.handler("once-thread")
def once_thread(payload: dict[str, str], ctx: Context) -> Any:
    charged = ctx.once("charge", lambda: note(payload["file"], "charged") or ctx.attempt)
    if ctx.attempt < 3:
        raise RuntimeError("after the charge")
    return charged


@app.handler("once-isolated", isolate=True)
def once_isolated(payload: dict[str, str], ctx: Context) -> Any:
    return once_thread(payload, ctx)


@app.handler("parent")
async def parent(payload: dict[str, Any], ctx: Context) -> str:
    child = ctx.submit("echo", {"of": ctx.job.id}, queue=payload.get("queue", "default"))
    if payload.get("fails"):
        raise RuntimeError("after the follow-up")
    return child


@app.handler("parent-isolated", isolate=True)
def parent_isolated(payload: dict[str, Any], ctx: Context) -> str:
    return ctx.submit("echo", {"of": ctx.job.id}, tags=["t"])


def submit_each(payload: list[dict[str, Any]], ctx: Context) -> list[str]:
    """A follow-up with each of these options: its id, or what is said of it."""
    said = []
    for options in payload:
        try:
            said.append(ctx.submit("echo", {}, **options))
        except Exception as error:
            hint = getattr(error, "hint", "")
            said.append(f"{type(error).__name__}: {error}" + (f" ({hint})" if hint else ""))
    return said


@app.handler("options")
async def options_on_the_loop(payload: list[dict[str, Any]], ctx: Context) -> list[str]:
    return submit_each(payload, ctx)


app.handler("options-thread")(submit_each)


@app.handler("options-isolated", isolate=True)
def options_isolated(payload: list[dict[str, Any]], ctx: Context) -> list[str]:
    return submit_each(payload, ctx)


@app.handler("talk")
def talk(payload: Any, ctx: Context) -> None:
    print("printed")
    print("on stderr", file=sys.stderr)
    sys.stdout.writelines(["one\n", "two\n"])
    print("without an end", end="")
    ctx.log("logged\x1b[31m")
    ctx.progress(0.25, "a quarter")
    ctx.progress(7, "past the end")


@app.handler("ask", isolate=True)
async def ask(payload: str, ctx: Context) -> str:
    return await ctx.gopher.submit("echo", payload)


@app.handler("colour")
async def set_colour(payload: Any) -> str:
    seen = colour.get()
    colour.set("red")
    return seen


@app.handler("colour-thread")
def set_colour_in_a_thread(payload: Any) -> str:
    seen = colour.get()
    colour.set("red")
    return seen


@app.handler("grow")
async def grow(payload: int) -> int:
    held.append(b"x" * (payload * 1024 * 1024))
    return os.getpid()


@app.handler("fork", isolate=False)
def fork(payload: dict[str, str]) -> None:
    """Dies, and leaves a child that has all that was open."""
    child = os.fork()
    if not child:
        time.sleep(600)
    note(payload["file"], child)
    os.kill(os.getpid(), signal.SIGKILL)


@app.handler("sleep-a-moment")
async def sleep_a_moment(payload: Any) -> None:
    await asyncio.sleep(0.5)


@app.handler("ends-the-loop")
async def ends_the_loop(payload: str) -> None:
    """In a subtask, or a callback: what would end a program."""

    async def part() -> None:
        if payload == "exit":
            sys.exit(1)
        raise KeyboardInterrupt

    def call() -> None:
        raise KeyboardInterrupt

    loop = asyncio.get_running_loop()
    match payload:
        case "callback":
            loop.call_soon(call)
        case "stop":
            loop.stop()
        case "cancel-all":
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
        case _:
            await asyncio.gather(part())
    await asyncio.sleep(0.05)


@app.handler("close-stderr")
def close_stderr(payload: Any) -> None:
    sys.stderr.close()


def fork_and_return(payload: dict[str, str]) -> str:
    """As a program would that knows nothing of threads: the fork goes its way by a return, or `sys.exit`."""
    child = os.fork()
    if not child and payload["how"] == "exit":
        sys.exit(0)
    if child:
        note(payload["file"], child)
    return "of the parent" if child else "of the fork"


app.handler("fork-thread")(fork_and_return)


@app.handler("fork-loop")
async def fork_on_the_loop(payload: dict[str, str]) -> str:
    said = fork_and_return(payload)
    if payload["how"] == "await":
        await asyncio.sleep(0.01)
    return said


@app.handler("fork-to-thread")
async def fork_to_thread(payload: dict[str, str]) -> str:
    return await asyncio.to_thread(fork_and_return, payload)


def squared(number: int) -> int:
    return number * number


@app.handler("pool")
def pool(payload: list[int]) -> list[int]:
    with multiprocessing.get_context("fork").Pool(2) as some:
        return some.map(squared, payload)


@app.handler("pool-loop")
async def pool_on_the_loop(payload: list[int]) -> list[int]:
    return pool(payload)


@app.handler("block-the-loop")
async def block_the_loop(payload: dict[str, str]) -> None:
    """What an async handler must not do; or what happens to its process."""
    note(payload["file"], os.getpid())
    if payload["how"] == "freeze":
        os.kill(os.getpid(), signal.SIGSTOP)
        return
    while not Path(payload["file"] + ".go").exists():
        time.sleep(0.01)


@app.handler("stubborn-thread")
def stubborn_thread(payload: dict[str, str]) -> None:
    note(payload["file"] + ".began", "began")
    while True:
        with contextlib.suppress(BaseException):  # wherever in here it is raised
            while not Path(payload["file"] + ".go").exists():
                time.sleep(0.01)
            return


@app.handler("at-exit")
async def at_exit(payload: dict[str, str]) -> None:
    atexit.register(note, payload["file"], "the end")
