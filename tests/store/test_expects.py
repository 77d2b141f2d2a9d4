"""expect.lua, drop_expect.lua, expects.lua, and what settle.lua notes for them."""

from __future__ import annotations

import builders
import pytest

from gopher_cli.store.calls import Verdict


def done(queue, *jobs, outcome=None, retention=3600.0):
    """These jobs have run, and come to this end."""
    queue.submit(*jobs)
    leases = queue.reserve(count=500)
    items = [
        builders.settlement(lease, outcome or builders.success(), retention=retention) for lease in leases
    ]
    assert set(queue.settle(*items)) == {Verdict.SETTLED}


def test_what_is_expected_is_told_with_the_time_of_the_last_success(queue):
    queue.expect("nightly", every=90_000.0, grace=60.0)
    queue.later(builders.minute)
    done(queue, builders.job())
    queue.later(builders.minute)

    (one,) = queue.expects().values()

    assert (one.queue, one.name, one.type, one.every, one.grace) == ("default", "nightly", "mail", 90_000, 60)
    assert (one.created, one.by) == (builders.NOW, "ann")
    assert (one.last_success, one.now) == (builders.NOW + builders.minute, builders.NOW + 2 * builders.minute)


def test_the_same_again_changes_nothing(queue):
    assert queue.expect("nightly").word == "new"
    before = queue.whole()
    queue.later(builders.hour)

    again = queue.expect("nightly", by="bob")

    assert again.word == "same"
    assert (again.expect.created, again.expect.by) == (builders.NOW, "ann")
    assert queue.whole() == before


@pytest.mark.parametrize("other", [{"every": 60.0}, {"grace": 1.0}])
def test_another_span_changes_it_and_keeps_since_when_it_counts(queue, other):
    queue.expect("nightly")
    queue.later(builders.hour)

    assert queue.expect("nightly", **other).word == "changed"
    assert queue.expects()["nightly"].created == builders.NOW


def test_another_type_counts_anew(queue):
    queue.expect("nightly")
    done(queue, builders.job())
    queue.later(builders.hour)

    changed = queue.expect("nightly", type="report")

    assert changed.word == "changed"
    assert (changed.expect.created, changed.expect.last_success) == (queue.now, 0)
    assert queue.whole().last_success == {"report": b"0"}


def test_two_that_expect_a_type_share_its_last_success(queue):
    queue.expect("daily")
    done(queue, builders.job())
    queue.later(builders.hour)

    assert queue.expect("weekly", every=7 * 86_400.0).expect.last_success == builders.NOW
    assert queue.drop_expect("daily")
    assert queue.expects()["weekly"].last_success == builders.NOW
    assert queue.drop_expect("weekly")
    assert not queue.drop_expect("weekly")
    assert not queue.redis.exists(queue.keys["expects"], queue.keys["last_success"])


def test_a_success_that_is_known_counts_unless_a_later_one_was_noted(queue):
    assert (
        queue.expect(last_success=builders.NOW - builders.hour).expect.last_success
        == builders.NOW - builders.hour
    )
    done(queue, builders.job())

    assert queue.expect(last_success=builders.NOW - builders.minute).expect.last_success == builders.NOW


def test_many_of_a_queue_are_enough(queue):
    assert [queue.expect(name, most=2).word for name in ("one", "two", "three")] == ["new", "new", "full"]
    assert queue.expect("two", every=60.0, most=2).word == "changed"
    assert list(queue.expects()) == ["one", "two"]


@pytest.mark.parametrize(
    "outcome",
    [
        builders.failure(),
        builders.discard(),
        builders.snooze(),
        builders.interruption(),
        builders.loss(),
        builders.cancellation(),
    ],
)
def test_only_a_success_counts(queue, outcome):
    queue.expect()

    done(queue, builders.job(max_retries=3), outcome=outcome)

    assert queue.expects()["nightly"].last_success == 0


def test_a_success_of_another_type_is_not_noted(queue):
    queue.expect(type="report")

    done(queue, builders.job(), builders.job())

    assert queue.whole().last_success == {"report": b"0"}


@pytest.mark.parametrize("retention", [0.0, 3600.0])
@pytest.mark.parametrize("unique", ["", "key"])
def test_every_success_counts_whatever_is_kept_of_the_job(queue, retention, unique):
    queue.expect()
    queue.later(builders.minute)

    done(queue, builders.job(unique_key=unique), retention=retention)

    assert queue.expects()["nightly"].last_success == queue.now


def test_a_success_that_comes_after_its_lease_was_lost_counts(queue):
    queue.expect()
    queue.submit(builders.job("one"))
    (lease,) = queue.reserve()
    assert queue.lose() == [("one", "enqueued", "w")]
    queue.later(builders.minute)

    assert queue.settle(builders.settlement(lease)) == ["settled"]
    assert queue.expects()["nightly"].last_success == queue.now


def test_a_success_that_was_not_taken_does_not_count(queue):
    queue.expect()
    queue.submit(builders.job("one"))
    (stale,) = queue.reserve()
    queue.lose()
    (newer,) = queue.reserve()
    queue.later(builders.minute)

    assert queue.settle(builders.settlement(stale)) == ["stale"]
    assert queue.expects()["nightly"].last_success == 0
    queue.settle(builders.settlement(newer))
    noted = queue.now
    queue.later(builders.minute)
    assert queue.settle(builders.settlement(newer)) == ["again"]
    assert queue.expects()["nightly"].last_success == noted


def test_a_job_that_was_asked_to_stop_and_succeeded_counts(queue):
    queue.expect()
    queue.submit(builders.job("one"))
    (lease,) = queue.reserve()
    queue.cancel("one")

    queue.settle(builders.settlement(lease))

    assert queue.expects()["nightly"].last_success == queue.now


def test_the_last_success_outlives_the_jobs(queue):
    queue.expect()
    done(queue, builders.job("one"), builders.job("two"))
    queue.purge("completed", "one")
    queue.later(2 * builders.hour)
    queue.expire()

    assert queue.whole().ids == set()
    assert queue.expects()["nightly"].last_success == builders.NOW


def test_a_success_from_a_clock_that_was_ahead_is_overwritten(queue):
    queue.expect()
    queue.later(400 * builders.day)
    done(queue, builders.job())
    queue.now = builders.NOW + builders.hour
    (one,) = queue.expects().values()
    assert one.last_success > one.now and one.late_seconds == 0
    assert queue.expect().expect.last_success == queue.now, "the same declaration cuts it"

    queue.later(builders.hour)
    done(queue, builders.job())

    assert queue.expects()["nightly"].last_success == queue.now


def sent(server, *items) -> dict[str, int]:
    """How often a settlement sends each command, as the server counts them."""
    server.redis.config_resetstat()
    server.settle(*items)
    told = server.redis.info("commandstats")
    names = {name.removeprefix("cmdstat_"): one["calls"] for name, one in told.items()}
    return {name: calls for name, calls in names.items() if name not in ("config|resetstat", "info")}


def settled(server, types: int, jobs: int) -> dict[str, int]:
    """What a settlement of so many jobs sends, one of them failed; they leave nothing behind."""
    server.submit(*(builders.job(f"j{n}", type=f"t{n % types}", max_retries=0) for n in range(jobs)))
    leases = server.reserve(count=jobs)
    items = [
        builders.settlement(one, builders.failure() if one.id == "j2" else builders.success())
        for one in leases
    ]
    counts = sent(server, *items)
    server.purge("completed", *(f"j{n}" for n in range(jobs)))
    server.purge("failed", "j2")
    return counts


# Before anything could be expected: where nobody watches, four jobs of two types that have their cells.
BEFORE = {
    "evalsha": 1, "hmget": 2, "exists": 2, "hlen": 4, "zcard": 3, "zrem": 2, "hset": 5, "zadd": 2,
    "hincrby": 2, "hget": 2,
}  # fmt: skip


def test_where_nobody_expects_anything_a_settlement_sends_the_same_commands(server):
    settled(server, 2, 4)  # the script is known, and the types have their cells

    assert settled(server, 2, 4) == BEFORE

    server.expect(type="t1")
    assert settled(server, 2, 4) == BEFORE | {"hmget": 3, "hset": 6, "hlen": 5}
    server.drop_expect("nightly")
    assert settled(server, 2, 4) == BEFORE


def test_many_types_are_noted_by_one_command(server):
    settled(server, 200, 400)
    without = settled(server, 200, 400)
    for n in range(0, 200, 2):
        server.expect(f"e{n}", type=f"t{n}")
    server.later(builders.minute)
    settled(server, 200, 400)

    assert settled(server, 200, 400) == without | {
        name: without[name] + 1 for name in ("hmget", "hset", "hlen")
    }
    assert set(server.whole().last_success.values()) == {b"%d" % server.now}


def test_what_stands_in_the_place_of_the_last_successes_stops_no_settlement(queue, broken):
    queue.submit(builders.job("one"))
    (lease,) = queue.reserve()
    queue.redis.set(queue.keys["last_success"], "theirs")

    assert queue.settle(builders.settlement(lease)) == ["settled"]
    assert queue.score("completed", "one")


@pytest.mark.parametrize(
    "line",
    [
        b"", b"mail", b"mail;x;0;1;{}", b"mail;1000;0;", b"mail;1000;0;{}", b"\xff;1;1;1;{}", b";1;1;1;{}",
        b"mail;-1;0;1;{}", b"mail;%d;0;1;{}" % 10**30, b"mail;1000;-1;1;{}", b"mail;1000;0;%d;{}" % 10**18,
        b"mail;1000;0;-1;{}",
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_and_can_be_replaced_or_dropped(queue, line, broken):
    queue.expect("good")
    queue.redis.hset(queue.keys["expects"], "bad", line)

    assert queue.expects()["bad"].state == "unreadable"
    assert queue.expects()["good"].state == "waiting"
    done(queue, builders.job())
    assert queue.drop_expect("bad")
    queue.redis.hset(queue.keys["expects"], "bad", line)
    assert queue.expect("bad").word == "changed"
    assert queue.expects()["bad"].state == "on_time"


@pytest.mark.parametrize("at", [b"x", b"", b"-1", b"1e300", b"%d" % 10**30])
def test_a_last_success_that_is_no_time_is_told_and_the_next_one_mends_it(queue, at, broken):
    queue.expect()
    queue.redis.hset(queue.keys["last_success"], "mail", at)

    assert queue.expects()["nightly"].state == "unreadable"
    done(queue, builders.job())
    assert queue.expects()["nightly"].state == "on_time"


def test_where_somebody_has_deleted_the_note_the_same_declaration_brings_it_back(queue):
    queue.expect()
    queue.redis.delete(queue.keys["last_success"])
    assert not queue.expects()["nightly"].noted

    assert queue.expect().word == "same"

    done(queue, builders.job())
    assert queue.expects()["nightly"].noted and queue.expects()["nightly"].last_success == builders.NOW


@pytest.mark.parametrize("about", [b"", b"[", b'{"by":7}', b"\xff", b";;"])
def test_who_has_declared_it_may_be_unreadable(queue, about):
    queue.redis.hset(queue.keys["expects"], "nightly", b"mail;86400000;0;%d;%s" % (builders.NOW, about))
    queue.redis.hset(queue.keys["last_success"], "mail", "0")

    one = queue.expects()["nightly"]

    assert (one.state, one.by) == ("waiting", "")
    assert queue.expect().word == "same"


def test_what_was_declared_by_a_clock_that_was_ahead_counts_from_the_next_declaration(queue):
    queue.now += 400 * builders.day
    queue.expect()
    queue.now = builders.NOW

    assert queue.expect(every=60.0).expect.created == builders.NOW


def test_a_newer_gopher_may_know_more_of_it(queue):
    queue.expect()
    line = queue.whole().expects["nightly"].replace(b"{", b'{"calendar":"de",')
    queue.redis.hset(queue.keys["expects"], "nightly", line)

    assert queue.expects()["nightly"].type == "mail"
    assert queue.expect(every=60.0).word == "changed"
    assert b'"calendar":"de"' in queue.whole().expects["nightly"]


def test_a_full_memory_refuses_a_new_one_and_lets_go_of_an_old_one(server, full):
    server.expect("old")
    server.submit(builders.job("one"))
    (lease,) = server.reserve()
    full()

    with pytest.raises(Exception, match="maxmemory"):
        server.expect("new")
    server.later(builders.minute)
    server.settle(builders.settlement(lease))
    assert server.expects()["old"].last_success == server.now
    assert server.drop_expect("old")
    assert list(server.expects()) == []


def test_a_thousand_are_declared_and_looked_at_in_little_time(server):
    for n in range(1000):
        server.expect(f"e{n}", type=f"t{n}")
    server.redis.config_resetstat()
    server.expect("e0", every=60.0)
    assert len(server.expects()) == 1000

    spent = server.redis.info("commandstats")["cmdstat_evalsha"]
    assert spent["usec"] / spent["calls"] < 50_000  # some 1 ms on an idle machine
