"""Damage by dice: whatever somebody did by hand, the repair loses no job, and the laws hold after it."""

from __future__ import annotations

from random import Random

import laws
import pytest

from doctor.damages import GARBAGE
from doctor.ward import Ward, troubles
from gopher_cli.store.keyspace import PLACES

pytestmark = pytest.mark.anyio
IDS = (
    "completed", "failed", "retrying", "running", "cancelled", "late", "scheduled", "high", "normal", "low",
    "lasting", "parent", "blocked", "ghost",
)  # fmt: skip
OF_A_JOB = ("result", "log", "errors", "progress", "once", "cancels")
FIELDS = ("losses", "token", "started", "ready_at", "score", "finished", "lock")


def hurt(ward: Ward, dice: Random) -> None:
    """One thing that somebody could do with redis-cli."""
    redis, keys, id = ward.redis, ward.keys, dice.choice(IDS)
    now = ward.queue.now
    match dice.randrange(8):
        case 0:
            redis.zadd(keys[dice.choice(list(PLACES))], {id: dice.choice([1, now, 5e13, now + 10**7])})
        case 1:
            for place in PLACES:
                redis.zrem(keys[place], id)
        case 2:
            redis.hdel(keys["meta"], id)
        case 3:
            redis.hset(keys["meta"], id, dice.choice([GARBAGE, b"", b"1;2;3", b";;;;;;;;"]))
        case 4:
            redis.hset(keys["spec"], id, dice.choice([GARBAGE, b'["mail",null]', b"[]"]))
        case 5:
            redis.hset(keys[dice.choice(OF_A_JOB)], id, b"1")
        case 6:
            redis.hdel(keys["spec"], id)
        case 7:
            if redis.hget(keys["meta"], id):
                value = dice.choice([0, now, now + 10**7, 5 * 10**13])
                field = dice.choice(FIELDS)
                words = {"token": ["", "w.0:1", "!w.0:1", "?x.0:2"], "lock": ["", "0" * 24]}
                ward.alter(id, **{field: dice.choice(words[field]) if field in words else value})


@pytest.mark.parametrize("seed", range(1, 13))
async def test_no_job_is_lost_whatever_was_damaged(ward: Ward, seed: int) -> None:
    dice = Random(seed)
    for _ in range(dice.randrange(1, 9)):
        hurt(ward, dice)
    whole = ward.queue.whole()
    known = set(whole.meta) | set(whole.spec) | whole.ids

    await ward.heal()

    left = troubles(await ward.look())
    assert set(left) <= {"unique keys held twice", "blocked, and nobody frees them"}, left
    assert known <= ward.queue.whole().ids
    assert not set(ward.queue.whole().waiters) & set(ward.queue.whole().completed)
    if not left:
        laws.check(ward.redis, ward.gopher.namespace)
    ward.queue.forget()
