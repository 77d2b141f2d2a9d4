"""What processes write down of a history is read as it was."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gopher_cli.model.errors import Unavailable
from history import FOREVER
from history.recorder import Recorder, read


def test_lines_of_many_writers_at_once_are_whole(tmp_path: Path) -> None:
    """Each has a file of its own open, as processes have."""

    def write(client: str) -> None:
        recorder = Recorder(tmp_path / "history")
        for number in range(100):
            with recorder.asks(client, "submit", f"{client}-{number}") as answers:
                answers.append("accepted")

    with ThreadPoolExecutor(8) as writers:
        list(writers.map(write, "abcdefgh"))

    ops, _ = read(tmp_path / "history")
    assert len(ops) == len({op.id for op in ops}) == 800
    assert all(op.answer == "accepted" and op.began < op.ended < FOREVER for op in ops)


def test_what_got_no_answer_stays_open(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "history")
    with recorder.asks("ann", "cancel", "one", "two"):
        raise Unavailable("Redis does not answer")

    ops, _ = read(tmp_path / "history")
    assert [(op.id, op.answer, op.known) for op in ops] == [("one", "", False), ("two", "", False)]


def test_what_is_due_later_is_due_so_long_after_it_was_asked_for(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "history")
    before = time.monotonic_ns()
    with recorder.asks("ann", "submit", "job", delay=2.0) as answers:
        answers.append("accepted")

    (op,), _ = read(tmp_path / "history")
    assert before <= op.due - 2_000_000_000 <= op.began


def test_a_run_says_how_it_came_to_its_end_if_it_came_to_one(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "history")
    for token, end in {"raised": ValueError(), "stopped": KeyboardInterrupt()}.items():
        with pytest.raises(type(end)), recorder.runs("job", token):
            raise end
    with recorder.runs("job", "completed"):
        recorder.write("start", id="job", token="", pid=1)

    _, runs = read(tmp_path / "history")
    assert sorted((run.token, run.said) for run in runs) == [
        ("", ""), ("completed", "completed"), ("raised", "raised"), ("stopped", "stopped"),
    ]  # fmt: skip
