"""The table of what operators do: every door takes from it, and every word of a script is in it."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import gopher_cli
from gopher_cli.gopher import Gopher
from gopher_cli.model.job.job import JobState
from gopher_cli.model.select.actions import (
    CANCEL,
    DELETE,
    PLAIN,
    RESCHEDULE,
    RETRY,
    RUN_NOW,
    Action,
    Answer,
    Result,
)
from gopher_cli.model.select.bulk import Bulk, words_of
from gopher_cli.model.select.filter import Filter
from gopher_cli.store.scripts import LUA

HOUSE = Path(gopher_cli.__file__).parent
ACTIONS = (*PLAIN.values(), RESCHEDULE)
each = pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)


@each
def test_an_action_has_a_verb_that_does_it_to_some_jobs_of_a_queue(action: Action) -> None:
    first, queue, ids, *more = inspect.signature(getattr(Gopher, action.verb)).parameters.values()

    assert (first.name, queue.name, ids.name) == ("core", "queue", "ids")
    assert all(one.kind is one.KEYWORD_ONLY and one.default is not one.empty for one in more)


@each
@pytest.mark.parametrize("state", JobState)
def test_a_state_that_forbids_it_is_no_result(action: Action, state: JobState) -> None:
    """`enqueued` is what a retried job is, and why another is not rescheduled."""
    if state == action.result:
        return
    answer = action.read(state)

    assert (answer.result, answer.state, answer.word) == (Result.FORBIDDEN, state, state)
    assert answer.result.exit_code == 5
    assert action.sentence(answer) == ("it is running" if state == "processing" else f"it is {state}")


@each
def test_every_result_reads_back_from_its_word_and_has_a_sentence(action: Action) -> None:
    own = {action.result, *(set(Result) - {other.result for other in ACTIONS} - {Result.FORBIDDEN})}

    for result in own:
        answer = action.read(result)
        assert (answer.result, answer.state, answer.word) == (result, None, result)
        assert action.sentence(answer), result


@pytest.mark.parametrize(
    ("action", "script"),
    [(CANCEL, "cancel"), (RETRY, "requeue"), (RUN_NOW, "requeue"), (RESCHEDULE, "reschedule")],
)
def test_a_script_answers_words_that_its_action_knows(action: Action, script: str) -> None:
    (path,) = LUA.rglob(f"{script}.lua")
    words = set(re.findall(r'(?:and|or|return|\{) "([a-z]+)"', path.read_text()))

    assert action.result in words
    for word in words:
        answer = action.read(word)
        assert answer.state or answer.result is not Result.FORBIDDEN, word


def test_a_word_of_a_newer_version_is_no_error() -> None:
    assert RETRY.read("evaporated") == Answer(Result.FORBIDDEN)


def test_buttons_are_for_the_states_of_an_action_and_for_some_more_of_a_job_by_itself() -> None:
    assert RETRY.allows("cancelled") and "cancelled" not in RETRY.states
    assert not any(DELETE.allows(state) for state in ("processing",))
    assert {action.name for action in ACTIONS if action.destructive} == {"purge"}


@each
def test_a_filter_that_names_no_state_means_those_of_the_action(action: Action) -> None:
    assert action.meant(Filter()).states == action.states


def test_what_was_changed_is_counted_apart_from_what_was_left() -> None:
    done = Bulk()
    done.add(CANCEL, {CANCEL.read("cancelled"): 3, CANCEL.read("requested"): 2, CANCEL.read("completed"): 0})
    done.add(CANCEL, {CANCEL.read("requested"): 1})

    assert (done.changed, words_of(done.left), done.seen) == (3, {"requested": 3}, 6)


@pytest.mark.parametrize(
    "words", [Result.LOCKED.why, Result.AWAITED.why, RUN_NOW.meaning, RETRY.again, CANCEL.again]
)
def test_what_a_door_says_of_an_action_is_written_once(words: str) -> None:
    files = [path for kind in ("py", "html", "js") for path in HOUSE.rglob(f"*.{kind}")]

    assert [path.name for path in files if words in path.read_text()] == ["actions.py"]
