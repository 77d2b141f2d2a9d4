"""tick.lua: a due tick makes its jobs once, and sets the next one."""

from __future__ import annotations

from typing import Any

import builders
import pytest

from gopher_cli.store import calls
from gopher_cli.store.asks.schedules import read, read_standing
from gopher_cli.store.calls.schedules import Missed, Run, Ticked

FIRST = builders.NOW + builders.minute


def define(queue: Any, name: str = "s", next: int | str = FIRST, **more: Any) -> str:
    what = more.pop("what", "count")
    more = {"last": queue.at if what in ("count", "resume") else ""} | more
    call = calls.schedule(
        queue.keys, name, what, definition=more.pop("definition", b"{}"), next=str(next), now=queue.at, **more
    )
    return queue.run(call)


def stored(queue: Any, name: str = "s") -> Any:
    ask = read(queue.keys, [name])
    (found,) = ask.answer([queue.redis.execute_command(*command) for command in ask.commands])
    return found


def standing(queue: Any, name: str = "s") -> Any:
    return read_standing(queue.redis.hget(queue.keys["runs"], name))


def outcomes(queue: Any) -> list[tuple[str, int]]:
    return [(entry.outcome, entry.count) for entry in standing(queue).history]


def run(instant: int, *, head: str = "5;;;;;;", name: str = "s") -> Run:
    return Run(instant, f"{name}:{instant}", head, b'["mail",{}]')


def tick(queue: Any, *runs: Run, name: str = "s", next: int | str = "", **more: Any) -> Ticked:
    found = stored(queue, name)
    given = {"revision": found.revision, "expected": found.tick, "last": max([0, *(r.instant for r in runs)])}
    call = calls.tick(queue.keys, name, next=str(next), runs=runs, now=queue.at, **(given | more))
    return queue.run(call)


def test_a_due_tick_makes_its_job_and_sets_the_next(queue):
    define(queue)
    queue.later(builders.minute)

    done = tick(queue, run(FIRST), next=FIRST + builders.minute)

    assert (done.what, done.jobs) == ("ticked", {f"s:{FIRST}": ""})
    assert list(queue.whole().ready_normal) == [f"s:{FIRST}"]
    assert stored(queue).tick == str(FIRST + builders.minute)
    assert (standing(queue).ran, standing(queue).last, standing(queue).job) == (1, FIRST, f"s:{FIRST}")


def test_of_two_tickers_that_have_seen_the_same_the_second_is_late(queue):
    define(queue)
    queue.later(builders.minute)
    seen = stored(queue)
    tick(queue, run(FIRST), next=FIRST + builders.minute)

    again = tick(queue, run(FIRST), next=FIRST + builders.minute, expected=seen.tick)

    assert again.what == "late" and standing(queue).ran == 1


def test_a_ticker_that_has_read_another_definition_is_late(queue):
    define(queue)
    seen = stored(queue)
    define(queue, what="define", revision=seen.revision, expected=seen.tick, definition=b'{"new":1}')
    queue.later(builders.minute)

    assert tick(queue, run(FIRST), revision=seen.revision).what == "late"
    assert not queue.whole().ready_normal


def test_a_tick_without_a_schedule_makes_nothing(queue):
    define(queue)
    seen = stored(queue)
    queue.redis.hdel(queue.keys["schedules"], "s")
    queue.later(builders.minute)

    assert tick(queue, run(FIRST), revision=seen.revision).what == "late"
    assert not queue.whole().ready_normal
    queue.redis.delete(queue.keys["ticks"], queue.keys["runs"])


def test_a_tick_that_is_not_due_is_early_also_where_the_clock_went_back(queue):
    define(queue)
    queue.later(builders.minute - 1)

    assert tick(queue, run(FIRST)).what == "early"
    assert stored(queue).tick == str(FIRST)


@pytest.mark.parametrize(("overlap", "made"), [("skip", 1), ("all", 2)])
def test_a_run_that_is_unfinished_keeps_the_next_from_running(queue, overlap, made):
    define(queue)
    queue.later(builders.minute)
    tick(queue, run(FIRST), next=FIRST + builders.minute, overlap=overlap)
    queue.later(builders.minute)

    second = tick(queue, run(FIRST + builders.minute), next=FIRST + 2 * builders.minute, overlap=overlap)

    assert len(queue.whole().ready_normal) == made
    assert second.jobs == {f"s:{FIRST + builders.minute}": "" if overlap == "all" else f"s:{FIRST}"}


@pytest.mark.parametrize("outcome", [builders.success(), builders.discard()], ids=["completed", "dead"])
def test_a_run_that_has_ended_lets_the_next_one_run(queue, outcome):
    define(queue)
    queue.later(builders.minute)
    tick(queue, run(FIRST), next=FIRST + builders.minute)
    (lease,) = queue.reserve()
    queue.settle(builders.settlement(lease, outcome))
    queue.later(builders.minute)

    assert list(tick(queue, run(FIRST + builders.minute)).jobs.values()) == [""]


@pytest.mark.parametrize("state", ["retrying", "processing"])
def test_a_run_that_is_to_be_tried_again_or_runs_is_unfinished(queue, state):
    define(queue)
    queue.later(builders.minute)
    tick(queue, run(FIRST), next=FIRST + builders.minute)
    (lease,) = queue.reserve(lease_ms=builders.hour)
    if state == "retrying":
        queue.settle(builders.settlement(lease, builders.failure(delay=600.0)))
    queue.later(builders.minute)

    assert list(tick(queue, run(FIRST + builders.minute)).jobs.values()) == [f"s:{FIRST}"]
    assert standing(queue).skipped == 1


def test_a_run_whose_unique_key_is_held_is_skipped(queue):
    queue.submit(builders.job("holder", unique_key="k"))
    lock = builders.job(unique_key="k").lock
    define(queue)
    queue.later(builders.minute)

    done = tick(queue, run(FIRST, head=f"5;;;{lock};;;"))

    assert done.jobs == {f"s:{FIRST}": "holder"} and standing(queue).history[0].detail == "holder"


def test_two_runs_of_one_tick_do_not_share_a_unique_key(queue):
    lock = builders.job(unique_key="k").lock
    define(queue)
    queue.later(2 * builders.minute)
    both = [run(FIRST + n, head=f"5;;;{lock};;;") for n in (0, 1)]

    assert list(tick(queue, *both, overlap="all").jobs.values()) == ["", f"s:{FIRST}"]


def complete(queue, keep=builders.day):
    (lease,) = queue.reserve()
    queue.later(5)
    queue.settle(builders.settlement(lease, builders.success(), retention=keep / 1000))


@pytest.mark.parametrize("keep", [builders.day, 0])
def test_when_a_run_has_completed_outlives_its_job(queue, keep):
    define(queue)
    define(queue, "other")
    queue.later(builders.minute)
    tick(queue, run(FIRST), next=FIRST + builders.hour)
    complete(queue, keep)
    ended = queue.now
    assert standing(queue).completed == ended and standing(queue, "other").completed == 0
    queue.later(2 * builders.day)
    queue.expire()
    tick(queue, run(FIRST + builders.hour), next="")
    assert standing(queue).completed == ended


def test_a_job_that_completes_touches_no_state_that_cannot_be_read_and_no_schedule_that_is_gone(queue):
    for id in ("s:1", "gone:1", "mail:1", "plain"):
        queue.submit(builders.job(id))
    define(queue)
    queue.redis.hset(queue.keys["runs"], "s", "rubbish")
    for _ in range(4):
        complete(queue)
    assert queue.redis.hgetall(queue.keys["runs"]) == {b"s": b"rubbish"}


def test_states_of_schedules_of_a_foreign_type_stop_no_work(queue):
    queue.submit(builders.job("s:1"))
    queue.redis.set(queue.keys["runs"], "theirs")
    complete(queue)
    assert queue.redis.zcard(queue.keys["completed"]) == 1
    queue.redis.delete(queue.keys["runs"])


def test_a_skip_names_the_holder_of_a_unique_key_that_outlives_its_job(queue):
    lock = builders.job(unique_key="k").lock
    define(queue)
    queue.later(builders.minute)
    tick(queue, run(FIRST, head=f"5;;;{lock};3600000;;"), next=FIRST + builders.minute, overlap="all")
    complete(queue, keep=0)
    queue.later(builders.minute)
    tick(queue, run(FIRST + builders.minute, head=f"5;;;{lock};3600000;;"), overlap="all")
    assert standing(queue).history[0].detail == f"s:{FIRST}"


def test_an_instant_whose_job_is_known_is_not_made_again(queue):
    queue.submit(builders.job(f"s:{FIRST}", payload={"by": "hand"}))
    define(queue)
    queue.later(builders.minute)

    assert tick(queue, run(FIRST)).jobs == {f"s:{FIRST}": "known"}
    assert b"hand" in queue.redis.hget(queue.keys["spec"], f"s:{FIRST}")
    assert standing(queue).ran == 1


def test_missed_instants_are_counted_and_told_once(queue):
    define(queue)
    queue.later(builders.hour)
    tick(queue, run(FIRST + 50), next=FIRST + builders.hour, missed=Missed(50, FIRST, FIRST + 49))
    queue.later(builders.hour)
    tick(
        queue,
        next=FIRST + 2 * builders.hour,
        missed=Missed(1, FIRST + builders.hour, FIRST + builders.hour),
        last=FIRST + builders.hour,
    )
    queue.later(builders.hour)
    tick(
        queue,
        missed=Missed(2, FIRST + 2 * builders.hour, FIRST + 2 * builders.hour + 1),
        last=FIRST + 2 * builders.hour + 1,
    )

    assert standing(queue).missed == 53
    assert outcomes(queue) == [("missed", 3), ("ran", 1), ("missed", 50)]
    newest = standing(queue).history[0]
    assert (newest.instant, newest.last) == (FIRST + builders.hour, FIRST + 2 * builders.hour + 1)


def test_a_history_keeps_twenty_entries_and_equal_skips_are_one(queue):
    define(queue)
    for n in range(30):
        queue.later(builders.minute)
        tick(queue, run(FIRST + n * builders.minute), next=FIRST + (n + 1) * builders.minute)
    assert outcomes(queue) == [("skipped", 29), ("ran", 1)]
    for n in range(30, 60):
        queue.later(builders.minute)
        tick(queue, run(FIRST + n * builders.minute), next=FIRST + (n + 1) * builders.minute, overlap="all")

    assert outcomes(queue) == [("ran", 1)] * 20 and standing(queue).ran == 31


def test_jitter_lets_the_job_wait_and_not_the_tick(queue):
    define(queue)
    queue.later(builders.minute)

    tick(queue, run(FIRST, head=f"5;{FIRST + 5000};;;;;"), next=FIRST + builders.minute)

    assert queue.whole().scheduled == {f"s:{FIRST}": FIRST + 5000}
    assert stored(queue).tick == str(FIRST + builders.minute)


@pytest.mark.parametrize(("given", "left"), [({"next": ""}, ""), ({"next": FIRST + 9, "run_limit": 1}, "")])
def test_a_schedule_is_over_without_a_next_instant_or_after_its_last_run(queue, given, left):
    define(queue)
    queue.later(builders.minute)
    tick(queue, run(FIRST), **given)

    assert stored(queue).tick == left and not queue.redis.exists(queue.keys["ticks"])


def test_no_more_runs_are_made_than_a_schedule_has(queue):
    define(queue)
    queue.later(builders.minute)

    done = tick(queue, run(FIRST), run(FIRST + 1), next=FIRST + builders.minute, overlap="all", run_limit=1)

    assert list(done.jobs) == [f"s:{FIRST}"]


def dead(queue: Any, instant: int, **more: Any) -> Ticked:
    done = tick(
        queue, run(instant), next=instant + builders.minute, pause_after=2, why='["gopher","dead"]', **more
    )
    for lease in queue.reserve():
        queue.settle(builders.settlement(lease, builders.discard()))
    queue.later(builders.minute)
    return done


def test_after_so_many_dead_runs_in_a_row_it_pauses_itself(queue):
    define(queue)
    queue.later(builders.minute)
    assert [dead(queue, FIRST + n * builders.minute).what for n in range(3)] == ["ticked", "ticked", "paused"]

    paused = standing(queue)
    assert stored(queue).tick == "" and (paused.pause.by, paused.pause.reason) == ("gopher", "dead")
    assert outcomes(queue) == [("paused", 1), ("ran", 1), ("ran", 1)] and paused.missed == 0


def test_dead_runs_from_before_it_was_resumed_do_not_count(queue):
    define(queue)
    queue.later(builders.minute)
    for n in range(3):
        dead(queue, FIRST + n * builders.minute)
    define(
        queue,
        what="resume",
        definition=b"",
        next=FIRST + 3 * builders.minute,
        revision=stored(queue).revision,
    )

    assert [dead(queue, FIRST + n * builders.minute).what for n in (3, 4, 5)] == [
        "ticked",
        "ticked",
        "paused",
    ]


def test_a_success_between_them_keeps_it_going(queue):
    define(queue)
    queue.later(builders.minute)
    dead(queue, FIRST)
    tick(queue, run(FIRST + builders.minute), next=FIRST + 2 * builders.minute, pause_after=2)
    (lease,) = queue.reserve()
    queue.settle(builders.settlement(lease, builders.success()))
    queue.later(builders.minute)

    assert [dead(queue, FIRST + n * builders.minute).what for n in (2, 3, 4)] == [
        "ticked",
        "ticked",
        "paused",
    ]


def test_a_full_memory_refuses_a_tick_and_nothing_has_happened(server, full):
    define(server)
    server.later(builders.minute)
    before = stored(server)
    full()
    with pytest.raises(Exception, match="maxmemory"):
        tick(server, run(FIRST), next=FIRST + builders.minute)

    assert stored(server) == before and not server.whole().ready_normal


def test_promote_tells_when_the_first_tick_is_due(queue):
    assert queue.promote().next_tick is None
    define(queue, "late", next=FIRST + 1)
    define(queue, "soon")

    found = queue.promote()
    assert (found.next_tick, found.cancels) == (FIRST, False)
    queue.submit(builders.job("one"))
    queue.reserve()
    queue.cancel("one")
    assert queue.promote().cancels
