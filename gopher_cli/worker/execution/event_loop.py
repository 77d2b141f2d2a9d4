"""The event loop of a runner: nothing that a handler does in it ends it, or reaches tasks of others."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
import traceback
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from types import FrameType
from typing import Any, TypeVar

from gopher_cli.worker import forks
from gopher_cli.worker.execution.attempt import here
from gopher_cli.worker.logs import say

T = TypeVar("T")
_THREADS = 128  # of `asyncio.to_thread`; they begin when they are wanted


def best_loop() -> asyncio.AbstractEventLoop:
    """uvloop where it is installed. It is the current one, for modules that ask for it at their import."""
    loop: asyncio.AbstractEventLoop
    try:
        import uvloop
    except ImportError:
        loop = Loop()
    else:
        loop = uvloop.new_event_loop()
    loop.set_task_factory(_task)
    loop.set_default_executor(ThreadPool(_THREADS, "of-handlers"))
    os.register_at_fork(after_in_child=lambda: _end_in_fork(loop))
    loop.set_exception_handler(_tell)
    asyncio.set_event_loop(loop)
    return loop


class Loop(asyncio.SelectorEventLoop):
    """Threads of handlers that do not end keep nobody else from finding an address."""

    def __init__(self) -> None:
        super().__init__()
        self._names = ThreadPoolExecutor(4, "names")

    async def getaddrinfo(self, *given: Any, **named: Any) -> Any:
        place = here.get()
        threads = self._names if place is None or place.attempt is None else None
        return await self.run_in_executor(threads, partial(socket.getaddrinfo, *given, **named))


class ThreadPool(ThreadPoolExecutor):
    """For `asyncio.to_thread` of handlers. A fork that one of them makes does not come back to it."""

    def submit(self, function: Callable[..., T], /, *given: Any, **named: Any) -> Future[T]:
        def call() -> T:
            try:
                value = function(*given, **named)
            except BaseException as error:
                if forks.forked:
                    forks.leave(error)
                raise
            if forks.forked:
                forks.leave()
            return value

        return super().submit(call)


def _end_in_fork(loop: asyncio.AbstractEventLoop) -> None:
    """A fork that an async handler makes may do what it likes, but run our tasks: it ends when it awaits."""
    ready = getattr(loop, "_ready", None)
    if isinstance(ready, deque):
        ready.clear()
    else:
        _leave_at_the_end_of_the_step()
    loop.call_soon(forks.leave, _cannot_go_on())


def _leave_at_the_end_of_the_step() -> None:
    """uvloop hides what is ready, and would read from connections of our parent before it runs a call."""
    frame: FrameType | None = sys._getframe()
    while frame is not None and (frame.f_back is None or frame.f_back.f_code is not run_through.__code__):
        frame = frame.f_back
    if frame is None:
        return  # in a thread: there is no loop in here

    def see(_: FrameType, event: str, __: object) -> Any:
        if event == "return":  # also of a coroutine that awaits
            forks.leave(_cannot_go_on())
        return see

    frame.f_trace, frame.f_trace_lines = see, False
    sys.settrace(lambda *_: None)


def _cannot_go_on() -> RuntimeError:
    return RuntimeError("a fork of a runner cannot go on in its loop")


def run_through(loop: asyncio.AbstractEventLoop, main: Coroutine[Any, Any, T]) -> T:
    """Until ``main`` has ended; what it raises, and nothing else, is raised here.

    SystemExit and KeyboardInterrupt of a task or a callback leave the loop, and so does ``loop.stop()``. The
    task has its exception then, whoever awaits it gets it, and all others go on.
    """
    task = loop.create_task(main)
    while not task.done():
        try:
            loop.run_until_complete(task)
        except BaseException as error:
            if task.done() or loop.is_closed() or not _leaves_a_loop(error):
                raise
            say("a handler wanted to end this process: it works on", logging.WARNING, by=_what(error))
    return task.result()


def _leaves_a_loop(error: BaseException) -> bool:
    stopped = isinstance(error, RuntimeError) and "stopped before" in str(error)
    return stopped or isinstance(error, (SystemExit, KeyboardInterrupt))


def _what(error: BaseException) -> str:
    return "loop.stop()" if isinstance(error, RuntimeError) else type(error).__name__


def _task(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
    """A handler that cancels `asyncio.all_tasks()`, or awaits them, means those that it has begun itself."""
    task: asyncio.Task[Any] = asyncio.Task(coroutine, loop=loop, **options)
    place = here.get()
    if place is None or place.attempt is None:
        asyncio.tasks._unregister_task(task)
    return task


def _tell(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What nobody has awaited. One line: the default handler could block, or raise what ends the loop."""
    error = context.get("exception")
    fields: dict[str, object] = {}
    if isinstance(error, BaseException):
        fields["error"] = "".join(traceback.format_exception_only(error)).strip()
        if frames := traceback.extract_tb(error.__traceback__):
            fields["at"] = f"{frames[-1].filename}:{frames[-1].lineno}"
    say(str(context.get("message", "an error that nobody has awaited")), logging.ERROR, **fields)


def is_asked_to_stop(task: asyncio.Task[None]) -> bool:
    """By a cancellation that has not struck yet, or that was swallowed."""
    return bool(task.cancelling() or getattr(task, "_must_cancel", False))
