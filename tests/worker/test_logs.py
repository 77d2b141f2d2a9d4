"""What a worker says: one line for each event, whatever is in it."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import builders
import pytest

from gopher_cli.gopher import Gopher
from gopher_cli.model.job.job import JobState
from gopher_cli.model.job.outcome import (
    Discarded,
    Failed,
    Interrupted,
    Transition,
)  # fmt: skip
from gopher_cli.worker import logs
from gopher_cli.worker.execution.job_log import JobLog
from worker.processes import Worker, ends


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
    logs.log.propagate = True
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

    assert said()[0].partition(" ")[2] == 'warning: done id=x why="two words"'


def test_a_line_in_a_file_has_its_whole_time_and_at_a_terminal_that_of_the_day(said: Any) -> None:
    said("console")
    logs.say("done")
    record = logging.LogRecord("gopher", logging.INFO, "", 0, "done", None, None)

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z done", said()[0])
    assert re.fullmatch(r"\d\d:\d\d:\d\d done", logs.Console(colour=False).format(record))


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
    items = [builders.settlement(builders.lease(f"job-{n}"), run_us=2000) for n in range(300)]
    joblog.completed(items[:150])
    joblog.completed(items[150:])
    joblog.ended(builders.lease(), Failed("x"), Transition(JobState.RETRYING, 5), 0.5)
    joblog.flush()

    lines = said()
    assert len([line for line in lines if "completed type=mail id=" in line]) == 100
    assert lines[100].partition(" ")[2] == "200 more completed type=mail mean=2ms"
    assert lines[101].partition(" ")[2] == "1 more failed, will retry type=mail mean=500ms"
    assert joblog.counts == {"completed": 300, "failed": 1}


def test_a_failure_is_told_with_its_error_and_when_it_runs_again(said: Any) -> None:
    said("console")
    joblog = JobLog()
    joblog.ended(builders.lease("j"), Failed("boom " * 200), Transition(JobState.RETRYING, 5), 0.5)
    joblog.ended(builders.lease("j"), Discarded("x"), Transition(JobState.FAILED), 0.5)

    first, second = said()
    assert "failed, will retry type=mail id=j queue=default took=500ms attempt=1" in first
    assert first.endswith("again_in=5s") and len(first) < 500
    assert "warning: failed for good" in second


def test_quiet_logs_count_all_the_same(said: Any) -> None:
    said("console")
    logs.log.setLevel("ERROR")
    joblog = JobLog()
    joblog.completed([builders.settlement(builders.lease())])
    joblog.ended(builders.lease(), Interrupted(), Transition(JobState.ENQUEUED), 1)
    joblog.flush()

    assert said() == []
    assert joblog.counts == {"completed": 1, "failed": 0}


def test_a_log_raises_nothing_whatever_became_of_its_stream(
    said: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Wrong(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            raise SystemExit

    said("console")
    stream = (tmp_path / "log").open("w")
    logs.set_up("info", "console", stream)
    stream.close()
    monkeypatch.setattr("sys.stderr", stream)

    logs.say("closed")
    logs.log.addFilter(wrong := Wrong())
    logs.say("filtered")
    logs.log.removeFilter(wrong)


@pytest.mark.anyio
async def test_no_logging_configuration_of_an_application_silences_the_worker(
    gopher: Gopher, worker: Callable[..., Worker], tmp_path: Path, environ: dict[str, str]
) -> None:
    (tmp_path / "configured.py").write_text(
        "import logging, logging.config\n"
        "logging.config.dictConfig({'version': 1})\n"
        "logging.disable(logging.CRITICAL)\n"
        "logging.setLogRecordFactory(lambda *_: 1 / 0)\n"
        "from worker.apps import app\n",
        encoding="utf-8",
    )
    one = worker("--app", "configured:app", env={"PYTHONPATH": f"{tmp_path}:{environ['PYTHONPATH']}"})

    await ends(gopher, await gopher.submit("fail", max_retries=0), "failed")

    one.heard("failed for good")


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_worker_that_has_a_name_is_named_in_every_line(form: str) -> None:
    stream = io.StringIO()
    kept = list(logs.log.handlers), logs.log.level
    try:
        logs.set_up("info", form, stream, worker="mail-1")
        logs.say("completed", id="j")
        logs.say("failed", logging.ERROR)
    finally:
        logs.log.propagate = True
        logs.log.handlers[:], logs.log.level = kept[0], kept[1]

    named = '"worker": "mail-1"' if form == "json" else "worker=mail-1"
    assert [named in line for line in stream.getvalue().splitlines()] == [True, True]
