"""From what a handler did to an Outcome, and from an Outcome to what is kept of the attempt."""

from __future__ import annotations

import asyncio
import inspect
import logging
import subprocess
import traceback
from collections.abc import Awaitable
from typing import Any

import msgspec

from gopher_cli.model.errors import BadData
from gopher_cli.model.job.history_outcome import HistoryOutcome
from gopher_cli.model.job.job import Lease
from gopher_cli.model.job.outcome import (
    DEAD,
    Cancelled,
    Discarded,
    Failed,
    Interrupted,
    Lost,
    Outcome,
    Snoozed,
    Succeeded,
    TimedOut,
    Transition,
)  # fmt: skip
from gopher_cli.model.job.payload import MAX_PAYLOAD
from gopher_cli.model.job.signals import Discard, Retry, Snooze
from gopher_cli.model.text.duration import format_duration
from gopher_cli.store.calls import Settlement
from gopher_cli.worker.execution.attempt import Attempt, StopReason
from gopher_cli.worker.execution.start_failures import STARTS_WITHIN, unstarted
from gopher_cli.worker.logs import say

_encode = msgspec.json.Encoder().encode
_STUCK = ", and did not stop: it is stuck"
_ERROR, _TRACEBACK = 2000, 8000
_ENCODED = {"error": 6000, "traceback": 10_000}  # bytes of JSON


class Unawaited(BaseException):
    """A handler has returned what is still to be awaited: a decorator has made a plain function of it."""

    def __init__(self, value: Awaitable[Any]) -> None:
        super().__init__()
        self.value = value


def succeeded(value: object) -> Outcome:
    """The handler returned this. What is no JSON, or too large, is a failure that no retry mends.

    Raises Unawaited.
    """
    if value is None:
        return NOTHING
    try:
        result = _encode(value)
        msgspec.json.decode(result)
    except (TypeError, ValueError, RecursionError, OverflowError) as error:
        if inspect.isawaitable(value):
            raise Unawaited(value) from None
        return Discarded(f"the result cannot be kept as JSON: {error}"[:_ERROR])
    if len(result) > MAX_PAYLOAD:
        return Discarded(f"the result has {len(result)} bytes, and 1 MB is the limit")
    return Succeeded(result)


NOTHING = Succeeded()


async def awaited(value: Awaitable[Any], attempt: Attempt) -> Outcome:
    """What comes of it, in the end."""
    while True:
        try:
            if attempt.stopped:
                raise asyncio.CancelledError
            return succeeded(await value)
        except asyncio.CancelledError:
            return stopped(attempt)
        except Unawaited as more:
            value = more.value
        except BaseException as error:
            return failed(error)


def stopped(attempt: Attempt, *, stuck: bool = False) -> Outcome:
    """It was told to stop, and has; ``stuck``: or has not."""
    match attempt.stopped:
        case StopReason.TIMEOUT if attempt.starting:
            why = f"it was not ready within {format_duration(STARTS_WITHIN)}"
            say("a job could not start: it waits", logging.ERROR, id=attempt.lease.id, why=why)
            return unstarted(why)
        case StopReason.TIMEOUT:
            return TimedOut(attempt.terms.timeout, stuck)
        case StopReason.CANCEL:
            return Cancelled(stuck)
        case StopReason.INTERRUPT | StopReason.LOST:
            return Interrupted()
    return Failed("CancelledError: the handler cancelled itself")


def failed(error: BaseException) -> Outcome:
    """The handler raised. Never raises itself, whatever that exception does when it is looked at."""
    try:
        return _failed(error)
    except BaseException:
        return Failed(_name(error))


def _failed(error: BaseException) -> Outcome:
    match error:
        case Snooze(seconds=seconds) | Retry(delay=seconds) if not _is_span(seconds):
            return Failed(f"{type(error).__name__} takes a number of seconds, not {seconds!r}"[:_ERROR])
        case Snooze():
            return Snoozed(float(error.seconds), _text(error))
        case Retry():
            delay = None if error.delay is None else float(error.delay)
            return Failed(_text(error) or "the handler asked for a retry", delay=delay)
        case Discard():
            return Discarded(_text(error) or "the handler gave the job up")
        case BadData():
            return Discarded(_text(error))
    return Failed(_said(error), _where(error), exit_code=_exit_code(error))


def _exit_code(error: BaseException | None) -> int | None:
    """Of the subprocess whose end was this error, or led to it."""
    for _ in range(10):
        if error is None or isinstance(error, subprocess.CalledProcessError):
            break
        error = error.__cause__ or error.__context__
    code = error.returncode if isinstance(error, subprocess.CalledProcessError) else None
    return code if isinstance(code, int) and abs(code) < 1 << 31 else None  # it may be anything


def _is_span(seconds: object) -> bool:
    """A time to wait, up to a century; None is no wish."""
    return seconds is None or (isinstance(seconds, (int, float)) and 0 <= seconds <= 100 * 365 * 86400.0)


def _text(error: BaseException) -> str:
    try:
        return str.__getitem__(str(error), slice(_ERROR))  # what is no plain text may do anything
    except BaseException:  # an exception that cannot even say what it is
        return _name(error)


def _name(error: BaseException) -> str:
    """Of its class, as Python has it: a class can also say something else, or raise."""
    name: str = type.__dict__["__name__"].__get__(type(error))
    return name


def _said(error: BaseException) -> str:
    name, text = _name(error), _text(error)
    return name if text in ("", name) else f"{name}: {text}"[:_ERROR]


def _where(error: BaseException) -> str:
    """The traceback from the handler on: our own frames above it say nothing."""
    try:
        frames = error.__traceback__
        while frames is not None and "gopher_cli/worker" in frames.tb_frame.f_code.co_filename:
            frames = frames.tb_next
        return "".join(traceback.format_exception(type(error), error, frames))[-_TRACEBACK:]
    except BaseException:
        return ""


def record(lease: Lease, outcome: Outcome, to: Transition, seconds: float, worker: str) -> bytes:
    """What the job's history keeps of an attempt that did not succeed, as JSON."""
    if isinstance(outcome, Succeeded):
        return outcome.result
    if isinstance(outcome, Interrupted):
        return b""
    entry = {
        "attempt": lease.attempt,
        "outcome": _word(outcome, to),
        "error": describe(outcome),
        "seconds": round(seconds, 6),
        "worker": worker,
    }
    if isinstance(outcome, (Failed, Discarded)) and outcome.traceback:
        entry["traceback"] = outcome.traceback
    if isinstance(outcome, (Failed, Discarded)) and outcome.exit_code is not None:
        entry["exit_code"] = outcome.exit_code
    if to.state in ("retrying", "scheduled"):
        entry["retry_in"] = round(to.after, 3)
    return _encode(_clean(entry))


def unsettled(lease: Lease, error: BaseException) -> Settlement:
    """An end for a job whose outcome cannot be written down: the dead letter queue, with the reason."""
    say("an outcome could not be settled", logging.ERROR, id=lease.id, why=_said(error))
    entry = {
        "attempt": lease.attempt,
        "outcome": HistoryOutcome.FAILED,
        "error": f"its outcome could not be settled: {_said(error)}",
    }
    return Settlement(lease, DEAD, _encode(_clean(entry)))


def _clean(entry: dict[str, object]) -> dict[str, object]:
    """Lone surrogates cannot be written as UTF-8: they become visible escapes. Then each text is cut by what
    it takes in the history, where escapes are many times as long, so that many entries fit."""
    return {key: _fitted(key, value) if isinstance(value, str) else value for key, value in entry.items()}


def _fitted(key: str, value: str) -> str:
    text, most = value.encode("utf-8", "backslashreplace").decode(), _ENCODED.get(key, _ERROR)
    while (size := len(_encode(text))) > most:
        kept = len(text) * most // size - 1
        text = text[-kept:] if key == "traceback" else text[:kept]  # its end says what happened
    return text


_WORDS = {
    Failed: HistoryOutcome.FAILED, TimedOut: HistoryOutcome.TIMED_OUT, Discarded: HistoryOutcome.DISCARDED,
    Snoozed: HistoryOutcome.SNOOZED, Cancelled: HistoryOutcome.CANCELLED, Lost: HistoryOutcome.LOST,
}  # fmt: skip


def _word(outcome: Outcome, to: Transition) -> HistoryOutcome:
    return HistoryOutcome.POISON if to.lost and to.state == "failed" else _WORDS[type(outcome)]


def describe(outcome: Outcome) -> str:
    """Why it did not succeed, in one sentence; empty where there is nothing to say."""
    match outcome:
        case Failed(error=error) | Discarded(error=error) | Lost(error=error):
            return error
        case TimedOut(timeout=timeout, stuck=stuck):
            return f"it ran longer than its timeout of {format_duration(timeout)}{_STUCK * stuck}"
        case Snoozed(reason=reason):
            return reason
        case Cancelled(stuck=stuck):
            return f"cancelled while it ran{_STUCK * stuck}"
    return ""
