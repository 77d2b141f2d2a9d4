"""The dead letter queue by error, and the search over what jobs hold."""

from __future__ import annotations

import builders
import msgspec
import pytest

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import Usage
from gopher_cli.model.select.failure_groups import group_of
from gopher_cli.model.select.filter import Filter
from gopher_cli.model.select.filter_parser import parse_search
from gopher_cli.verbs.select import scan

pytestmark = pytest.mark.anyio


async def dead(gopher: Gopher, *errors: str, queue: str = "default", type: str = "mail") -> None:
    """A job for each of these errors, dead of it."""
    for error in errors:
        await gopher.submit(type, {"to": error}, queue=queue, max_retries=0)
        once = f"w:{next(builders._numbers)}"
        batch = await gopher.reserve(queue, worker="w", token=once, sequence=next(builders._numbers))
        told = msgspec.json.encode({"outcome": "failed", "error": error})
        ended = msgspec.structs.replace(builders.settlement(*batch.leases, builders.failure()), data=told)
        await gopher.settle("w", [ended])


async def found(gopher: Gopher, text: str) -> set[str]:
    return {row.id for row in await gopher.jobs(parse_search(text))}


async def test_jobs_that_died_of_the_same_are_one_group_whatever_their_type_and_queue(gopher: Gopher) -> None:
    await dead(gopher, "no answer from 10.0.0.1", "no answer from 10.0.0.2")
    await dead(gopher, "no answer from 10.0.0.3", "division by zero", queue="slow", type="math")

    first, second = (await gopher.failure_groups()).groups

    assert (first.error, first.count) == ("no answer from …", 3)
    assert first.types == {"mail": 2, "math": 1}
    assert first.queues == {"default": 2, "slow": 1}
    assert 0 < first.first_ms <= first.last_ms
    assert (second.error, second.count, len(second.sample)) == ("division by zero", 1, 1)


async def test_the_jobs_of_a_group_are_found_counted_and_requeued_and_no_others(gopher: Gopher) -> None:
    await dead(gopher, "no answer from 10.0.0.1", "division by zero", "no answer from 10.0.0.2")
    wanted = Filter(group=group_of("no answer from 10.9.9.9"))

    rows = await gopher.jobs(wanted)
    counts = await gopher.count(wanted)
    done = await gopher.retry_all(wanted)

    assert {row.error for row in rows} == {"no answer from 10.0.0.1", "no answer from 10.0.0.2"}
    assert counts == {("default", "failed"): 2}
    assert done.changed == 2
    assert [one.error for one in (await gopher.failure_groups()).groups] == ["division by zero"]


async def test_so_many_are_looked_at_and_it_says_when_there_are_more(gopher: Gopher) -> None:
    await dead(gopher, *["boom"] * 3)
    await dead(gopher, *["boom"] * 3, queue="slow")

    some, whole = await gopher.failure_groups(most=4), await gopher.failure_groups(most=6)

    assert (some.seen, some.whole, some.groups[0].count) == (4, False, 4)
    assert (whole.seen, whole.whole, whole.groups[0].count) == (6, True, 6)
    assert len(whole.groups[0].sample) == 5


async def test_the_newest_are_looked_at_however_many_queues_there_are(
    gopher: Gopher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "_LANES", 2)
    for queue in ("z", "c", "b", "a", "y"):
        await dead(gopher, "boom", queue=queue)

    (group,) = (await gopher.failure_groups(most=2)).groups

    assert set(group.queues) == {"a", "y"}


async def test_only_the_dead_are_grouped(gopher: Gopher) -> None:
    assert (await gopher.failure_groups()).groups == []
    with pytest.raises(Usage, match="only dead jobs"):
        await gopher.failure_groups(Filter(states=("retrying",)))


async def test_a_search_finds_by_what_the_payload_holds(gopher: Gopher) -> None:
    payload = {"user": {"id": 42, "name": "Zoë"}, "tags": ["x", "y"], "ok": True, "none": None, "a.b": 1}
    id = await gopher.submit("mail", payload)
    await gopher.submit("mail", {"user": {"id": 43}, "tags": [], "ok": False, "none": 0, "list": [{"n": 1}]})

    for text in (
        "payload.user.id:42", "payload.user.id:42.0", "payload.user.name:Zoë", "payload.tags:y",
        "payload.tags.1:y", "payload.ok:true", "payload.none:null", "payload.a.b:1", "Zoë", "ZOË 42",
        f"id:{id[-8:]}", f"id:{id} type:mail state:enqueued", '"name"',
    ):  # fmt: skip
        assert await found(gopher, text) == {id}, text
    for text in (
        "payload.user:42",
        "payload.user.id:4",
        "payload.ok:1",
        "payload.x:1",
        "payload.tags.9:y",
        "nix",
    ):
        assert await found(gopher, text) == set(), text
    assert len(await found(gopher, "payload.list.n:1")) == 1


async def test_a_text_is_found_however_it_was_escaped(gopher: Gopher, redis) -> None:
    id = await gopher.submit("mail", {})
    redis.hset(gopher.keys("default")["spec"], id, rb'["mail",{"to":"Zo\u00eb"}]')

    assert await found(gopher, "zoë") == {id}
