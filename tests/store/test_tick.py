"""tick.lua: a due tick makes its jobs once, and sets the next one."""

from __future__ import annotations

from typing import Any

import a
import pytest

from gopher_cli.store import calls
from gopher_cli.store.calls.schedules import Missed, Run, Ticked
from gopher_cli.store.schedules import read, read_standing

FIRST = a.NOW + a.minute


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
    queue.later(a.minute)

    done = tick(queue, run(FIRST), next=FIRST + a.minute)

    assert (done.what, done.jobs) == ("ticked", {f"s:{FIRST}": ""})
    assert list(queue.whole().ready_normal) == [f"s:{FIRST}"]
    assert stored(queue).tick == str(FIRST + a.minute)
    assert (standing(queue).ran, standing(queue).last, standing(queue).job) == (1, FIRST, f"s:{FIRST}")


def test_of_two_tickers_that_have_seen_the_same_the_second_is_late(queue):
    define(queue)
    queue.later(a.minute)
    seen = stored(queue)
    tick(queue, run(FIRST), next=FIRST + a.minute)

    again = tick(queue, run(FIRST), next=FIRST + a.minute, expected=seen.tick)

    assert again.what == "late" and standing(queue).ran == 1


def test_a_ticker_that_has_read_another_definition_is_late(queue):
    define(queue)
    seen = stored(queue)
    define(queue, what="define", revision=seen.revision, expected=seen.tick, definition=b'{"new":1}')
    queue.later(a.minute)

    assert tick(queue, run(FIRST), revision=seen.revision).what == "late"
    assert not queue.whole().ready_normal


def test_a_tick_without_a_schedule_makes_nothing(queue):
    define(queue)
    seen = stored(queue)
    queue.redis.hdel(queue.keys["schedules"], "s")
    queue.later(a.minute)

    assert tick(queue, run(FIRST), revision=seen.revision).what == "late"
    assert not queue.whole().ready_normal
    queue.redis.delete(queue.keys["ticks"], queue.keys["runs"])


def test_a_tick_that_is_not_due_is_early_also_where_the_clock_went_back(queue):
    define(queue)
    queue.later(a.minute - 1)

    assert tick(queue, run(FIRST)).what == "early"
    assert stored(queue).tick == str(FIRST)


@pytest.mark.parametrize(("overlap", "made"), [("skip", 1), ("all", 2)])
def test_a_run_that_is_unfinished_keeps_the_next_from_running(queue, overlap, made):
    define(queue)
    queue.later(a.minute)
    tick(queue, run(FIRST), next=FIRST + a.minute, overlap=overlap)
    queue.later(a.minute)

    second = tick(queue, run(FIRST + a.minute), next=FIRST + 2 * a.minute, overlap=overlap)

    assert len(queue.whole().ready_normal) == made
    assert second.jobs == {f"s:{FIRST + a.minute}": "" if overlap == "all" else f"s:{FIRST}"}


@pytest.mark.parametrize("outcome", [a.success(), a.discard()], ids=["completed", "dead"])
def test_a_run_that_has_ended_lets_the_next_one_run(queue, outcome):
    define(queue)
    queue.later(a.minute)
    tick(queue, run(FIRST), next=FIRST + a.minute)
    (lease,) = queue.reserve()
    queue.settle(a.settlement(lease, outcome))
    queue.later(a.minute)

    assert list(tick(queue, run(FIRST + a.minute)).jobs.values()) == [""]


@pytest.mark.parametrize("state", ["retrying", "processing"])
def test_a_run_that_is_to_be_tried_again_or_runs_is_unfinished(queue, state):
    define(queue)
    queue.later(a.minute)
    tick(queue, run(FIRST), next=FIRST + a.minute)
    (lease,) = queue.reserve(lease_ms=a.hour)
    if state == "retrying":
        queue.settle(a.settlement(lease, a.failure(delay=600.0)))
    queue.later(a.minute)

    assert list(tick(queue, run(FIRST + a.minute)).jobs.values()) == [f"s:{FIRST}"]
    assert standing(queue).skipped == 1


def test_a_run_whose_unique_key_is_held_is_skipped(queue):
    queue.submit(a.job("holder", unique_key="k"))
    lock = a.job(unique_key="k").lock
    define(queue)
    queue.later(a.minute)

    done = tick(queue, run(FIRST, head=f"5;;;{lock};;;"))

    assert done.jobs == {f"s:{FIRST}": "holder"} and standing(queue).history[0].detail == "holder"


def test_two_runs_of_one_tick_do_not_share_a_unique_key(queue):
    lock = a.job(unique_key="k").lock
    define(queue)
    queue.later(2 * a.minute)
    both = [run(FIRST + n, head=f"5;;;{lock};;;") for n in (0, 1)]

    assert list(tick(queue, *both, overlap="all").jobs.values()) == ["", f"s:{FIRST}"]


def complete(queue, keep=a.day):
    (lease,) = queue.reserve()
    queue.later(5)
    queue.settle(a.settlement(lease, a.success(), retention=keep / 1000))


@pytest.mark.parametrize("keep", [a.day, 0])
def test_when_a_run_has_completed_outlives_its_job(queue, keep):
    define(queue)
    define(queue, "other")
    queue.later(a.minute)
    tick(queue, run(FIRST), next=FIRST + a.hour)
    complete(queue, keep)
    ended = queue.now
    assert standing(queue).completed == ended and standing(queue, "other").completed == 0
    queue.later(2 * a.day)
    queue.expire()
    tick(queue, run(FIRST + a.hour), next="")
    assert standing(queue).completed == ended


def test_a_job_that_completes_touches_no_state_that_cannot_be_read_and_no_schedule_that_is_gone(queue):
    for id in ("s:1", "gone:1", "mail:1", "plain"):
        queue.submit(a.job(id))
    define(queue)
    queue.redis.hset(queue.keys["runs"], "s", "rubbish")
    for _ in range(4):
        complete(queue)
    assert queue.redis.hgetall(queue.keys["runs"]) == {b"s": b"rubbish"}


def test_states_of_schedules_of_a_foreign_type_stop_no_work(queue):
    queue.submit(a.job("s:1"))
    queue.redis.set(queue.keys["runs"], "theirs")
    complete(queue)
    assert queue.redis.zcard(queue.keys["completed"]) == 1
    queue.redis.delete(queue.keys["runs"])


def test_a_skip_names_the_holder_of_a_unique_key_that_outlives_its_job(queue):
    lock = a.job(unique_key="k").lock
    define(queue)
    queue.later(a.minute)
    tick(queue, run(FIRST, head=f"5;;;{lock};3600000;;"), next=FIRST + a.minute, overlap="all")
    complete(queue, keep=0)
    queue.later(a.minute)
    tick(queue, run(FIRST + a.minute, head=f"5;;;{lock};3600000;;"), overlap="all")
    assert standing(queue).history[0].detail == f"s:{FIRST}"


def test_an_instant_whose_job_is_known_is_not_made_again(queue):
    queue.submit(a.job(f"s:{FIRST}", payload={"by": "hand"}))
    define(queue)
    queue.later(a.minute)

    assert tick(queue, run(FIRST)).jobs == {f"s:{FIRST}": "known"}
    assert b"hand" in queue.redis.hget(queue.keys["spec"], f"s:{FIRST}")
    assert standing(queue).ran == 1


def test_missed_instants_are_counted_and_told_once(queue):
    define(queue)
    queue.later(a.hour)
    tick(queue, run(FIRST + 50), next=FIRST + a.hour, missed=Missed(50, FIRST, FIRST + 49))
    queue.later(a.hour)
    tick(
        queue, next=FIRST + 2 * a.hour, missed=Missed(1, FIRST + a.hour, FIRST + a.hour), last=FIRST + a.hour
    )
    queue.later(a.hour)
    tick(queue, missed=Missed(2, FIRST + 2 * a.hour, FIRST + 2 * a.hour + 1), last=FIRST + 2 * a.hour + 1)

    assert standing(queue).missed == 53
    assert outcomes(queue) == [("missed", 3), ("ran", 1), ("missed", 50)]
    newest = standing(queue).history[0]
    assert (newest.instant, newest.last) == (FIRST + a.hour, FIRST + 2 * a.hour + 1)


def test_a_history_keeps_twenty_entries_and_equal_skips_are_one(queue):
    define(queue)
    for n in range(30):
        queue.later(a.minute)
        tick(queue, run(FIRST + n * a.minute), next=FIRST + (n + 1) * a.minute)
    assert outcomes(queue) == [("skipped", 29), ("ran", 1)]
    for n in range(30, 60):
        queue.later(a.minute)
        tick(queue, run(FIRST + n * a.minute), next=FIRST + (n + 1) * a.minute, overlap="all")

    assert outcomes(queue) == [("ran", 1)] * 20 and standing(queue).ran == 31


def test_jitter_lets_the_job_wait_and_not_the_tick(queue):
    define(queue)
    queue.later(a.minute)

    tick(queue, run(FIRST, head=f"5;{FIRST + 5000};;;;;"), next=FIRST + a.minute)

    assert queue.whole().scheduled == {f"s:{FIRST}": FIRST + 5000}
    assert stored(queue).tick == str(FIRST + a.minute)


@pytest.mark.parametrize(("given", "left"), [({"next": ""}, ""), ({"next": FIRST + 9, "run_limit": 1}, "")])
def test_a_schedule_is_over_without_a_next_instant_or_after_its_last_run(queue, given, left):
    define(queue)
    queue.later(a.minute)
    tick(queue, run(FIRST), **given)

    assert stored(queue).tick == left and not queue.redis.exists(queue.keys["ticks"])


def test_no_more_runs_are_made_than_a_schedule_has(queue):
    define(queue)
    queue.later(a.minute)

    done = tick(queue, run(FIRST), run(FIRST + 1), next=FIRST + a.minute, overlap="all", run_limit=1)

    assert list(done.jobs) == [f"s:{FIRST}"]


def dead(queue: Any, instant: int, **more: Any) -> Ticked:
    done = tick(queue, run(instant), next=instant + a.minute, pause_after=2, why='["gopher","dead"]', **more)
    for lease in queue.reserve():
        queue.settle(a.settlement(lease, a.discard()))
    queue.later(a.minute)
    return done


def test_after_so_many_dead_runs_in_a_row_it_pauses_itself(queue):
    define(queue)
    queue.later(a.minute)
    assert [dead(queue, FIRST + n * a.minute).what for n in range(3)] == ["ticked", "ticked", "paused"]

    paused = standing(queue)
    assert stored(queue).tick == "" and (paused.pause.by, paused.pause.reason) == ("gopher", "dead")
    assert outcomes(queue) == [("paused", 1), ("ran", 1), ("ran", 1)] and paused.missed == 0


def test_dead_runs_from_before_it_was_resumed_do_not_count(queue):
    define(queue)
    queue.later(a.minute)
    for n in range(3):
        dead(queue, FIRST + n * a.minute)
    define(queue, what="resume", definition=b"", next=FIRST + 3 * a.minute, revision=stored(queue).revision)

    assert [dead(queue, FIRST + n * a.minute).what for n in (3, 4, 5)] == ["ticked", "ticked", "paused"]


def test_a_success_between_them_keeps_it_going(queue):
    define(queue)
    queue.later(a.minute)
    dead(queue, FIRST)
    tick(queue, run(FIRST + a.minute), next=FIRST + 2 * a.minute, pause_after=2)
    (lease,) = queue.reserve()
    queue.settle(a.settlement(lease, a.success()))
    queue.later(a.minute)

    assert [dead(queue, FIRST + n * a.minute).what for n in (2, 3, 4)] == ["ticked", "ticked", "paused"]


def test_a_full_memory_refuses_a_tick_and_nothing_has_happened(server, full):
    define(server)
    server.later(a.minute)
    before = stored(server)
    full()
    with pytest.raises(Exception, match="maxmemory"):
        tick(server, run(FIRST), next=FIRST + a.minute)

    assert stored(server) == before and not server.whole().ready_normal


def test_promote_tells_when_the_first_tick_is_due(queue):
    assert queue.promote().next_tick is None
    define(queue, "late", next=FIRST + 1)
    define(queue, "soon")

    found = queue.promote()
    assert (found.next_tick, found.cancels) == (FIRST, False)
    queue.submit(a.job("one"))
    queue.reserve()
    queue.cancel("one")
    assert queue.promote().cancels
