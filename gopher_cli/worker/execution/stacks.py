"""Where a handler is: the stack of its coroutine, or of its thread."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from types import FrameType
from typing import Any

from gopher_cli.worker.execution.attempt import Attempt
from gopher_cli.worker.logs import say

_OURS = "gopher_cli/worker"
_MOST = 12  # frames, the innermost


def say_stacks(running: Sequence[Attempt]) -> None:
    """A line of the log for each, the oldest first."""
    if not running:
        say("no job is running")
    for attempt in sorted(running, key=lambda attempt: attempt.started):
        stack = "in a process of its own" if attempt.apart else stack_of(attempt)
        seconds = round(time.monotonic() - attempt.started, 3)
        say("running", id=attempt.lease.id, type=attempt.lease.spec.type, seconds=seconds, stack=stack)


def stack_of(attempt: Attempt) -> str:
    """``file:line function``, the innermost last; empty for what runs in another process."""
    if attempt.task is not None and attempt.task is asyncio.current_task(attempt.task.get_loop()):
        frames: Iterable[FrameType] = _of_thread(threading.main_thread().ident or 0)  # it holds the loop up
    else:
        frames = _of_task(attempt.task.get_coro()) if attempt.task else _of_thread(attempt.thread)
    return " > ".join([_place(frame) for frame in frames if _OURS not in frame.f_code.co_filename][-_MOST:])


def _of_task(coroutine: Any) -> Iterator[FrameType]:
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
        if frame is not None:
            yield frame
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "gi_yieldfrom", None)


def _of_thread(ident: int) -> list[FrameType]:
    frame, frames = sys._current_frames().get(ident), list[FrameType]()
    while frame is not None:
        frames.append(frame)
        frame = frame.f_back
    return [frame for frame in reversed(frames) if not frame.f_code.co_filename.endswith("threading.py")]


def _place(frame: FrameType) -> str:
    return f"{frame.f_code.co_filename}:{frame.f_lineno} {frame.f_code.co_name}"
