"""The event loop of a runner: nothing that a handler does in it ends it, or reaches tasks of others."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Coroutine
from typing import Any, TypeVar

from gopher_cli.worker.logs import say
from gopher_cli.worker.run import here

T = TypeVar("T")


def best_loop() -> asyncio.AbstractEventLoop:
    """uvloop where it is installed. It is the current one, for modules that ask for it at their import."""
    try:
        import uvloop
    except ImportError:
        loop = asyncio.new_event_loop()
    else:
        loop = uvloop.new_event_loop()
    loop.set_task_factory(_task)
    loop.set_exception_handler(_tell)
    asyncio.set_event_loop(loop)
    return loop


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
    if place is None or place.run is None:
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
