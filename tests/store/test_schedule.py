"""schedule.lua and run_schedule.lua: a schedule is changed as the caller has seen it, and run by hand."""

from __future__ import annotations

import builders
import pytest

from gopher_cli.store import calls
from store.test_tick import FIRST, define, outcomes, run, standing, stored, tick


def change(queue, what, **more):
    seen = stored(queue)
    return define(queue, what=what, definition=b"", revision=seen.revision, expected=seen.tick, **more)


def by_hand(queue, id="s:now:1", overlap="skip", revision=None):
    revision = revision or stored(queue).revision
    call = calls.run_schedule(
        queue.keys, "s", revision=revision, overlap=overlap, id=id, head="5;;;;;;", spec=b'["mail",{}]',
        now=queue.at,
    )  # fmt: skip
    return queue.run(call)


def test_each_definition_has_a_revision_of_its_own(queue):
    assert define(queue) == "done"
    first = stored(queue)
    define(queue, what="define", definition=b'{"a":1}', revision=first.revision, expected=first.tick)

    second = stored(queue)
    assert int(second.revision) > int(first.revision) and second.definition == b'{"a":1}'


def test_only_what_the_caller_has_seen_is_changed(queue):
    define(queue)
    seen = stored(queue)

    assert define(queue) == "changed", "there is one by now"
    assert define(queue, revision="1", expected=seen.tick) == "changed"
    assert define(queue, revision=seen.revision, expected="1") == "changed"
    assert define(queue, revision=seen.revision) == "changed"
    assert stored(queue) == seen


def test_what_is_due_is_ticked_before_the_when_changes(queue):
    define(queue)
    queue.later(builders.minute)
    seen = stored(queue)

    assert define(queue, revision=seen.revision, expected=seen.tick) == "due"
    assert define(queue, what="define", revision=seen.revision, expected=seen.tick) == "done"


def test_a_queue_takes_so_many_and_changes_those_that_it_has(queue):
    assert define(queue, "a", limit=1) == "done"
    assert define(queue, "b", limit=1) == "full"
    found = stored(queue, "a")
    assert define(queue, "a", limit=1, revision=found.revision, expected=found.tick) == "done"


def test_a_paused_schedule_has_no_tick_and_says_who_and_why(queue):
    define(queue)
    change(queue, "pause", next="", why='["ann","deploy"]')

    pause = standing(queue).pause
    assert stored(queue).tick == "" and (pause.at, pause.by, pause.reason) == (queue.now, "ann", "deploy")
    queue.later(builders.minute)
    assert change(queue, "resume", next=FIRST + builders.hour) == "done"
    assert standing(queue).pause is None and standing(queue).last == queue.now
    assert outcomes(queue) == [("resumed", 1), ("paused", 1)]


def test_what_is_removed_leaves_nothing_but_its_jobs(queue):
    define(queue)
    queue.later(builders.minute)
    tick(queue, run(FIRST), next=FIRST + builders.minute)
    change(queue, "remove")

    assert not queue.redis.exists(*(queue.keys[name] for name in ("schedules", "ticks", "runs")))
    assert list(queue.whole().ready_normal) == [f"s:{FIRST}"]


@pytest.mark.parametrize("what", ["pause", "resume", "remove"])
def test_a_full_memory_stops_neither_a_pause_nor_a_removal(server, full, what):
    define(server)
    server.later(builders.minute)
    full()

    assert change(server, what, next=FIRST + builders.hour if what == "resume" else "") == "done"


def test_a_full_memory_refuses_a_definition(server, full):
    full()
    with pytest.raises(Exception, match="maxmemory"):
        define(server)
    assert stored(server) is None


def test_a_run_by_hand_leaves_the_ticks_alone(queue):
    define(queue)

    assert by_hand(queue) == ""
    assert stored(queue).tick == str(FIRST) and standing(queue).ran == 0
    assert outcomes(queue) == [("manual", 1)] and list(queue.whole().ready_normal) == ["s:now:1"]


def test_a_run_by_hand_obeys_the_overlap(queue):
    define(queue)
    by_hand(queue)

    assert by_hand(queue, "s:now:2") == "s:now:1"
    assert by_hand(queue, "s:now:2", overlap="all") == ""


def test_a_run_by_hand_of_what_was_changed_meanwhile_is_late(queue):
    define(queue)

    assert by_hand(queue, revision="1") == "late"
    assert not queue.whole().ready_normal
