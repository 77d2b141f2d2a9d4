"""Every way in which data can be damaged, what the doctor calls it, and how it is after the repair."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

import builders

from doctor.ward import RUNNER, Ward

GARBAGE = b"\x00\xff garbage; \x1b[31m"


@dataclass(frozen=True)
class Damage:
    """``finds``: by name how often; ``stays``: what no repair may decide; ``after``: where jobs are then."""

    hurt: Callable[[Ward], None]
    finds: dict[str, int]
    stays: dict[str, int] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)


def lock_of(key: str) -> str:
    return hashlib.blake2b(key.encode(), digest_size=12).hexdigest()


def _gone_by_hand(ward: Ward) -> None:
    ward.forget("low", "ready_low")
    ward.write("log", "low", "1 a line\n")


def _without_its_worker(ward: Ward) -> None:
    """Nobody knows the worker any more, and a process of it had the job in its hands."""
    ward.alter("running", token="gone.0:1")
    ward.redis.rename(ward.keys.held(RUNNER), ward.keys.held("other.0"))


def _due_long_ago(ward: Ward) -> None:
    then = ward.queue.now - builders.hour
    ward.stand("late", "scheduled", then)
    ward.alter("late", ready_at=then)


def _completed_parent(ward: Ward) -> None:
    """As a settle that was only half restored: the parent has ended, and nobody has freed its child."""
    ward.leave("parent", "ready_normal")
    ward.stand("parent", "completed", ward.queue.now + builders.hour)
    ward.alter("parent", finished=ward.queue.now)


def _completed_parent_nowhere(ward: Ward) -> None:
    ward.leave("parent", "ready_normal")
    ward.write("result", "parent", "1")


def _half_a_second_life(ward: Ward) -> None:
    """Its record is as that of one which completed, and it stands in line."""
    ward.alter("low", finished=ward.queue.now)


def _two_with_one_key(ward: Ward) -> None:
    ward.alter("high", lock=lock_of("n"))


DAMAGES = {
    "it stands in line, and among the dead": Damage(
        lambda w: w.stand("normal", "failed", w.queue.now), {"jobs in two places": 1},
        after={"normal": "enqueued"},
    ),
    "it runs, and stands in line": Damage(
        lambda w: w.stand("running", "ready_normal", w.queue.record("running").score),
        {"jobs in two places": 1}, after={"running": "processing"},
    ),
    "it has completed, and stands in line": Damage(
        lambda w: w.stand("completed", "ready_normal", w.queue.record("completed").score),
        {"jobs in two places": 1}, after={"completed": "completed"},
    ),
    "it stands in three places, and its record in none": Damage(
        lambda w: (w.stand("low", "failed", 1), w.stand("low", "cancelled", 1), w.leave("low", "ready_low"),
                   w.stand("low", "retrying", 1)),
        {"jobs in two places": 1, "due, and not promoted": 1}, after={"low": "failed"},
    ),
    "it left the line, and came nowhere": Damage(
        lambda w: w.leave("normal", "ready_normal"), {"jobs in no place": 1}, after={"normal": "enqueued"}
    ),
    "it ran, and came nowhere": Damage(
        lambda w: w.leave("running", "running"), {"jobs in no place": 1}, after={"running": "enqueued"}
    ),
    "it waited for its time, and came nowhere": Damage(
        lambda w: w.leave("scheduled", "scheduled"), {"jobs in no place": 1},
        after={"scheduled": "scheduled"},
    ),
    "it waited for its next attempt, and came nowhere": Damage(
        lambda w: w.leave("retrying", "retrying"), {"jobs in no place": 1}, after={"retrying": "retrying"}
    ),
    "it has completed, and came nowhere": Damage(
        lambda w: w.leave("completed", "completed"), {"jobs in no place": 1},
        after={"completed": "completed"},
    ),
    "it has failed, and came nowhere": Damage(
        lambda w: w.leave("failed", "failed"), {"jobs in no place": 1}, after={"failed": "failed"}
    ),
    "it was blocked, and came nowhere": Damage(
        lambda w: w.leave("blocked", "blocked"), {"jobs in no place": 1}, after={"blocked": "failed"}
    ),
    "only its spec is left": Damage(
        lambda w: (w.leave("low", "ready_low"), w.drop("meta", "low")), {"jobs in no place": 1},
        after={"low": "failed"},
    ),
    "only its name is left": Damage(
        lambda w: w.stand("ghost", "ready_high", 1e13), {"jobs without a record": 1},
        after={"ghost": "failed"},
    ),
    "its record is gone": Damage(
        lambda w: w.drop("meta", "high"), {"jobs without a record": 1}, after={"high": "failed"}
    ),
    "it has completed, and its record is gone": Damage(
        lambda w: w.drop("meta", "completed"), {"jobs without a record": 1}, after={"completed": "completed"}
    ),
    "its record is garbage": Damage(
        lambda w: w.write("meta", "scheduled", GARBAGE), {"records that cannot be read": 1},
        after={"scheduled": "failed"},
    ),
    "it has completed, and its record is garbage": Damage(
        lambda w: w.write("meta", "completed", GARBAGE), {"records that cannot be read": 1},
        after={"completed": "completed"},
    ),
    "its spec is gone": Damage(
        lambda w: w.drop("spec", "high"), {"jobs without a spec": 1}, after={"high": "failed"}
    ),
    "it has completed, and its spec is gone": Damage(
        lambda w: w.drop("spec", "completed"), {"jobs without a spec": 1}, after={"completed": "completed"}
    ),
    "its spec is garbage": Damage(
        lambda w: w.write("spec", "low", GARBAGE), {"specs that cannot be read": 1}, after={"low": "failed"}
    ),
    "it runs without a token": Damage(
        lambda w: w.alter("running", token=""), {"running without a token": 1}, after={"running": "enqueued"}
    ),
    "it runs, and its worker does not know": Damage(
        lambda w: w.redis.delete(w.keys.held(RUNNER)), {"running, and nobody holds them": 1},
        after={"running": "processing"},
    ),
    "it runs under the token of nobody": Damage(
        _without_its_worker, {"running, and nobody holds them": 1, "left by workers that are gone": 1},
        after={"running": "enqueued"},
    ),
    "a token without a run": Damage(
        lambda w: w.alter("low", token="w.0:9"), {"tokens of attempts that do not run": 1},
        after={"low": "enqueued"},
    ),
    "a dead job with a token": Damage(
        lambda w: w.alter("failed", token="w.0:9"), {"tokens of attempts that do not run": 1},
        after={"failed": "failed"},
    ),
    "a waiting job that has ended": Damage(
        _half_a_second_life, {"records that contradict their place": 1}, after={"low": "enqueued"}
    ),
    "an ended job without an end": Damage(
        lambda w: w.alter("cancelled", finished=0), {"records that contradict their place": 1},
        after={"cancelled": "cancelled"},
    ),
    "another time than its record says": Damage(
        lambda w: w.stand("late", "scheduled", w.queue.now + builders.hour),
        {"records that contradict their place": 1}, after={"late": "scheduled"},
    ),
    "the wrong line": Damage(
        lambda w: (w.leave("low", "ready_low"), w.stand("low", "ready_high", w.queue.record("low").score)),
        {"jobs in the wrong line": 1}, after={"low": "enqueued"},
    ),
    "the wrong turn": Damage(
        lambda w: w.stand("low", "ready_low", 9.5e13), {"jobs in the wrong line": 1},
        after={"low": "enqueued"},
    ),
    "a score that no priority has": Damage(
        lambda w: (w.stand("low", "ready_low", 1), w.alter("low", score=1)), {"jobs in the wrong line": 1},
        after={"low": "enqueued"},
    ),
    "its lock is gone": Damage(
        lambda w: w.drop("locks", lock_of("n")), {"live jobs without their lock": 1},
        after={"normal": "enqueued"},
    ),
    "its lock belongs to a dead job": Damage(
        lambda w: w.write("locks", lock_of("n"), "failed"),
        {"live jobs without their lock": 1, "locks without a live job": 1}, after={"normal": "enqueued"},
    ),
    "a lock of nobody": Damage(
        lambda w: w.write("locks", "0" * 24, "nobody"), {"locks without a live job": 1}
    ),
    "the end of no lock": Damage(
        lambda w: w.stand("0" * 24, "lock_ends", 9e12), {"lock ends without a lock": 1}
    ),
    "it is due, and nobody promotes it": Damage(
        _due_long_ago, {"due, and not promoted": 1}, after={"late": "enqueued"}
    ),
    "a log of a job that is gone": Damage(
        lambda w: (w.write("log", "gone", "1 a"), w.write("errors", "gone", "1 {}")), {"leftovers of jobs": 1}
    ),
    "a result of a job that failed": Damage(
        lambda w: w.write("result", "failed", "1"), {"leftovers of jobs": 1}, after={"failed": "failed"}
    ),
    "a request to stop what does not run": Damage(
        lambda w: w.write("cancels", "low", "1000"), {"leftovers of jobs": 1}, after={"low": "enqueued"}
    ),
    "who waits for a job that is gone": Damage(
        lambda w: w.write("waiters", "gone", "nobody 1,"), {"leftovers of jobs": 1}
    ),
    "what it waits for has completed": Damage(
        _completed_parent, {"completed, and still waited for": 1},
        after={"parent": "completed", "blocked": "enqueued"},
    ),
    "what it waits for has completed, and came nowhere": Damage(
        _completed_parent_nowhere, {"jobs in no place": 1},
        after={"parent": "completed", "blocked": "enqueued"},
    ),
    "a job that nobody has counted": Damage(
        lambda w: w.redis.hincrby(w.keys["counters"], "enqueued", -1), {"jobs that nobody counted": 1}
    ),
    "a counter that is none": Damage(
        lambda w: w.write("counters", "enqueued", "many"), {"counters that cannot be read": 1}
    ),
    "a counter below zero": Damage(
        lambda w: w.write("counters", "completed", "-1"), {"counters that cannot be read": 1}
    ),
    "a counter of what has left that is none": Damage(
        lambda w: (w.queue.purge("ready_low", "low"), w.write("counters", "purged", "some")),
        {"counters that cannot be read": 1},
    ),
    "in the hands of a worker that nobody knows": Damage(
        lambda w: w.redis.zadd(w.keys.held("gone.0"), {"completed": 1, "nothing": 2}),
        {"left by workers that are gone": 2},
    ),
    "a queue that is not listed": Damage(
        lambda w: w.redis.srem(f"{w.gopher.namespace}:{{~}}:queues", w.name),
        {"queues that are not listed": 1},
    ),
    "a follow-up that nobody carries": Damage(
        lambda w: w.follow_up("next"), {"follow-ups that wait": 1}, after={"next": "enqueued"}
    ),
    "a follow-up that is garbage": Damage(
        lambda w: w.follow_up("next", GARBAGE), {"follow-ups that cannot be read": 1},
        after={"next": "failed"},
    ),
}  # fmt: skip

# What no repair brings back: how many is written down for good, and the counters agree from there.
LOSSES = {
    "a job that somebody has deleted by hand": Damage(
        _gone_by_hand, {"jobs that are missing": 1, "leftovers of jobs": 1}
    ),
    "too many were counted": Damage(
        lambda w: w.redis.hincrby(w.keys["counters"], "enqueued", 3), {"jobs that are missing": 3}
    ),
}

# What a person must decide: it is told of, and left as it is.
HOPELESS = {
    "two live jobs with one unique key": Damage(
        _two_with_one_key,
        {"unique keys held twice": 1},
        {"unique keys held twice": 1},
        {"high": "enqueued", "normal": "enqueued"},
    ),
    "it waits for more than there are": Damage(
        lambda w: w.stand("blocked", "blocked", 2),
        {"blocked, and nobody frees them": 1},
        {"blocked, and nobody frees them": 1},
        {"blocked": "blocked"},
    ),
    "a lease that ended long ago": Damage(
        lambda w: w.stand("running", "running", w.queue.now - builders.hour),
        {"leases that ended long ago": 1},
        {"leases that ended long ago": 1},
        {"running": "processing"},
    ),
    "a key of somebody else": Damage(
        lambda w: w.redis.set(f"{w.gopher.namespace}:cache", "1"),
        {"keys that gopher does not know": 1},
        {"keys that gopher does not know": 1},
    ),
    "something else under a key of ours": Damage(
        lambda w: w.redis.set(w.keys["progress"], "1"),
        {"keys of a foreign type": 1},
        {"keys of a foreign type": 1},
    ),
}
