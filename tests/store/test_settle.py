"""settle.lua: attempts end."""

from __future__ import annotations

import a
import msgspec
import pytest


def leased(queue, *jobs, **more):
    queue.submit(*(jobs or [a.job("one", **more)]))
    return queue.reserve(count=100)


@pytest.mark.parametrize(
    ("outcome", "place", "after", "attempts", "counter"),
    [
        (a.success(), "completed", a.hour, 1, "completed"),
        (a.failure(delay=5.0), "retrying", 5 * a.second, 1, "retried"),
        (a.failure(delay=-5.0), "retrying", 0, 1, "retried"),
        (a.discard(), "failed", 0, 1, "failed"),
        (a.snooze(60.0), "scheduled", a.minute, 0, "snoozed"),
        (a.cancellation(), "cancelled", a.hour, 1, "cancelled"),
    ],
)
def test_an_outcome_decides_the_place(queue, outcome, place, after, attempts, counter):
    (lease,) = leased(queue)

    assert queue.settle(a.settlement(lease, outcome)) == ["settled"]

    whole = queue.whole()
    assert getattr(whole, place) == {"one": a.NOW + after}
    assert not whole.running and not whole.held
    assert queue.record("one").attempts == attempts
    assert whole.counts == {"enqueued": 1, counter: 1}


def test_a_result_is_kept_with_the_job(queue):
    queue.settle(a.settlement(*leased(queue), a.success(b'{"sent":2}')))

    assert queue.whole().result == {"one": b'{"sent":2}'}


def test_an_interrupted_job_goes_back_to_the_head_and_spends_no_attempt(queue):
    first, _ = leased(queue, a.job("one"), a.job("two"))
    queue.submit(a.job("three"))
    queue.redis.delete(queue.keys["wake"])

    queue.settle(a.settlement(first, a.interruption()))

    assert list(queue.whole().ready_normal) == ["one", "three"]
    assert queue.record("one").attempts == 0
    assert queue.whole().wake == [b"1"]


def test_a_job_without_retries_left_fails(queue):
    (lease,) = leased(queue, max_retries=0)

    queue.settle(a.settlement(lease, a.failure()))

    assert queue.state("one") == "failed"


def test_a_failed_attempt_writes_history(queue):
    (lease,) = leased(queue)
    queue.settle(a.settlement(lease, a.failure()))
    queue.requeue("one")
    (lease,) = queue.reserve()
    queue.settle(a.settlement(lease, a.discard()))

    history = queue.whole().errors["one"].splitlines()
    assert [line.partition(b" ")[0] for line in history] == [b"%d" % a.NOW] * 2
    assert b'"attempt":2' in history[1]


def test_a_job_that_nobody_wants_to_keep_leaves_nothing(queue):
    (lease,) = leased(queue)
    queue.report(lease, progress=b"1", log=b"line\n")
    queue.once(lease, "key", b"1")

    queue.settle(a.settlement(lease, retention=0.0))

    whole = queue.whole()
    assert whole.ids == set() and not whole.result and not whole.once
    assert whole.counts == {"enqueued": 1, "completed": 1, "expired": 1}


def test_only_the_holder_of_the_token_may(queue):
    (lease,) = leased(queue)
    queue.lose()
    queue.reserve("other")
    before = queue.whole()

    assert queue.settle(a.settlement(lease)) == ["stale"]
    assert queue.whole() == before


def test_an_attempt_is_settled_once(queue):
    (lease,) = leased(queue)
    queue.settle(a.settlement(lease, a.failure()))
    before = queue.whole()

    assert queue.settle(a.settlement(lease, a.failure())) == ["again"]
    assert queue.settle(a.settlement(lease), worker="w") == ["again"]
    assert queue.whole() == before


def test_an_attempt_is_settled_once_in_one_call(queue):
    (lease,) = leased(queue)

    assert queue.settle(a.settlement(lease), a.settlement(lease)) == ["settled", "again"]
    assert queue.counters()["completed"] == 1


def test_a_job_that_was_deleted_is_gone(queue):
    (lease,) = leased(queue)
    queue.purge("running", "one")

    assert queue.settle(a.settlement(lease)) == ["gone"]
    assert queue.renew().lost == ["one"]


@pytest.mark.parametrize("losses", [1, 3])
def test_a_success_after_the_lease_was_lost_counts_while_nobody_newer_has_it(queue, losses):
    """Also out of the dead letter queue, where its last loss has brought it."""
    (lease,) = leased(queue, unique_key="k")
    queue.lose(max_losses=2 if losses == 1 else 1)
    assert queue.state("one") == ("enqueued" if losses == 1 else "failed")

    assert queue.settle(a.settlement(lease)) == ["settled"]

    assert queue.state("one") == "completed"
    assert queue.record("one").attempts == 1


def test_a_failure_after_the_lease_was_lost_does_not_count(queue):
    (lease,) = leased(queue)
    queue.lose()

    assert queue.settle(a.settlement(lease, a.failure())) == ["stale"]
    assert queue.state("one") == "enqueued"


def test_a_success_comes_too_late_when_the_job_was_cancelled_or_requeued(queue):
    one, two = leased(queue, a.job("one"), a.job("two"))
    queue.lose(max_losses=1)
    queue.requeue("one", "two")
    queue.cancel("one")

    assert queue.settle(a.settlement(one), a.settlement(two)) == ["stale", "stale"]


def test_a_job_that_was_asked_to_stop_does_not_run_again(queue):
    (lease,) = leased(queue, unique_key="k")
    queue.cancel("one", retention_ms=a.day)

    queue.settle(a.settlement(lease, a.failure()))

    assert queue.score("cancelled", "one") == a.NOW + a.day
    assert not queue.whole().cancels and not queue.whole().locks


@pytest.mark.parametrize(("outcome", "state"), [(a.success(), "completed"), (a.discard(), "failed")])
def test_a_job_that_was_asked_to_stop_may_end_first(queue, outcome, state):
    (lease,) = leased(queue)
    queue.cancel("one")

    queue.settle(a.settlement(lease, outcome))

    assert queue.state("one") == state


def test_a_loss_spends_no_attempt_and_too_many_are_poison(queue):
    for losses in (1, 2):
        (lease,) = leased(queue)
        queue.settle(a.settlement(lease, a.loss()), max_losses=2)

        record = queue.record("one")
        assert (record.attempts, record.losses) == (0, losses)

    assert queue.state("one") == "failed"
    assert queue.counters()["lost"] == 2


def test_children_run_when_all_they_wait_for_is_done(queue):
    p, q = leased(queue, a.job("p"), a.job("q"))
    queue.submit(a.job("child", after=["p", "q"]))
    queue.redis.delete(queue.keys["wake"])

    queue.settle(a.settlement(p))
    assert queue.score("blocked", "child") == 1
    queue.settle(a.settlement(q, retention=0.0))

    assert queue.state("child") == "enqueued"
    assert not queue.whole().waiters
    assert queue.whole().wake == [b"1"]


def test_a_child_that_is_due_later_waits_for_its_time(queue):
    (parent,) = leased(queue)
    queue.submit(a.job("child", after=["one"], delay=60.0))

    queue.settle(a.settlement(parent))

    assert queue.score("scheduled", "child") == a.NOW + a.minute


@pytest.mark.parametrize("way", ["requeue", "cancel", "purge"])
def test_a_child_that_has_gone_its_own_way_is_left_alone(queue, way):
    (parent,) = leased(queue)
    queue.submit(a.job("child", after=["one"]))
    queue.purge("blocked", "child") if way == "purge" else getattr(queue, way)("child")
    state = queue.state("child")

    queue.settle(a.settlement(parent))

    assert queue.state("child") == state


def test_a_later_job_with_the_id_of_a_child_waits_for_its_own_parents(queue):
    p, _ = leased(queue, a.job("p"), a.job("q"))
    queue.submit(a.job("child", after=["p"]))
    queue.purge("blocked", "child")
    queue.submit(a.job("child", after=["q"]))

    queue.settle(a.settlement(p))

    assert queue.state("child") == "blocked"


def test_follow_ups_are_accepted_with_the_attempt_and_with_no_other(queue):
    one, two = leased(queue, a.job("one"), a.job("two"))
    queue.settle(a.settlement(two))

    queue.settle(
        a.settlement(one, follow_ups=(("child", b"{}"),)),
        a.settlement(two, follow_ups=(("never", b"{}"),)),
    )

    assert queue.whole().outbox == {"child": b"{}"}


def test_ended_attempts_are_counted_by_minute_and_type(queue):
    leases = leased(queue, a.job("one"), a.job("two"), a.job("three", type="sms"))
    queue.settle(
        a.settlement(leases[0], run_us=2000), a.settlement(leases[1], a.failure(), run_us=2000),
        a.settlement(leases[2], a.snooze()),
    )  # fmt: skip

    cells = queue.whole().cells
    assert set(cells) == {f"m{a.NOW // a.minute};mail", "t0;mail", "types"}
    numbers = [int(n) for n in cells[f"m{a.NOW // a.minute};mail"].split(b",")]
    assert numbers[:5] == [1, 1, 0, 4, 0]
    assert numbers[5 + 4] == 2 and numbers[29] == 2
    assert len(numbers) == 78 and numbers[53] == 2 and numbers[54 + 4] == 1, "the runs that failed"


def test_a_full_memory_does_not_keep_work_from_ending(server, full):
    leases = leased(server, a.job("one"), a.job("two"), a.job("three"))
    server.submit(a.job("child", after=["one"]))
    server.cancel("three")
    full()

    verdicts = server.settle(
        a.settlement(leases[0]), a.settlement(leases[1], a.failure()),
        a.settlement(leases[2], a.interruption()),
    )  # fmt: skip

    assert verdicts == ["settled"] * 3
    assert [server.state(id) for id in ("one", "two", "three", "child")] == [
        "completed", "retrying", "cancelled", "enqueued"
    ]  # fmt: skip


def test_the_newest_entry_of_a_history_always_stays_and_the_oldest_go_first(queue):
    lengths = []
    (lease,) = leased(queue)
    for size in (10, 30_000, 30_000, 70_000, 20, 20):
        said = b'{"error":"' + b"x" * size + b'"}'
        queue.settle(msgspec.structs.replace(a.settlement(lease, a.failure()), data=said))
        lengths.append([len(line) // 10_000 for line in queue.whole().errors["one"].splitlines()])
        queue.requeue("one")
        (lease,) = queue.reserve()

    assert lengths == [[0], [0, 3], [0, 3, 3], [7], [0], [0, 0]]


@pytest.mark.parametrize("outcome", [a.failure(), a.snooze()])
def test_an_attempt_that_ends_takes_the_losses_back_to_none(queue, outcome):
    queue.submit(a.job("one"))
    queue.reserve()
    queue.lose()
    (lease,) = queue.reserve()

    queue.settle(a.settlement(lease, outcome))

    assert (lease.losses, queue.record("one").losses) == (1, 0)


@pytest.mark.parametrize(("outcome", "run_us"), [(a.interruption(), 1500), (a.snooze(), 0)])
def test_an_attempt_that_was_only_handed_back_keeps_the_losses(queue, outcome, run_us):
    queue.submit(a.job("one"))
    queue.reserve()
    queue.lose()
    (lease,) = queue.reserve()

    queue.settle(a.settlement(lease, outcome, run_us=run_us))

    assert queue.record("one").losses == 1
