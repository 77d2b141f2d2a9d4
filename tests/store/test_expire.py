"""expire.lua: what was kept long enough goes."""

from __future__ import annotations

import builders
import pytest

from gopher_cli.model.numbers.histogram import totals


def completed(queue, id="one", *, retention=60.0, **more):
    queue.submit(builders.job(id, **more))
    queue.settle(builders.settlement(*queue.reserve(), retention=retention))


def test_a_result_is_kept_for_as_long_as_it_was_said(queue):
    completed(queue)
    queue.later(builders.minute - 1)
    assert queue.expire() == 0

    queue.later(1)

    assert queue.expire() == 1
    assert queue.whole().ids == set()
    assert queue.counters()["expired"] == 1


def test_a_cancelled_job_goes_and_those_that_wait_for_it_stay(queue):
    queue.submit(builders.job("one"), builders.job("child", after=["one"]))
    queue.cancel("one", retention_ms=5)
    queue.later(5)

    assert queue.expire() == 1
    assert queue.state("child") == "blocked"


def test_a_dead_job_stays(queue):
    queue.submit(builders.job("one"))
    queue.settle(builders.settlement(*queue.reserve(), builders.discard()))
    queue.later(1000 * builders.day)

    assert queue.expire() == 0


def test_a_call_drops_so_many(queue):
    for _ in range(3):
        completed(queue, None)
    queue.later(builders.hour)

    assert [queue.expire(limit=2) for _ in range(3)] == [2, 1, 0]


@pytest.mark.parametrize("lives", [True, False])
def test_a_lock_past_its_end_stays_while_its_job_lives(queue, lives):
    queue.submit(builders.job("one", unique_key="k", unique_for=60.0))
    if not lives:
        queue.cancel("one")
    queue.later(builders.minute)

    queue.expire()

    assert bool(queue.whole().locks) == lives
    assert not queue.whole().lock_ends


def test_minutes_become_five_minutes_and_those_hours_and_those_the_total(queue):
    always = ["t0;mail", "types"]
    completed(queue)
    queue.later(6 * builders.minute)
    completed(queue, "two")
    assert len(queue.whole().cells) == 2 + len(always)
    fives = [f"f{at // (5 * builders.minute)};mail" for at in (builders.NOW, queue.now)]
    for wait, fields in (
        (66 * builders.minute, fives),
        (7 * builders.hour, [f"h{builders.NOW // builders.hour};mail"]),
        (28 * builders.hour, []),
        (1000 * builders.day, []),
    ):
        queue.later(wait)
        queue.expire()
        assert sorted(queue.whole().cells) == [*fields, *always]
    assert queue.whole().cells["t0;mail"].startswith(b"2,0,0,")


def test_what_was_ever_counted_stays_the_same_however_old_it_gets(queue):
    """Counters for others are made of it, and must never fall."""
    for n in range(30):
        queue.submit(builders.job(f"job-{n}", type=f"type-{n % 3}"))
        (lease,) = queue.reserve()
        outcome = builders.discard() if n % 5 == 0 else builders.success()
        queue.settle(builders.settlement(lease, outcome, run_us=10 ** (n % 8)))
        queue.later((1, 7, 50, 400, 2000)[n % 5] * builders.minute)
        queue.expire()
        assert sum(cell.attempts for cell in totals([queue.whole().cells]).values()) == n + 1
    before = totals([queue.whole().cells])

    for _ in range(4):
        queue.later(2 * builders.day)
        queue.expire(limit=2)

    assert totals([queue.whole().cells]) == before
    assert set(queue.whole().cells) == {"t0;type-0", "t0;type-1", "t0;type-2", "types"}
    assert sum(cell.failed for cell in before.values()) == 6
    assert all(sum(cell.failed_run) == cell.failed for cell in before.values())
    assert sum(cell.failed_run_ms for cell in before.values()) < sum(cell.run_ms for cell in before.values())


def ended(queue, *types):
    """One job of each type has completed."""
    queue.submit(*(builders.job(type=type) for type in types))
    queue.settle(*(builders.settlement(lease) for lease in queue.reserve(count=500)))


def test_types_beyond_so_many_share_their_cells(queue):
    """Their names may be ids: the hash must not grow for ever."""
    ended(queue, "mail")
    for first in range(0, 900, 300):
        ended(queue, *(f"id-{n}" for n in range(first, first + 300)))
    ended(queue, "mail")

    cells = queue.whole().cells
    known = totals([cells])
    assert (len(cells), len(known), cells["types"]) == (2 * 500 + 2, 501, b"500")
    assert (known["mail"].completed, known["other"].completed) == (2, 401)


def test_types_of_long_ago_make_room_where_there_are_too_many(queue):
    ended(queue, *(f"id-{n}" for n in range(500)))
    ended(queue, "late")
    for _ in range(20):
        queue.later(6 * builders.hour)
        ended(queue, "id-0")
        queue.expire()
    ended(queue, "new")

    known = totals([queue.whole().cells])
    assert (known["id-0"].completed, known["new"].completed) == (21, 1)
    assert known["other"].completed > 1
    assert sum(cell.completed for cell in known.values()) == 500 + 1 + 20 + 1


def test_few_types_keep_their_totals_however_old(queue):
    ended(queue, "rare")
    for _ in range(3):
        queue.later(30 * builders.day)
        ended(queue, "mail")
        queue.expire()

    assert totals([queue.whole().cells])["rare"].completed == 1


def test_the_sums_of_a_total_may_be_huge(queue):
    completed(queue)
    huge = b"3,0,0,4000000000000000,123456789012345" + b",0" * 23 + b",3" + b",0" * 23 + b",3"
    queue.redis.hset(queue.keys["cells"], mapping={"h1;mail": huge, "t0;mail": huge})

    queue.expire()

    total = totals([{"t0;mail": queue.whole().cells["t0;mail"]}])["mail"]
    assert (total.completed, total.run_ms, total.wait_ms) == (6, 8 * 10**15, 246913578024690)


def test_the_mark_of_an_old_batch_goes(queue):
    queue.submit(builders.job(), batch="nightly", mark=1)
    queue.later(31 * builders.day)

    queue.expire()

    assert not queue.whole().batches


def test_a_full_memory_is_no_hindrance(server, full):
    completed(server)
    server.later(2 * builders.hour)
    full()

    assert server.expire() == 1


def test_of_many_marks_some_are_looked_at_and_the_old_ones_go_in_the_end(queue):
    old, young = builders.NOW - 31 * builders.day, builders.NOW
    marks = {f"old{n}": f"1;{old}" for n in range(2000)} | {f"new{n}": f"1;{young}" for n in range(20)}
    queue.redis.hset(queue.keys["batches"], mapping=marks)

    queue.expire()
    assert 1000 < len(queue.whole().batches) < 2020
    for _ in range(200):
        queue.later(1000)
        queue.expire()
    assert set(queue.whole().batches) >= {f"new{n}" for n in range(20)}
    assert len(queue.whole().batches) < 120
