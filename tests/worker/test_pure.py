"""The decisions of the worker that need neither Redis nor a process."""

from __future__ import annotations

import io
import json
import logging
from collections import Counter
from typing import Any

import a
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from gopher_cli.model.errors import BadData, Usage
from gopher_cli.model.job import JobState
from gopher_cli.model.outcome import (
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
from gopher_cli.model.signals import Discard, Retry, Snooze
from gopher_cli.store.calls import Settlement
from gopher_cli.worker import logs, outcomes
from gopher_cli.worker.board import Board
from gopher_cli.worker.fetching import Prefetch, Quotas, Rotation
from gopher_cli.worker.joblog import JobLog
from gopher_cli.worker.options import parse_queues
from gopher_cli.worker.strays import unknown, unreadable

# Which queue, which class, how many


@given(some.lists(some.integers(1, 50), min_size=1, max_size=6), some.integers(1, 5))
def test_over_a_cycle_the_picks_are_as_the_weights(weights: list[int], cycles: int) -> None:
    rotation = Rotation(weights)
    picked = Counter(rotation.pick() for _ in range(sum(weights) * cycles))

    assert [picked[i] for i in range(len(weights))] == [weight * cycles for weight in weights]


def test_the_picks_are_spread_over_the_cycle() -> None:
    rotation = Rotation([3, 2, 1])

    assert "".join("abc"[rotation.pick()] for _ in range(6)) == "abacba"


def test_a_turn_asks_every_queue_the_picked_one_first_then_by_weight() -> None:
    rotation = Rotation([1, 5, 3])

    assert rotation.order() == [1, 2, 0]
    assert rotation.order() == [2, 1, 0]


@given(some.tuples(*[some.integers(0, 20)] * 3), some.lists(some.integers(1, 500), max_size=20))
def test_quotas_sum_to_what_is_wanted(ratio: tuple[int, int, int], counts: list[int]) -> None:
    quotas = Quotas(":".join(map(str, ratio)))
    for count in counts:
        assert sum(quotas.share(count)) == (count if sum(ratio) else 0)


def test_quotas_of_one_go_round_by_the_ratio() -> None:
    quotas = Quotas("3:2:1")
    totals = [sum(column) for column in zip(*(quotas.share(1) for _ in range(600)), strict=True)]

    assert totals == [300, 200, 100]


def test_strict_has_no_quotas() -> None:
    assert Quotas("strict").share(10) == (0, 0, 0)


def test_nothing_is_fetched_ahead_until_jobs_are_known_to_be_short() -> None:
    prefetch = Prefetch(10)
    assert prefetch.size == 0
    for _ in range(100):
        prefetch.learn(0.001)
    assert 300 <= prefetch.size <= 500
    prefetch.learn(1.0)
    assert prefetch.size == 0
    for _ in range(200):
        prefetch.learn(0.000001)
    assert prefetch.size == Prefetch.MOST
    prefetch.distrust()
    assert prefetch.size == 0


@pytest.mark.parametrize(
    ("text", "queues"),
    [
        ("default", (("default", 1),)),
        ("mail:3, default", (("mail", 3), ("default", 1))),
        ("a:2,a:5", (("a", 5),)),
    ],
)
def test_queues_have_weights(text: str, queues: Any) -> None:
    assert parse_queues(text) == queues


@pytest.mark.parametrize("text", ["", "a,", "a:", "a:0", "a:1001", "a:x", "a:-1", "a b", "a:1:2"])
def test_queues_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(Usage):
        parse_queues(text)


# The board


def test_the_board_tells_who_sits_where() -> None:
    board, other = Board.create(3), None
    try:
        import os

        other = Board(os.dup(board.fd), 3)
        other.write(0, 12.5, 1, "x" * 128)
        other.write(2, 99.0, 0, "short")
        assert board.read() == [(12.5, 1, "x" * 128), (99.0, 0, "short")]
        other.wipe(0)
        assert board.read() == [(99.0, 0, "short")]
        other.write(0, 1.0, 2, "y")
        assert (1.0, 2, "y") in board.read()
    finally:
        board.close()
        assert other is not None
        other.close()


def test_a_board_needs_no_memfd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("os.memfd_create", raising=False)
    board = Board.create(1)
    board.write(0, 1.0, 0, "x")

    assert board.read() == [(1.0, 0, "x")]
    board.close()


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
    said = json.loads(outcomes.record(a.lease(attempt=2), outcome, to, 1.5, "w.0"))

    assert (said["attempt"], said["outcome"], said["seconds"], said["worker"]) == (2, word, 1.5, "w.0")
    assert error in said["error"]
    assert ("retry_in" in said) == (to.state in ("retrying", "scheduled"))


def test_of_a_success_the_result_is_kept_and_of_an_interruption_nothing() -> None:
    lease, to = a.lease(), Transition(JobState.COMPLETED)
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


def history(settlement: Settlement, at: int) -> bytes:
    return b"%d %b\n" % (at, settlement.data)


def test_an_unknown_type_waits_from_when_any_worker_first_saw_it() -> None:
    lease = a.lease("old")
    first = unknown(lease, b"", 100_000, 3600.0)
    seen = history(first, 100_000)

    assert first.to == Transition(JobState.SCHEDULED, 0.25, spent=False)
    assert unknown(lease, seen, 104_000, 3600.0).to == Transition(JobState.SCHEDULED, 2.0, spent=False)
    assert unknown(lease, seen, 999_000, 3600.0).to == Transition(JobState.SCHEDULED, 5.0, spent=False)
    again = unknown(lease, seen, 3_697_000, 3600.0)
    assert (again.to, again.data) == (Transition(JobState.SCHEDULED, 3.0, spent=False), b"")
    last = unknown(lease, seen, 3_700_000, 3600.0)
    assert last.to == Transition(JobState.FAILED)
    assert json.loads(last.data)["error"] == "no worker has a handler for mail"


def test_an_unknown_type_waits_anew_when_it_was_brought_back_or_some_worker_has_run_it() -> None:
    lease = a.lease("old")
    seen = history(unknown(lease, b"", 100_000, 3600.0), 100_000)
    given_up = seen + history(unknown(lease, seen, 3_700_000, 3600.0), 3_700_000)
    ran = seen + b'200000 {"attempt":1,"outcome":"failed","error":"boom"}\n'

    for before in (given_up, ran):
        assert unknown(lease, before, 9_000_000, 3600.0).to.state == JobState.SCHEDULED
        assert unknown(lease, before, 9_000_000, 3600.0).data


def test_an_unreadable_record_is_kept_as_hex() -> None:
    assert json.loads(unreadable(a.lease(), b"\xff").data)["raw_hex"] == "ff"


# Logs


@pytest.fixture
def said() -> Any:
    """Sets up the logs; answers the lines so far."""
    stream = io.StringIO()
    kept = list(logs.log.handlers), logs.log.level

    def lines(form: str = "") -> list[str]:
        if form:
            logs.set_up("info", form, stream)
        return stream.getvalue().split("\n")[:-1]

    yield lines
    logs.log.handlers[:], logs.log.level = kept[0], kept[1]


HOSTILE = "a\nb\x1b[2J\r\u2028\u202e\x00é😀"


@pytest.mark.parametrize("form", ["console", "json"])
def test_one_event_is_one_line_whatever_is_in_it(said: Any, form: str) -> None:
    said(form)
    logs.say(HOSTILE, field=HOSTILE, number=3)
    logs.say("debug", logging.DEBUG)

    (line,) = said()
    assert not any(ord(c) < 32 or c in "\x7f\u2028\u202e" for c in line)
    assert len(line.splitlines()) == 1


def test_console_lines_have_fields_and_levels(said: Any) -> None:
    said("console")
    logs.say("done", logging.WARNING, id="x", why="two words")

    assert said()[0][9:] == 'warning: done id=x why="two words"'


def test_a_terminal_gets_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    record = logging.LogRecord("gopher", logging.ERROR, "", 0, "bad", None, None)

    assert logs.Console(colour=True).format(record).endswith("\x1b[31mbad\x1b[0m")


def test_json_lines_are_json_with_traceback(said: Any) -> None:
    said("json")
    try:
        raise ValueError("x")
    except ValueError:
        logs.log.exception("caught", extra={"fields": {"path": object}})
    entry = json.loads(said()[0])

    assert (entry["event"], entry["level"]) == ("caught", "error")
    assert "ValueError: x" in entry["traceback"]
    assert entry["ts"].endswith("Z")


def test_above_a_hundred_a_second_jobs_are_told_in_sum(said: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    said("console")
    monkeypatch.setattr("time.monotonic", lambda: 1000.5)
    joblog = JobLog()
    items = [a.settlement(a.lease(f"job-{n}"), run_us=2000) for n in range(300)]
    joblog.completed(items[:150])
    joblog.completed(items[150:])
    joblog.ended(a.lease(), Failed("x"), Transition(JobState.RETRYING, 5), 0.5)
    joblog.flush()

    lines = said()
    assert len([line for line in lines if "completed type=mail id=" in line]) == 100
    assert lines[100][9:] == "200 more completed type=mail mean=2ms"
    assert lines[101][9:] == "1 more failed, will retry type=mail mean=500ms"
    assert joblog.counts == {"completed": 300, "failed": 1}


def test_a_failure_is_told_with_its_error_and_when_it_runs_again(said: Any) -> None:
    said("console")
    joblog = JobLog()
    joblog.ended(a.lease("j"), Failed("boom " * 200), Transition(JobState.RETRYING, 5), 0.5)
    joblog.ended(a.lease("j"), Discarded("x"), Transition(JobState.FAILED), 0.5)

    first, second = said()
    assert "failed, will retry type=mail id=j queue=default took=500ms attempt=1" in first
    assert first.endswith("again_in=5s") and len(first) < 500
    assert "warning: failed for good" in second


def test_quiet_logs_count_all_the_same(said: Any) -> None:
    said("console")
    logs.log.setLevel("ERROR")
    joblog = JobLog()
    joblog.completed([a.settlement(a.lease())])
    joblog.ended(a.lease(), Interrupted(), Transition(JobState.ENQUEUED), 1)
    joblog.flush()

    assert said() == []
    assert joblog.counts == {"completed": 1, "failed": 0}


def test_a_settlement_that_cannot_be_written_has_a_plain_one_in_its_place() -> None:
    item = outcomes.unsettled(a.lease(attempt=3), ValueError("bad \udcff"))

    assert item.to == Transition(JobState.FAILED)
    assert (
        msgspec.json.decode(item.data)["error"] == "its outcome could not be settled: ValueError: bad \\udcff"
    )
