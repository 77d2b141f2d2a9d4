"""purge.lua: jobs are deleted for good."""

from __future__ import annotations

import builders


def test_nothing_is_left_of_a_job(queue):
    queue.submit(builders.job("one", unique_key="k"))
    (lease,) = queue.reserve()
    queue.report(lease, progress=b"1", log=b"line\n")
    queue.once(lease, "key", b"1")
    queue.settle(builders.settlement(lease, builders.discard()))

    assert queue.purge("failed", "one") == 1

    whole = queue.whole()
    assert whole.counts == {"enqueued": 1, "failed": 1, "purged": 1}
    left = {name for name in whole.found if ":" not in name}
    assert left == {"conf", "counters", "cells", "wake"}


def test_a_job_that_has_moved_on_is_left_alone(queue):
    queue.submit(builders.job("one"))

    assert queue.purge("failed", "one", "unknown") == 0
    assert queue.state("one") == "enqueued"


def test_a_job_named_twice_is_deleted_once(queue):
    queue.submit(builders.job("one"))

    assert queue.purge("ready_normal", "one", "one") == 1
    assert queue.counters()["purged"] == 1


def test_a_running_job_can_be_deleted_and_its_worker_hears_of_it(queue):
    queue.submit(builders.job("one"))
    queue.reserve()
    queue.cancel("one")

    assert queue.purge("running", "one") == 1

    assert queue.renew().lost == ["one"]


def test_the_unique_key_of_a_deleted_job_is_free_whatever_time_it_had_left(queue):
    queue.submit(builders.job("one", unique_key="k"), builders.job("two", unique_key="m", unique_for=60.0))

    queue.purge("ready_normal", "one", "two")

    one, two = queue.submit(builders.job("1", unique_key="k"), builders.job("2", unique_key="m"))
    assert one.accepted and two.accepted
    assert queue.whole().lock_ends == {}


def test_children_of_a_deleted_job_wait_until_somebody_runs_them(queue):
    queue.submit(builders.job("parent"), builders.job("child", after=["parent"]))

    queue.purge("ready_normal", "parent")

    assert queue.state("child") == "blocked"
    assert queue.requeue("child") == ["enqueued"]


def test_a_full_memory_is_no_hindrance(server, full):
    server.submit(builders.job("one"))
    full()

    assert server.purge("ready_normal", "one") == 1
