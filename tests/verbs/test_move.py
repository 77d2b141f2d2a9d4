"""Dead jobs move to another queue: whole, by the outbox, and each is in one place at any instant."""

from __future__ import annotations

from itertools import count
from typing import Any

import builders
import pytest
from redis import Redis

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import GopherError, TryLater, Unavailable
from gopher_cli.model.select.filter import Filter
from gopher_cli.store import calls
from gopher_cli.store.keyspace import PLACES
from gopher_cli.store.record import read_record
from gopher_cli.verbs import outbox
from gopher_cli.verbs.core import Core

pytestmark = pytest.mark.anyio

KEPT = {"result": b"", "errors": b"", "log": b"1 a line\n", "progress": b"50", "once": b'{"k":1}'}
_fetches = count(1)


async def dead(gopher: Gopher, redis: Redis, id: str, queue: str = "here", **more: Any) -> None:
    """A job that has died once, with a log, progress, and a step that was done."""
    await gopher.submit_many([builders.job(id, queue=queue, **more)])
    number = next(_fetches)
    fetch = {"worker": f"w{number}", "token": f"w{number}:1:t", "sequence": number, "count": 1}
    (lease,) = (await gopher.reserve(queue, **fetch)).leases
    await gopher.settle(lease.worker, [builders.settlement(lease, builders.discard())])
    for name in ("log", "progress", "once"):
        redis.hset(gopher.keys(queue)[name], id, KEPT[name])


def everything(redis: Redis, gopher: Gopher, queue: str, id: str) -> dict[str, Any]:
    """All that a queue has of a job."""
    keys, names = gopher.keys(queue), ("spec", "meta", "result", "errors", "log", "progress", "once")
    found = {name: value for name in names if (value := redis.hget(keys[name], id)) is not None}
    places = {name: at for name in PLACES if (at := redis.zscore(keys[name], id)) is not None}
    return found | places


def waiting(redis: Redis, gopher: Gopher, queue: str = "here") -> int:
    return int(redis.hlen(gopher.keys(queue)["outbox"]))


async def test_a_moved_job_keeps_its_history_its_log_and_what_it_has_done_once(
    gopher: Gopher, redis: Redis
) -> None:
    await dead(gopher, redis, "j", priority=7, unique_key="k")
    before = everything(redis, gopher, "here", "j")

    assert builders.words(await gopher.move("here", ["j"], "there")) == {"j": "enqueued"}

    after = everything(redis, gopher, "there", "j")
    assert not everything(redis, gopher, "here", "j") and not waiting(redis, gopher)
    assert after.pop("ready_high", None) or after.pop("ready_normal")
    for name in ("spec", "errors", "log", "progress", "once"):
        assert after[name] == before[name], name
    old, new = read_record(before["meta"]), read_record(after["meta"])
    assert (new.created, new.lock) == (old.created, old.lock)
    assert (new.attempts, new.losses, new.finished) == (0, 0, 0)
    assert await gopher.submit("t", queue="here", unique_key="k"), "its key is free where it was"
    assert not (await gopher.submit_many([builders.job(queue="there", unique_key="k")]))[0].accepted


async def test_a_job_for_which_others_wait_is_not_moved(gopher: Gopher, redis: Redis) -> None:
    await dead(gopher, redis, "parent")
    await gopher.submit_many([builders.job("child", queue="here", after=["parent"])])
    before = everything(redis, gopher, "here", "parent")

    assert builders.words(await gopher.move("here", ["parent"], "there")) == {"parent": "awaited"}
    assert everything(redis, gopher, "here", "parent") == before

    await gopher.cancel("here", ["child"])
    assert builders.words(await gopher.move("here", ["parent"], "there")) == {"parent": "enqueued"}


@pytest.mark.parametrize(("word", "more"), [("taken", {"id": "j"}), ("locked", {"unique_key": "k"})])
async def test_a_job_that_is_refused_there_is_dead_here_as_before(
    gopher: Gopher, redis: Redis, word: str, more: dict[str, Any]
) -> None:
    await dead(gopher, redis, "j", unique_key="k")
    await gopher.submit_many([builders.job(queue="there", **more)])
    before = everything(redis, gopher, "here", "j")

    for _ in range(2):
        assert builders.words(await gopher.move("here", ["j"], "there")) == {"j": word}
        assert everything(redis, gopher, "here", "j") == before
        assert not waiting(redis, gopher)


async def test_a_job_whose_id_is_taken_in_both_queues_comes_back_under_a_new_one(
    gopher: Gopher, redis: Redis
) -> None:
    await dead(gopher, redis, "j")
    await gopher.submit_many([builders.job("j", queue="there")])
    await gopher.store.run(calls.move_out(gopher.keys("here"), ["j"], "there", "n"))
    await gopher.submit_many([builders.job("j", queue="here")])  # while it was on its way

    await gopher.relay("here")

    assert not waiting(redis, gopher), "nothing is tried again and again"
    (row,) = await gopher.jobs(Filter(queues=("here",), states=("failed",)))
    assert row.id == "j-n"
    assert "it was j until other jobs had this id" in (await gopher.inspect("here", "j-n")).log[-1]
    assert (await gopher.inspect("here", "j")).state == "enqueued"
    assert builders.words(await gopher.retry("here", ["j-n"])) == {"j-n": "enqueued"}


async def test_a_job_that_was_refused_never_comes_under_the_same_name(
    gopher: Gopher, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A carrier that stood still brings it again when its id is free there, and it is dead here."""
    await dead(gopher, redis, "j")
    await gopher.submit_many([builders.job("j", queue="there")])
    await gopher.store.run(calls.move_out(gopher.keys("here"), ["j"], "there", "n"))
    whole = outbox._bring_back

    async def slowly(core: Core, source: str, names: Any) -> list[str]:
        assert await whole(core, source, names) == ["j n"]
        await gopher.delete("there", ["j"])
        return await whole(core, source, names)

    raw = redis.hget(gopher.keys("here")["outbox"], "j n")
    with monkeypatch.context() as patch:
        patch.setattr(outbox, "_bring_back", slowly)
        await gopher.relay("here")
    redis.hset(gopher.keys("here")["outbox"], "j n", raw)
    await gopher.relay("here")

    assert "failed" in everything(redis, gopher, "here", "j")
    assert not everything(redis, gopher, "there", "j")


async def test_a_refused_job_comes_back_though_its_carrier_died_before_it_did(
    gopher: Gopher, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    await dead(gopher, redis, "j")
    await gopher.submit_many([builders.job("j", queue="there")])
    await gopher.store.run(calls.move_out(gopher.keys("here"), ["j"], "there", "n"))

    async def dies(*_: Any) -> list[str]:
        raise Unavailable("gone")

    with monkeypatch.context() as patch:
        patch.setattr(outbox, "_bring_back", dies)
        with pytest.raises(Unavailable):
            await gopher.relay("here")
    await gopher.relay("here")

    assert "failed" in everything(redis, gopher, "here", "j")
    assert not waiting(redis, gopher)


async def test_a_unique_key_that_outlives_its_job_is_free_when_the_job_has_moved(
    gopher: Gopher, redis: Redis
) -> None:
    await dead(gopher, redis, "j", unique_key="k", unique_for=3600.0)
    assert redis.hlen(gopher.keys("here")["locks"]) == 1

    await gopher.move("here", ["j"], "there")

    assert not redis.hlen(gopher.keys("here")["locks"])


async def test_a_refused_job_whose_id_is_given_away_meanwhile_keeps_all_of_it_under_a_new_one(
    gopher: Gopher, redis: Redis
) -> None:
    await dead(gopher, redis, "j")
    await gopher.store.run(calls.move_out(gopher.keys("here"), ["j"], "there", "n"))
    await gopher.submit_many([builders.job("j", queue="here"), builders.job("j", queue="there")])
    await gopher.relay("here")

    assert waiting(redis, gopher) == 0
    assert everything(redis, gopher, "here", "j-n")["once"] == KEPT["once"]


async def test_a_move_that_is_sent_twice_answers_the_same_and_moves_once(
    gopher: Gopher, redis: Redis
) -> None:
    await dead(gopher, redis, "j")
    call = calls.move_out(gopher.keys("here"), ["j", "nobody"], "there", "n")

    for _ in range(2):
        assert await gopher.store.run(call) == {"j": "moved", "nobody": "gone"}
    await gopher.relay("here")
    await gopher.relay("here")
    assert redis.hget(gopher.keys("there")["counters"], "enqueued") == b"1"


async def test_a_move_that_was_sent_again_after_others_had_carried_it_says_so(
    gopher: Gopher, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    await dead(gopher, redis, "j")
    run = gopher.store.run

    async def sent_again(call: Any, *lane: Any) -> Any:
        said = await run(call, *lane)
        if call.script.name != "move_out":
            return said
        await gopher.relay("here")
        return await run(call, *lane)

    monkeypatch.setattr(gopher.store, "run", sent_again)
    assert builders.words(await gopher.move("here", ["j"], "there")) == {"j": "enqueued"}


async def test_jobs_whose_queue_is_out_of_reach_are_on_their_way_and_arrive_later(
    gopher: Gopher, redis: Redis
) -> None:
    for id in ("j", "k"):
        await dead(gopher, redis, id)
    redis.set(gopher.keys("there")["spec"], "x")
    try:
        with pytest.raises(TryLater, match="2 jobs are on their way to there"):
            await gopher.move("here", ["j", "k"], "there")
        assert (waiting(redis, gopher), everything(redis, gopher, "here", "j")) == (2, {})
        with pytest.raises(GopherError):
            await gopher.relay("here")
    finally:
        redis.delete(gopher.keys("there")["spec"])

    assert await gopher.relay("here") == 2
    assert everything(redis, gopher, "there", "j")["once"] == KEPT["once"]


async def test_what_is_too_much_for_one_call_goes_with_the_next(gopher: Gopher, redis: Redis) -> None:
    for n in range(6):
        await dead(gopher, redis, f"j{n}", payload="x" * 900_000)

    assert set(builders.words(await gopher.move("here", [f"j{n}" for n in range(6)], "there")).values()) == {
        "enqueued"
    }
    assert redis.hlen(gopher.keys("there")["spec"]) == 6
