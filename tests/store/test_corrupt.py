"""Whatever stands where a record should: nothing raises, nothing stops, and the bytes are kept."""

from __future__ import annotations

import builders
import pytest
from redis.exceptions import ResponseError

GARBAGE = {
    "empty": b"",
    "binary": bytes(range(256)),
    "text": b"not a record",
    "half": b"1;0;w:1",
    "numbers": b"999;x;;;;1;1;;",
    "large": b"\xff;" * 5_000_000,
}
each_garbage = pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)


@pytest.fixture
def torn(queue, broken):
    """``torn(id, meta=...)`` overwrites parts of a stored job; None deletes them."""

    def tear(id, **parts):
        for name, value in parts.items():
            if value is None:
                queue.redis.hdel(queue.keys[name], id)
            else:
                queue.redis.hset(queue.keys[name], id, value)

    return tear


def in_quarantine(queue, id, raw=None):
    history = queue.whole().errors[id]
    assert queue.state(id) == "failed"
    assert b'"outcome":"corrupt"' in history
    assert raw is None or raw[:1024].hex().encode() in history
    assert len(history) < 65536
    assert queue.counters()["corrupt"] == 1


@each_garbage
def test_a_corrupt_job_does_not_stop_the_line(queue, torn, garbage):
    queue.submit(builders.job("bad"), builders.job("good"))
    torn("bad", meta=garbage)

    leases = queue.reserve(count=5)

    assert [lease.id for lease in leases] == ["good"]
    in_quarantine(queue, "bad", garbage)


def test_a_job_without_a_spec_goes_into_quarantine_and_keeps_its_record(queue, torn):
    queue.submit(builders.job("bad", priority=9))
    torn("bad", spec=None)

    assert queue.reserve() == []

    in_quarantine(queue, "bad")
    assert queue.record("bad").score == 1e13 + 1


def test_an_id_of_which_nothing_is_known_goes_into_quarantine(queue, broken):
    queue.redis.zadd(queue.keys["ready_high"], {"ghost": 1})

    assert queue.reserve() == []

    in_quarantine(queue, "ghost", b"")


@each_garbage
def test_a_corrupt_job_that_is_due_does_not_stop_the_others(queue, torn, garbage):
    queue.submit(builders.job("bad", delay=1.0), builders.job("good", delay=2.0))
    torn("bad", meta=garbage)
    queue.later(builders.minute)

    assert queue.promote(limit=1).moved == 1
    assert queue.promote(limit=1).moved == 1

    in_quarantine(queue, "bad", garbage)
    assert queue.state("good") == "enqueued"


@each_garbage
def test_a_corrupt_job_of_a_dead_worker_goes_into_quarantine(queue, torn, garbage):
    queue.submit(builders.job("bad"), builders.job("good"))
    queue.reserve(count=2)
    queue.cancel("bad")
    torn("bad", meta=garbage)

    queue.release("nobody")
    assert [id for id, *_ in queue.lose()] == ["good"]

    in_quarantine(queue, "bad", garbage)
    assert not queue.whole().cancels


@each_garbage
def test_a_worker_loses_a_job_that_became_corrupt_and_keeps_the_others(queue, torn, garbage):
    queue.submit(builders.job("bad"), builders.job("good"))
    bad, good = queue.reserve(count=2)
    torn("bad", meta=garbage)

    assert queue.report(bad, log=b"x\n") == 0
    assert not queue.once(bad, "key", b"1").held
    assert queue.settle(builders.settlement(bad), builders.settlement(good)) == ["gone", "settled"]
    assert queue.renew().lost == ["bad"]
    assert queue.release("w") == ([], 0)


@each_garbage
def test_operators_can_look_at_it_and_be_rid_of_it(queue, torn, garbage):
    queue.submit(builders.job("bad"))
    torn("bad", meta=garbage, errors=garbage)

    assert queue.inspect("bad").state == "enqueued"
    assert queue.depth().sizes["ready_normal"] == 1
    assert queue.cancel("bad") == ["cancelled"]
    torn("bad", meta=garbage)
    assert queue.requeue("bad") == ["enqueued"]
    assert queue.purge("ready_normal", "bad") == 1
    assert queue.whole().ids == set()


@each_garbage
def test_garbage_beside_the_jobs_stops_nobody(queue, torn, garbage):
    queue.submit(builders.job("one", unique_key="k", unique_for=5.0), builders.job("child", after=["one"]))
    lock, field = builders.job(unique_key="k").lock, f"m{builders.NOW // builders.minute};mail"
    torn(field, cells=garbage)
    torn("nightly", batches=garbage)
    torn("one", waiters=garbage)
    torn(lock, locks=garbage)
    torn("enqueued", counters=garbage)
    torn("completed", counters=garbage)

    (lease,) = queue.reserve()
    assert queue.settle(builders.settlement(lease)) == ["settled"]
    queue.submit(builders.job("two", unique_key="k"))
    queue.later(2 * builders.hour)
    queue.expire()

    assert queue.state("two") in ("enqueued", "gone")


FOREIGN = {
    "submit": (
        "spec",
        "meta",
        "ready_normal",
        "scheduled",
        "blocked",
        "waiters",
        "locks",
        "lock_ends",
        "conf",
        "batches",
    ),
    "settle": (
        "running",
        "meta",
        "held:w",
        "retrying",
        "completed",
        "failed",
        "cancelled",
        "waiters",
        "result",
        "errors",
        "locks",
        "lock_ends",
        "outbox",
    ),
    "reserve": ("ready_high", "spec", "meta", "running", "held:w", "conf"),
    "promote": ("scheduled", "retrying", "meta", "ready_normal"),
    "lose": ("running", "meta", "errors", "failed", "ready_normal", "cancels"),
    "release": ("running", "meta", "held:w", "errors", "failed", "ready_normal", "cancels"),
    "cancel": ("meta", "cancelled", "cancels", "locks", "lock_ends"),
    "requeue": ("meta", "failed", "ready_normal", "locks"),
    "reschedule": ("scheduled", "retrying", "meta", "running"),
    "purge": ("failed", "meta", "spec", "result", "errors", "log", "locks", "waiters"),
    "expire": ("completed", "cancelled", "spec", "meta", "log", "waiters", "locks", "lock_ends"),
}


@pytest.mark.parametrize(("act", "key"), [(act, key) for act, keys in FOREIGN.items() for key in keys])
def test_a_foreign_key_is_an_error_and_nothing_is_half_done(queue, broken, act, key):
    leases = a_busy_queue(queue)
    name = queue.keys.held("w") if key == "held:w" else queue.keys[key]
    queue.redis.delete(name)
    queue.redis.set(name, "foreign")
    before = dump(queue)

    with pytest.raises(ResponseError, match="WRONGTYPE"):
        ACTS[act](queue, leases)

    assert dump(queue) == before


def a_busy_queue(queue):
    """Something in every place, so that every script has all its work to do."""
    ended = [builders.job(f"e{n}", unique_key=f"e{n}", unique_for=60.0, priority=9) for n in range(4)]
    queue.submit(*ended)
    done, dead, again, called_off = queue.reserve(count=4)
    queue.settle(
        builders.settlement(done, retention=60.0),
        builders.settlement(dead, builders.discard()),
        builders.settlement(again, builders.failure(delay=60.0)),
        builders.settlement(called_off, builders.cancellation()),
    )
    queue.submit(*(builders.job(f"r{n}", unique_key=f"r{n}", priority=9) for n in range(5)))
    leases = queue.reserve(count=5)
    queue.submit(builders.job("ready", unique_key="ready"), builders.job("late", delay=60.0))
    queue.submit(builders.job("child", after=["r0"]))
    queue.cancel("r3")
    return leases


def dump(queue):
    """Every key as the server keeps it, but for what is read in a moment: the fold of the minute."""
    keys = sorted(queue.redis.scan_iter(f"{queue.namespace}:*", count=1000))
    return {key: queue.redis.dump(key) for key in keys}


def settle(queue, leases):
    one, two, three, four, five = leases
    items = (
        builders.settlement(one, follow_ups=(("f", b"{}"),)), builders.settlement(two, builders.failure()),
        builders.settlement(three, builders.discard()), builders.settlement(four, builders.interruption()),
        builders.settlement(five, builders.cancellation()),
    )  # fmt: skip
    queue.settle(*items)


def submit(queue, _):
    queue.submit(
        builders.job("n1", unique_key="n", unique_for=5.0), builders.job("n2", delay=5.0),
        builders.job("n3", after=["ready"]), batch="b", mark=1,
    )  # fmt: skip


def late(queue, ms):
    queue.later(ms)
    return queue


ACTS = {
    "submit": submit,
    "settle": settle,
    "reserve": lambda queue, _: queue.reserve(count=5, sequence=99),
    "promote": lambda queue, _: late(queue, builders.hour).promote(),
    "lose": lambda queue, _: queue.lose(max_losses=1),
    "release": lambda queue, _: queue.release("w", ["r1"], max_losses=1),
    "cancel": lambda queue, _: queue.cancel("ready", "r1"),
    "requeue": lambda queue, _: queue.requeue("e1", "late"),
    "reschedule": lambda queue, _: queue.reschedule("nobody", "late", "e2", delay_ms=5),
    "purge": lambda queue, _: queue.purge("failed", "e1"),
    "expire": lambda queue, _: late(queue, 2 * builders.hour).expire(),
}
