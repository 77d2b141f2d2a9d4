"""The decisions of the worker that need neither Redis nor a process."""

from __future__ import annotations

import json
from typing import Any

import builders
import msgspec
import pytest

from gopher_cli.model.errors import BadData
from gopher_cli.model.job.defaults import Defaults
from gopher_cli.model.job.job import JobState, Lease
from gopher_cli.model.job.outcome import (
    Cancelled,
    Discarded,
    Failed,
    Interrupted,
    Lost,
    Snoozed,
    Succeeded,
    TimedOut,
    Transition,
)  # fmt: skip
from gopher_cli.model.job.signals import Discard, Retry, Snooze
from gopher_cli.store.calls import Settlement
from gopher_cli.worker.execution import outcomes
from gopher_cli.worker.execution.settlement import unbegun
from gopher_cli.worker.runner.unknown_types import unhandled, unreadable

# Outcomes


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not even this")


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (Retry("later", delay=3), Failed("later", delay=3.0)),
        (Retry(), Failed("the handler asked for a retry")),
        (Retry("x", delay=float("inf")), Failed("Retry takes a number of seconds, not inf")),
        (Retry("x", delay=-1), Failed("Retry takes a number of seconds, not -1")),
        (Snooze(5, "busy"), Snoozed(5.0, "busy")),
        (Snooze(float("nan")), Failed("Snooze takes a number of seconds, not nan")),
        (Discard("no"), Discarded("no")),
        (Discard(), Discarded("the handler gave the job up")),
        (BadData("bad"), Discarded("bad")),
        (ValueError("x"), Failed("ValueError: x", "ValueError: x\n")),
        (ValueError(), Failed("ValueError", "ValueError\n")),
        (KeyError("k"), Failed("KeyError: 'k'", "KeyError: 'k'\n")),
    ],
)
def test_what_a_handler_raises_decides(error: BaseException, outcome: Any) -> None:
    assert outcomes.failed(error) == outcome


def test_an_error_that_cannot_say_what_it_is_has_a_name() -> None:
    said = outcomes.failed(Mute())

    assert isinstance(said, Failed) and said.error == "Mute"


def test_what_is_kept_of_an_error_is_bounded() -> None:
    said = outcomes.failed(ValueError("x" * 1_000_000))

    assert isinstance(said, Failed) and len(said.error) == 2000 and len(said.traceback) <= 8000
    assert len(outcomes.failed(Discard("x" * 1_000_000)).error) == 2000  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("outcome", "to", "word", "error"),
    [
        (Failed("x", "tb"), Transition(JobState.RETRYING, 5), "failed", "x"),
        (TimedOut(90), Transition(JobState.FAILED), "timed out", "longer than its timeout of 1m30s"),
        (Discarded("x", exit_code=65), Transition(JobState.FAILED), "discarded", "x"),
        (Snoozed(5, "busy"), Transition(JobState.SCHEDULED, 5), "snoozed", "busy"),
        (Cancelled(), Transition(JobState.CANCELLED), "cancelled", "cancelled while it ran"),
        (Lost("x"), Transition(JobState.ENQUEUED, lost=True), "lost", "x"),
        (Lost("x"), Transition(JobState.FAILED, lost=True), "poison", "x"),
        (Failed("\udcff"), Transition(JobState.FAILED), "failed", "\\udcff"),
    ],
)
def test_what_is_kept_of_an_attempt(outcome: Any, to: Transition, word: str, error: str) -> None:
    said = json.loads(outcomes.record(builders.lease(attempt=2), outcome, to, 1.5, "w.0"))

    assert (said["attempt"], said["outcome"], said["seconds"], said["worker"]) == (2, word, 1.5, "w.0")
    assert error in said["error"]
    assert ("retry_in" in said) == (to.state in ("retrying", "scheduled"))


def test_of_a_success_the_result_is_kept_and_of_an_interruption_nothing() -> None:
    lease, to = builders.lease(), Transition(JobState.COMPLETED)
    assert outcomes.record(lease, Succeeded(b"1"), to, 1, "w") == b"1"
    assert outcomes.record(lease, Interrupted(), to, 1, "w") == b""


def test_our_own_frames_are_not_in_a_traceback() -> None:
    def handler() -> None:
        raise ValueError("here")

    try:
        handler()
    except ValueError as error:
        said = outcomes.failed(error)
    assert isinstance(said, Failed) and "in handler" in said.traceback


# Strays


def unknown(lease: Lease, before: bytes, now: int, patience: float) -> Settlement:
    return unbegun(lease, *unhandled(lease, before, now, patience), Defaults())


def history(settlement: Settlement, at: int) -> bytes:
    return b"%d %b\n" % (at, settlement.data)


def test_an_unknown_type_waits_from_when_any_worker_first_saw_it() -> None:
    lease = builders.lease("old")
    first = unknown(lease, b"", 100_000, 3600.0)
    seen = history(first, 100_000)

    assert first.to == Transition(JobState.ENQUEUED, 0.0, spent=False, unhandled=True)
    again = unknown(lease, seen, 3_699_000, 3600.0)
    assert again.to == Transition(JobState.ENQUEUED, 3599.0, spent=False, unhandled=True)
    assert again.data == b"", "it is told once"
    last = unknown(lease, seen, 3_700_000, 3600.0)
    assert last.to == Transition(JobState.FAILED)
    assert json.loads(last.data)["error"] == "no worker has a handler for mail"


def test_an_unknown_type_waits_anew_when_it_was_brought_back_or_some_worker_has_run_it() -> None:
    lease = builders.lease("old")
    seen = history(unknown(lease, b"", 100_000, 3600.0), 100_000)
    given_up = seen + history(unknown(lease, seen, 3_700_000, 3600.0), 3_700_000)
    ran = seen + b'200000 {"attempt":1,"outcome":"failed","error":"boom"}\n'

    for before in (given_up, ran):
        assert unknown(lease, before, 9_000_000, 3600.0).to.unhandled
        assert unknown(lease, before, 9_000_000, 3600.0).data


def test_an_unreadable_record_is_kept_as_hex() -> None:
    assert json.loads(unreadable(builders.lease(), b"\xff")[1])["raw_hex"] == "ff"


def test_a_settlement_that_cannot_be_written_has_a_plain_one_in_its_place() -> None:
    item = outcomes.unsettled(builders.lease(attempt=3), ValueError("bad \udcff"))

    assert item.to == Transition(JobState.FAILED)
    assert (
        msgspec.json.decode(item.data)["error"] == "its outcome could not be settled: ValueError: bad \\udcff"
    )


# What is kept of an attempt


@pytest.mark.parametrize("char", ["x", "\udcff", "\x00", '"', "é", "\U0001f600"])
def test_an_entry_of_the_history_fits_whatever_its_error_is_made_of(char: str) -> None:
    outcome = Failed("E: " + char * 1990, "T" * 3 + char * 7990 + "the end")
    kept = outcomes.record(builders.lease(), outcome, Transition(JobState.FAILED), 1.0, "w")

    said = json.loads(kept)
    assert len(kept) < 20_000  # so that a history of 64 KB has three of them at least
    assert said["error"].startswith("E: ") and said["traceback"].endswith("the end")
    assert len(said["error"]) > 900 and len(said["traceback"]) > 1300
