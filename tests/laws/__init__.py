"""The laws of the store. They hold over a whole namespace, at any instant between two scripts."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from gopher_cli.model.job.history_outcome import HistoryOutcome
from gopher_cli.model.job.job import class_of
from gopher_cli.store.asks.schedules import read_standing
from gopher_cli.store.rows import spec_or_none
from laws.state import State, look

LIVE = ("enqueued", "scheduled", "retrying", "blocked", "processing")
OF_A_JOB = ("spec", "result", "errors", "log", "progress", "once", "waiters", "cancels")


def check(redis: Any, namespace: str) -> None:
    """Raises AssertionError, which names the law that is broken."""
    for state in look(redis, namespace).values():
        check_queue(state)


def check_queue(state: State) -> None:
    for law in LAWS:
        law(state)


def corrupt(state: State) -> set[str]:
    """Jobs in quarantine: of these a part is missing, and the laws know it."""
    return {id for id in state.failed if b'"outcome":"corrupt"' in state.errors.get(id, b"")}


def every_job_is_in_exactly_one_place(state: State) -> None:
    times = Counter(id for place in state.places.values() for id in place)
    assert all(n == 1 for n in times.values()), {
        id: [p for p, jobs in state.places.items() if id in jobs]
        for id, n in times.items() if n > 1
    }  # fmt: skip
    assert set(times) == set(state.meta), set(times) ^ set(state.meta)


def nothing_is_left_of_a_job_that_is_gone(state: State) -> None:
    for name in OF_A_JOB:
        left = set(getattr(state, name)) - state.ids
        assert not left, f"{name} keeps {left}"
    assert set(state.spec) | corrupt(state) == state.ids, state.ids - set(state.spec)
    assert set(state.result) <= set(state.completed), "a result of a job that has not completed"
    assert set(state.cancels) <= set(state.running), "asked to stop, and not running"


def jobs_are_conserved(state: State) -> None:
    counts = state.counts
    if not counts.get("corrupt"):
        # Only `gopher doctor --fix` writes down that some are missing.
        gone = sum(counts.get(way, 0) for way in ("expired", "purged", "missing"))
        assert counts.get("enqueued", 0) == len(state.ids) + gone, counts
    assert all(n >= 0 for n in counts.values()), counts


def a_running_job_is_held_by_the_owner_of_its_token(state: State) -> None:
    for id in state.running:
        token, worker = state.record(id).token, state.record(id).token.partition(":")[0]
        assert id in state.held.get(worker, {}), f"{id} runs under {token!r}; held: {state.held}"


def a_token_tells_whether_its_attempt_runs(state: State) -> None:
    """A bare one runs, ``!`` is settled, ``?`` was lost and may still succeed."""
    for id in state.ids:
        token = state.record(id).token
        assert (id in state.running) == bool(token and token[0] not in "!?"), (id, token)


def only_an_ended_job_has_an_end(state: State) -> None:
    for id in state.ids:
        ended = state.state(id) not in LIVE
        assert bool(state.record(id).finished) == ended, (id, state.state(id), state.meta[id])


def a_lock_belongs_to_a_live_job_or_lasts(state: State) -> None:
    for lock in state.locks:
        assert state.holder(lock) or lock in state.lock_ends, f"the lock {lock} has leaked"
    owned = Counter(
        state.record(id).lock for id in state.ids
        if state.state(id) in LIVE and state.record(id).lock
    )  # fmt: skip
    assert all(n == 1 for n in owned.values()), f"two live jobs share a lock: {owned}"
    for lock in owned:
        assert lock in state.locks, f"a live job has lost its lock {lock}"
    assert set(state.lock_ends) <= set(state.locks), "an end without a lock"


def a_blocked_job_waits_for_as_many_as_its_score_says(state: State) -> None:
    waits = Counter(
        (child.decode(), int(score))
        for children in state.waiters.values()
        for child, score in re.findall(rb"([^ ,]+) (\d+),", children)
    )
    for id, score in state.blocked.items():
        spec = spec_or_none(state.spec[id])
        parents = set(spec.options.after) if spec else set()
        listed = waits[id, state.record(id).score]
        # Of parents that were purged nobody waits any more, and their children wait for `gopher retry`.
        lost = len(parents) - listed if {"purged", "expired"} & set(state.counts) else 0
        assert listed <= score <= listed + lost and score > 0, (id, score, listed, parents)
    for parent in state.waiters:
        assert parent not in state.completed, f"{parent} has completed, and somebody waits for it"


def the_line_agrees_with_the_priority(state: State) -> None:
    for name in ("high", "normal", "low"):
        for id, score in getattr(state, f"ready_{name}").items():
            record, spec = state.record(id), spec_or_none(state.spec[id])
            assert score == record.score, f"{id} stands at {score}: {record}"
            if spec and score != 5e13:
                assert class_of(spec.priority) == name, f"{id} stands in the line {name}"
                assert 0 < score - (10 - spec.priority) * 1e13 < 1e13, f"{id} stands at {score}"


def who_stands_apart_has_a_place_by_type_priority_and_turn(state: State) -> None:
    assert set(state.unhandled_line) == set(state.unhandled)
    numbers = {int(number): type for type, number in state.unhandled_types.items()}
    assert len(numbers) == len(state.unhandled_types), "two types share a number"
    for id, score in state.unhandled_line.items():
        number, turn = divmod(int(score), 11 * 10**12)
        level, sequence = divmod(turn, 10**12)
        spec = spec_or_none(state.spec[id])
        assert state.record(id).score == level * 10**13 + sequence, id
        assert spec is None or numbers[number] == spec.type, id


def what_is_due_knows_when(state: State) -> None:
    for place in ("scheduled", "retrying"):
        for id, due in getattr(state, place).items():
            assert state.record(id).ready_at == due, f"{id} is due {due}: {state.record(id)}"


def no_job_is_tried_too_often(state: State) -> None:
    for id in state.ids - corrupt(state):
        spec, record = spec_or_none(state.spec[id]), state.record(id)
        most = 3 if spec is None or spec.max_retries is None else spec.max_retries
        assert spec is None or record.attempts <= most + 1, (id, record)


def one_worthless_token_is_enough(state: State) -> None:
    assert len(state.wake) <= 1, state.wake


def the_last_success_is_noted_of_expected_types_alone(state: State) -> None:
    types = {line.partition(b";")[0].decode() for line in state.expects.values()}
    assert set(state.last_success) == types, (state.last_success, state.expects)
    assert all(at.isdigit() for at in state.last_success.values()), state.last_success


def a_history_speaks_in_known_words(state: State) -> None:
    for id, history in state.errors.items():
        words = set(re.findall(rb'"outcome":"([^"]*)"', history))
        assert words <= {word.encode() for word in HistoryOutcome}, (id, words)


def what_was_told_is_so(state: State) -> None:
    """Only where somebody watches anything is told."""
    told, queue = state.told, ""
    for id, last in told.items():
        if not id:
            queue = last
        else:
            assert last == state.state(id), f"{id} is {state.state(id)}; {last} was told"
    assert queue in ("", "paused" if "paused" in state.conf else "resumed"), queue


def a_tick_belongs_to_a_schedule_and_lies_behind_its_last_instant(state: State) -> None:
    """One that is paused has none; one without is paused or over."""
    assert set(state.ticks) <= set(state.schedules) == set(state.runs), (state.ticks, state.runs)
    for name, raw in state.runs.items():
        standing = read_standing(raw)
        assert not (standing.pause and name in state.ticks), f"{name} is paused, and has a tick"
        assert state.ticks.get(name, standing.last + 1) > standing.last, f"{name} would run an instant twice"


LAWS = (
    every_job_is_in_exactly_one_place,
    nothing_is_left_of_a_job_that_is_gone,
    jobs_are_conserved,
    a_running_job_is_held_by_the_owner_of_its_token,
    a_token_tells_whether_its_attempt_runs,
    only_an_ended_job_has_an_end,
    a_lock_belongs_to_a_live_job_or_lasts,
    a_blocked_job_waits_for_as_many_as_its_score_says,
    the_line_agrees_with_the_priority,
    who_stands_apart_has_a_place_by_type_priority_and_turn,
    what_is_due_knows_when,
    no_job_is_tried_too_often,
    one_worthless_token_is_enough,
    the_last_success_is_noted_of_expected_types_alone,
    a_history_speaks_in_known_words,
    what_was_told_is_so,
    a_tick_belongs_to_a_schedule_and_lies_behind_its_last_instant,
)
