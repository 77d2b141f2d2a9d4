"""The main of a runner process: it is told what to do over a socket, and tells how it does."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from gopher_cli.build import open_gopher
from gopher_cli.config import Settings
from gopher_cli.handlers import Handler
from gopher_cli.loading import load_registry
from gopher_cli.model.errors import GopherError
from gopher_cli.worker import logs
from gopher_cli.worker.board import Board
from gopher_cli.worker.capture import capture
from gopher_cli.worker.channel import Channel
from gopher_cli.worker.options import WorkerOptions
from gopher_cli.worker.runner import Runner

_TELL = 1.0


async def live(end: socket.socket, board_fd: int) -> None:
    """Load handlers, say so, run until told to stop. The supervisor's end closing is such a word."""
    channel = await Channel.over(end)
    first = await channel.receive()
    if first is None:
        return
    options = msgspec.convert(first["options"], WorkerOptions)
    logs.set_up(options.log_level, options.log_format)
    try:
        settings = Settings.resolve(os.environ)
        registry = load_registry(options.app, options.programs)
    except GopherError as error:
        channel.send(error=str(error), hint=error.hint, exit_code=error.exit_code)
        await _farewell(channel)
        return
    channel.send(types={type: _introduction(handler) for type, handler in registry.handlers.items()})
    if await channel.receive() != {"go": True}:  # it stops before it has begun
        channel.send(ended=True)
        await _farewell(channel)
        return
    # Not even the embedded server is started here: it may have been stopped, by order, meanwhile.
    async with open_gopher(settings, start=False) as gopher:
        board = Board(board_fd, options.concurrency)
        runner = Runner(gopher, registry, settings, options, first["id"], board)
        capture(lambda run, text: runner.keep_output(run, text))
        listening = asyncio.create_task(_listen(channel, runner, options.grace))
        telling = asyncio.create_task(_tell(channel, runner))
        await runner.run()
        telling.cancel()
        listening.cancel()
        channel.send(**runner.state(), ended=True, worn=runner.worn, broken=runner.broken)
    await _farewell(channel)


def _introduction(handler: Handler) -> dict[str, Any]:
    """What the supervisor must know of a handler."""
    return {
        "schema": handler.schema.decode(),
        "timeout": handler.timeout,
        "retries": handler.retries,
        "backoff": handler.backoff,
    }


async def _farewell(channel: Channel) -> None:
    await channel.flush()
    channel.close()
    await asyncio.sleep(0)


async def _listen(channel: Channel, runner: Runner, grace: float) -> None:
    async for said in channel.messages():
        match said:
            case {"stop": seconds}:
                runner.stop(seconds)
            case {"make_way": seconds}:
                runner.worn = True
                runner.stop(seconds)
            case {"cancel": ids}:
                runner.cancel(ids, "cancel")
            case {"lost": ids}:
                runner.cancel(ids, "lost")
            case {"fence": queues}:
                runner.fence(queues)
    runner.stop(grace)


async def _tell(channel: Channel, runner: Runner) -> None:
    while True:
        channel.send(**runner.state())
        await asyncio.sleep(_TELL)


def _run_on_the_best_loop() -> Callable[[Coroutine[Any, Any, None]], None]:
    try:
        import uvloop
    except ImportError:
        return asyncio.run
    return uvloop.run


def main() -> None:
    end_fd, board_fd = int(sys.argv[1]), int(sys.argv[2])
    # Ctrl-C reaches the whole group; only the supervisor decides what it means. (Not SIG_IGN: the
    # programs that we start would inherit that.)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    end = socket.socket(fileno=end_fd)
    _run_on_the_best_loop()(live(end, board_fd))
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(0)  # threads of handlers that heed nothing must not keep us


if __name__ == "__main__":
    main()
