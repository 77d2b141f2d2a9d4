"""The words of a history: whoever shows one knows them all, and whoever writes one takes it from them."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import builders
import pytest

import gopher_cli
from gopher_cli.cli.render.inspect import portrait
from gopher_cli.cli.render.styles import STATE_STYLES
from gopher_cli.model.job.history_outcome import HistoryOutcome
from gopher_cli.model.views.job_view import JobDetail
from gopher_cli.model.views.timeline import story_of
from gopher_cli.store.rows import read_history
from gopher_cli.store.scripts import LUA
from gopher_cli.web.dashboard.views.timeline_bar import stretches

HOUSE = Path(gopher_cli.__file__).parent
STYLE_SHEETS = HOUSE / "web/dashboard/static"
each = pytest.mark.parametrize("outcome", HistoryOutcome, ids=str)


def tried(outcome: HistoryOutcome, **given: Any) -> JobDetail:
    event = builders.attempt(outcome, at=5000, seconds=2.0)
    return builders.detail(state="failed", finished=5000, history=[event], **given)


@each
def test_the_bar_of_a_life_paints_it_in_the_colour_of_a_state(outcome: HistoryOutcome) -> None:
    attempt = next(piece for piece in stretches(tried(outcome)) if piece.what == "attempt 1")

    assert attempt.kind == outcome.tone


@pytest.mark.parametrize("outcome", ["failed", "timed out", "discarded", "poison", "corrupt", "no handler"])
def test_an_attempt_that_went_wrong_is_painted_as_failed(outcome: str) -> None:
    job = tried(HistoryOutcome(outcome))

    assert [piece.kind for piece in stretches(job)] == ["enqueued", "failed"]
    assert [moment.tone for moment in story_of(job)] == [None, "failed"]


@each
def test_the_terminal_knows_it(outcome: HistoryOutcome) -> None:
    timeline = portrait(tried(outcome), 100).renderables
    cells = [
        cell
        for part in timeline
        for column in getattr(getattr(part, "renderable", None), "columns", ())
        for cell in column.cells
    ]
    styles = {getattr(cell, "plain", ""): getattr(cell, "style", "") for cell in cells}

    assert styles[outcome] == STATE_STYLES[outcome.tone]


@each
def test_the_style_sheet_has_a_colour_for_it(outcome: HistoryOutcome) -> None:
    sheet = (STYLE_SHEETS / "gopher.css").read_text()

    assert re.search(rf"\.s-{outcome.tone} {{ --c: var\(--{outcome.tone}\) }}", sheet)
    assert ".story [class] b { color: var(--c) }" in (STYLE_SHEETS / "pages.css").read_text()


def test_scripts_write_no_other_word() -> None:
    texts = [path.read_text() for path in LUA.rglob("*.lua")]
    written = {word for text in texts for word in re.findall(r'"outcome":"(\w[\w ]*)"', text)}
    choices = [choice for text in texts for choice in re.findall(r"outcome = .*(died and .*)", text)]
    written |= {word for choice in choices for word in re.findall('"(.*?)"', choice)}

    assert written == {"failed", "lost", "poison", "corrupt"} <= {*HistoryOutcome}


def test_nothing_else_writes_a_word_that_is_spelled_out() -> None:
    spelled = [
        f"{path.name}:{node.lineno}"
        for path in HOUSE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and key.value == "outcome"
        and isinstance(value, ast.Constant) and value.value in {*HistoryOutcome}
    ]  # fmt: skip

    assert spelled == []


def test_a_word_of_another_version_reads_as_a_failure() -> None:
    (event,) = read_history(b'5000 {"outcome":"evaporated","error":"no"}\n')

    assert (event.outcome, event.error) == ("failed", "no")
