"""settle.lua: attempts end."""

from __future__ import annotations

import builders
import msgspec
import pytest


def leased(queue, *jobs, **more):
    queue.submit(*(jobs or [builders.job("one", **more)]))
    return queue.reserve(count=100)


@pytest.mark.parametrize(
    ("outcome", "place", "after", "attempts", "counter"),
    [
        (builders.success(), "completed", builders.hour, 1, "completed"),
        (builders.failure(delay=5.0), "retrying", 5 * builders.second, 1, "retried"),
        (builders.failure(delay=-5.0), "retrying", 0, 1, "retried"),
        (builders.discard(), "failed", 0, 1, "failed"),
        (builders.snooze(60.0), "scheduled", builders.minute, 0, "snoozed"),
        (builders.cancellation(), "cancelled", builders.hour, 1, "cancelled"),
    ],
)
def test_an_outcome_decides_the_place(queue, outcome, place, after, attempts, counter):
    (lease,) = leased(queue)

    assert queue.settle(builders.settlement(lease, outcome)) == ["settled"]

    whole = queue.whole()
    assert getattr(whole, place) == {"one": builders.NOW + after}
    assert not whole.running and not whole.held
    assert queue.record("one").attempts == attempts
    assert whole.counts == {"enqueued": 1, counter: 1}


def test_a_result_is_kept_with_the_job(queue):
    queue.settle(builders.settlement(*leased(queue), builders.success(b'{"sent":2}')))

    assert queue.whole().result == {"one": b'{"sent":2}'}


def test_an_interrupted_job_goes_back_to_the_head_and_spends_no_attempt(queue):
    first, _ = leased(queue, builders.job("one"), builders.job("two"))
    queue.submit(builders.job("three"))
    queue.redis.delete(queue.keys["wake"])

    queue.settle(builders.settlement(first, builders.interruption()))

    assert list(queue.whole().ready_normal) == ["one", "three"]
    assert queue.record("one").attempts == 0
    assert queue.whole().wake == [b"1"]


def test_a_job_without_retries_left_fails(queue):
    (lease,) = leased(queue, max_retries=0)

    queue.settle(builders.settlement(lease, builders.failure()))

    assert queue.state("one") == "failed"


def test_a_failed_attempt_writes_history(queue):
    (lease,) = leased(queue)
    queue.settle(builders.settlement(lease, builders.failure()))
    queue.requeue("one")
    (lease,) = queue.reserve()
    queue.settle(builders.settlement(lease, builders.discard()))

    history = queue.whole().errors["one"].splitlines()
    assert [line.partition(b" ")[0] for line in history] == [b"%d" % builders.NOW] * 2
    assert b'"attempt":2' in history[1]


def test_a_job_that_nobody_wants_to_keep_leaves_nothing(queue):
    (lease,) = leased(queue)
    queue.report(lease, progress=b"1", log=b"line\n")
    queue.once(lease, "key", b"1")

    queue.settle(builders.settlement(lease, retention=0.0))

    whole = queue.whole()
    assert whole.ids == set() and not whole.result and not whole.once
    assert whole.counts == {"enqueued": 1, "completed": 1, "expired": 1}


def test_only_the_holder_of_the_token_may(queue):
    (lease,) = leased(queue)
    queue.lose()
    queue.reserve("other")
    before = queue.whole()

    assert queue.settle(builders.settlement(lease)) == ["stale"]
    assert queue.whole() == before


def test_an_attempt_is_settled_once(queue):
    (lease,) = leased(queue)
    queue.settle(builders.settlement(lease, builders.failure()))
    before = queue.whole()

    assert queue.settle(builders.settlement(lease, builders.failure())) == ["again"]
    assert queue.settle(builders.settlement(lease), worker="w") == ["again"]
    assert queue.whole() == before


def test_an_attempt_is_settled_once_in_one_call(queue):
    (lease,) = leased(queue)

    assert queue.settle(builders.settlement(lease), builders.settlement(lease)) == ["settled", "again"]
    assert queue.counters()["completed"] == 1


def test_a_job_that_was_deleted_is_gone(queue):
    (lease,) = leased(queue)
    queue.purge("running", "one")

    assert queue.settle(builders.settlement(lease)) == ["gone"]
    assert queue.renew().lost == ["one"]


@pytest.mark.parametrize("losses", [1, 3])
def test_a_success_after_the_lease_was_lost_counts_while_nobody_newer_has_it(queue, losses):
    """Also out of the dead letter queue, where its last loss has brought it."""
    (lease,) = leased(queue, unique_key="k")
    queue.lose(max_losses=2 if losses == 1 else 1)
    assert queue.state("one") == ("enqueued" if losses == 1 else "failed")

    assert queue.settle(builders.settlement(lease)) == ["settled"]

    assert queue.state("one") == "completed"
    assert queue.record("one").attempts == 1


def test_a_failure_after_the_lease_was_lost_does_not_count(queue):
    (lease,) = leased(queue)
    queue.lose()

    assert queue.settle(builders.settlement(lease, builders.failure())) == ["stale"]
    assert queue.state("one") == "enqueued"


def test_a_success_comes_too_late_when_the_job_was_cancelled_or_requeued(queue):
    one, two = leased(queue, builders.job("one"), builders.job("two"))
    queue.lose(max_losses=1)
    queue.requeue("one", "two")
    queue.cancel("one")

    assert queue.settle(builders.settlement(one), builders.settlement(two)) == ["stale", "stale"]


def test_a_job_that_was_asked_to_stop_does_not_run_again(queue):
    (lease,) = leased(queue, unique_key="k")
    queue.cancel("one", retention_ms=builders.day)

    queue.settle(builders.settlement(lease, builders.failure()))

    assert queue.score("cancelled", "one") == builders.NOW + builders.day
    assert not queue.whole().cancels and not queue.whole().locks


@pytest.mark.parametrize(
    ("outcome", "state"), [(builders.success(), "completed"), (builders.discard(), "failed")]
)
def test_a_job_that_was_asked_to_stop_may_end_first(queue, outcome, state):
    (lease,) = leased(queue)
    queue.cancel("one")

    queue.settle(builders.settlement(lease, outcome))

    assert queue.state("one") == state


def test_a_loss_spends_no_attempt_and_too_many_are_poison(queue):
    for losses in (1, 2):
        (lease,) = leased(queue)
        queue.settle(builders.settlement(lease, builders.loss()), max_losses=2)

        record = queue.record("one")
        assert (record.attempts, record.losses) == (0, losses)

    assert queue.state("one") == "failed"
    assert queue.counters()["lost"] == 2


def test_children_run_when_all_they_wait_for_is_done(queue):
    p, q = leased(queue, builders.job("p"), builders.job("q"))
    queue.submit(builders.job("child", after=["p", "q"]))
    queue.redis.delete(queue.keys["wake"])

    queue.settle(builders.settlement(p))
    assert queue.score("blocked", "child") == 1
    queue.settle(builders.settlement(q, retention=0.0))

    assert queue.state("child") == "enqueued"
    assert not queue.whole().waiters
    assert queue.whole().wake == [b"1"]


def test_a_child_that_is_due_later_waits_for_its_time(queue):
    (parent,) = leased(queue)
    queue.submit(builders.job("child", after=["one"], delay=60.0))

    queue.settle(builders.settlement(parent))

    assert queue.score("scheduled", "child") == builders.NOW + builders.minute


@pytest.mark.parametrize("way", ["requeue", "cancel", "purge"])
def test_a_child_that_has_gone_its_own_way_is_left_alone(queue, way):
    (parent,) = leased(queue)
    queue.submit(builders.job("child", after=["one"]))
    queue.purge("blocked", "child") if way == "purge" else getattr(queue, way)("child")
    state = queue.state("child")

    queue.settle(builders.settlement(parent))

    assert queue.state("child") == state


def test_a_later_job_with_the_id_of_a_child_waits_for_its_own_parents(queue):
    p, _ = leased(queue, builders.job("p"), builders.job("q"))
    queue.submit(builders.job("child", after=["p"]))
    queue.purge("blocked", "child")
    queue.submit(builders.job("child", after=["q"]))

    queue.settle(builders.settlement(p))

    assert queue.state("child") == "blocked"


def test_follow_ups_are_accepted_with_the_attempt_and_with_no_other(queue):
    one, two = leased(queue, builders.job("one"), builders.job("two"))
    queue.settle(builders.settlement(two))

    queue.settle(
        builders.settlement(one, follow_ups=(("child", b"{}"),)),
        builders.settlement(two, follow_ups=(("never", b"{}"),)),
    )

    assert queue.whole().outbox == {"child": b"{}"}


def test_ended_attempts_are_counted_by_minute_and_type(queue):
    leases = leased(queue, builders.job("one"), builders.job("two"), builders.job("three", type="sms"))
    queue.settle(
        builders.settlement(leases[0], run_us=2000),
        builders.settlement(leases[1], builders.failure(), run_us=2000),
        builders.settlement(leases[2], builders.snooze()),
    )

    cells = queue.whole().cells
    assert set(cells) == {f"m{builders.NOW // builders.minute};mail", "t0;mail", "types"}
    numbers = [int(n) for n in cells[f"m{builders.NOW // builders.minute};mail"].split(b",")]
    assert numbers[:5] == [1, 1, 0, 4, 0]
    assert numbers[5 + 4] == 2 and numbers[29] == 2
    assert len(numbers) == 78 and numbers[53] == 2 and numbers[54 + 4] == 1, "the runs that failed"


def test_a_full_memory_does_not_keep_work_from_ending(server, full):
    leases = leased(server, builders.job("one"), builders.job("two"), builders.job("three"))
    server.submit(builders.job("child", after=["one"]))
    server.cancel("three")
    full()

    verdicts = server.settle(
        builders.settlement(leases[0]), builders.settlement(leases[1], builders.failure()),
        builders.settlement(leases[2], builders.interruption()),
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
        queue.settle(msgspec.structs.replace(builders.settlement(lease, builders.failure()), data=said))
        lengths.append([len(line) // 10_000 for line in queue.whole().errors["one"].splitlines()])
        queue.requeue("one")
        (lease,) = queue.reserve()

    assert lengths == [[0], [0, 3], [0, 3, 3], [7], [0], [0, 0]]


@pytest.mark.parametrize("outcome", [builders.failure(), builders.snooze()])
def test_an_attempt_that_ends_takes_the_losses_back_to_none(queue, outcome):
    queue.submit(builders.job("one"))
    queue.reserve()
    queue.lose()
    (lease,) = queue.reserve()

    queue.settle(builders.settlement(lease, outcome))

    assert (lease.losses, queue.record("one").losses) == (1, 0)


@pytest.mark.parametrize(("outcome", "run_us"), [(builders.interruption(), 1500), (builders.snooze(), 0)])
def test_an_attempt_that_was_only_handed_back_keeps_the_losses(queue, outcome, run_us):
    queue.submit(builders.job("one"))
    queue.reserve()
    queue.lose()
    (lease,) = queue.reserve()

    queue.settle(builders.settlement(lease, outcome, run_us=run_us))

    assert queue.record("one").losses == 1
