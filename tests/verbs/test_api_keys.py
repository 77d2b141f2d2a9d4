"""Making, listing and revoking API keys, on the real server."""

from __future__ import annotations

import msgspec
import pytest
from redis import Redis

from gopher_cli.actor import ACTOR
from gopher_cli.gopher import Gopher
from gopher_cli.model.access.api_keys import ApiKey, digest_of, id_of
from gopher_cli.model.errors import Conflict, NotFound, Outdated, Refused, Usage
from gopher_cli.verbs import access

pytestmark = pytest.mark.anyio


def everything(redis: Redis, namespace: str) -> bytes:
    """All that is stored of the fleet, as bytes."""
    keys = [*redis.scan_iter(f"{namespace}:*")]
    return b"".join(redis.dump(key) or b"" for key in keys)


async def test_a_secret_is_told_once_and_only_its_digest_is_stored(
    gopher: Gopher, redis: Redis, namespace: str
) -> None:
    made = await gopher.create_key("deploy", role="operator")

    assert id_of(made.secret) == made.info.id
    secret = made.secret.rpartition(f"{made.info.id}_")[2]
    stored = redis.hget(f"{namespace}:{{~}}:keys", made.info.id) or b""
    assert secret.encode() not in stored and digest_of(made.secret).encode() in stored
    assert secret.encode() not in everything(redis, namespace)


async def test_no_two_keys_are_alike(gopher: Gopher) -> None:
    made = [await gopher.create_key("same", role="viewer") for _ in range(5)]

    assert len({one.secret for one in made}) == len({one.info.id for one in made}) == 5


async def test_the_list_has_every_key_the_newest_first_and_no_secret(gopher: Gopher) -> None:
    first = await gopher.create_key("first", scopes=["submit:mail"], rate="100/s")
    second = await gopher.create_key("second", role="viewer", lasts=3600)
    await gopher.note_key_uses({first.info.id: 12345})

    listed = {info.id: info for info in await gopher.api_keys()}

    assert set(listed) == {first.info.id, second.info.id}
    mine = listed[first.info.id]
    assert mine.scopes == ("submit:mail",) and mine.rate == "100/s" and mine.last_used_ms == 12345
    other = listed[second.info.id]
    assert other.expires_ms == other.created_ms + 3_600_000 and other.last_used_ms == 0
    assert first.secret not in str(listed)


@pytest.mark.parametrize("by", ["id", "name"])
async def test_a_revoked_key_stays_in_the_list_as_revoked(gopher: Gopher, by: str) -> None:
    made = await gopher.create_key("deploy", role="viewer")

    gone = await gopher.revoke_key(getattr(made.info, by))

    assert gone.id == made.info.id and gone.revoked_ms >= gone.created_ms
    assert [info.revoked_ms for info in await gopher.api_keys()] == [gone.revoked_ms]


async def test_who_is_not_there_cannot_be_revoked(gopher: Gopher) -> None:
    with pytest.raises(NotFound):
        await gopher.revoke_key("nobody")


async def test_a_key_is_revoked_once(gopher: Gopher) -> None:
    made = await gopher.create_key("deploy", role="viewer")
    await gopher.revoke_key("deploy")

    with pytest.raises(Conflict):
        await gopher.revoke_key(made.info.id)
    with pytest.raises(NotFound):
        await gopher.revoke_key("deploy")


async def test_a_name_that_two_keys_have_is_not_enough(gopher: Gopher) -> None:
    made = [await gopher.create_key("deploy", role="viewer") for _ in range(2)]

    with pytest.raises(Conflict) as refusal:
        await gopher.revoke_key("deploy")

    assert all(one.info.id in refusal.value.hint for one in made)
    assert not any(info.revoked_ms for info in await gopher.api_keys())
    await gopher.revoke_key(made[0].info.id)
    assert (await gopher.revoke_key("deploy")).id == made[1].info.id


@pytest.mark.parametrize(
    "wrong",
    [{"name": "a b", "role": "viewer"}, {"name": "n"}, {"name": "n", "role": "x"},
     {"name": "n", "role": "viewer", "rate": "fast"}, {"name": "n", "scopes": ["submit:~"]},
     {"name": "n", "role": "viewer", "lasts": -1.0}],
)  # fmt: skip
async def test_a_key_that_makes_no_sense_is_not_made(gopher: Gopher, wrong: dict[str, object]) -> None:
    with pytest.raises(Usage):
        await gopher.create_key(**wrong)  # type: ignore[arg-type]

    assert await gopher.api_keys() == []


async def test_a_key_that_cannot_be_read_keeps_nobody_else_out(
    gopher: Gopher, redis: Redis, namespace: str
) -> None:
    made = await gopher.create_key("deploy", role="viewer")
    redis.hset(f"{namespace}:{{~}}:keys", "ffffffffff", b"{")

    assert [info.id for info in await gopher.api_keys()] == [made.info.id]


async def test_what_died_long_ago_is_forgotten_but_never_the_last(
    gopher: Gopher, redis: Redis, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await gopher.create_key("old", role="viewer")
    await gopher.note_key_uses({old.info.id: 1})
    await gopher.revoke_key("old")
    monkeypatch.setattr(access, "_REMEMBERED_MS", -1_000_000)

    newer = await gopher.create_key("newer", role="viewer")
    assert {info.id for info in await gopher.api_keys()} == {old.info.id, newer.info.id}

    await gopher.create_key("newest", role="viewer")
    assert old.info.id not in {info.id for info in await gopher.api_keys()}
    assert not redis.hexists(f"{namespace}:{{~}}:key_uses", old.info.id)


async def test_there_are_not_more_keys_than_a_server_reads_each_second(
    gopher: Gopher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "MOST", 2)
    for name in ("a", "b"):
        await gopher.create_key(name, role="viewer")

    with pytest.raises(Refused):
        await gopher.create_key("c", role="viewer")
    await gopher.revoke_key("a")
    assert await gopher.create_key("c", role="viewer")


async def test_all_servers_share_the_secret_of_sessions(gopher: Gopher) -> None:
    assert (await gopher.access_table())[1] == ""

    first = await gopher.session_secret()

    assert len(first) == 64 and await gopher.session_secret() == first
    assert (await gopher.access_table())[1] == first


async def test_a_session_is_remembered_as_signed_out_until_it_would_have_ended_anyway(
    gopher: Gopher, redis: Redis
) -> None:
    now = int(redis.time()[0])  # type: ignore[index]
    await gopher.sign_out("long-ago", "environment", now - 7200)
    assert (await gopher.access_table()).signed_out == {"long-ago": now - 7200}

    await gopher.sign_out("lately", "environment", now + 60)

    assert (await gopher.access_table()).signed_out == {"lately": now + 60}


async def test_signing_everybody_out_changes_the_secret_and_forgets_single_ones(gopher: Gopher) -> None:
    assert not await gopher.sign_out_all(), "nobody has ever signed in"
    first = await gopher.session_secret()
    await gopher.sign_out("one", "environment", 2**40)

    assert await gopher.sign_out_all()

    known = await gopher.access_table()
    assert len(known.seal) == 64 and known.seal != first and not known.signed_out
    assert await gopher.session_secret() == known.seal


async def test_data_of_a_newer_gopher_gets_no_key(gopher: Gopher, redis: Redis, namespace: str) -> None:
    redis.hset(f"{namespace}:{{~}}:meta", "schema", "999.0")

    with pytest.raises(Outdated):
        await gopher.create_key("deploy", role="viewer")

    assert not redis.exists(f"{namespace}:{{~}}:keys")
    redis.hdel(f"{namespace}:{{~}}:meta", "schema")


async def test_the_audit_knows_who_made_a_key_revoked_it_and_signed_everybody_out(
    gopher: Gopher,
) -> None:
    token = ACTOR.set("ann@desk")
    try:
        made = await gopher.create_key("deploy", role="viewer")
        await gopher.revoke_key("deploy")
        await gopher.session_secret()
        await gopher.sign_out_all()
    finally:
        ACTOR.reset(token)

    told = [(entry.actor, entry.action, entry.target) for entry in await gopher.audit_log()]
    target = f"deploy ({made.info.id})"
    assert sorted(told) == [
        ("ann@desk", "create key", target), ("ann@desk", "revoke key", target),
        ("ann@desk", "sign out", "everybody"),
    ]  # fmt: skip


async def make_expired(gopher: Gopher, redis: Redis, namespace: str, name: str) -> str:
    """The id of a key that has expired an hour ago."""
    made = await gopher.create_key(name, role="viewer", lasts=60)
    stored = redis.hget(f"{namespace}:{{~}}:keys", made.info.id) or b""
    key = msgspec.json.decode(stored, type=ApiKey)
    info = msgspec.structs.replace(key.info, expires_ms=made.info.created_ms - 3_600_000)
    changed = msgspec.json.encode(msgspec.structs.replace(key, info=info))
    redis.hset(f"{namespace}:{{~}}:keys", made.info.id, changed)
    return made.info.id


async def test_a_name_means_the_key_that_lives_also_where_an_older_one_has_expired(
    gopher: Gopher, redis: Redis, namespace: str
) -> None:
    old = await make_expired(gopher, redis, namespace, "deploy")
    new = (await gopher.create_key("deploy", role="viewer")).info.id

    assert (await gopher.living_key("deploy")).id == new
    assert (await gopher.revoke_key("deploy")).id == new
    assert (await gopher.revoke_key("deploy")).id == old, "nothing lives: the expired one"


async def test_only_the_newest_of_many_dead_keys_are_remembered(
    gopher: Gopher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "MOST_DEAD", 2)
    made = [(await gopher.create_key(f"k{n}", role="viewer")).info.id for n in range(4)]
    for id in made:
        await gopher.revoke_key(id)
    await gopher.create_key("first", role="viewer")
    living = (await gopher.create_key("second", role="viewer")).info

    found = await gopher.api_keys()
    assert [info.standing for info in found].count("revoked") == 2
    assert living.id in {info.id for info in found}


async def test_how_keys_stand_is_said_by_the_clock_of_redis(
    gopher: Gopher, redis: Redis, namespace: str
) -> None:
    old = await make_expired(gopher, redis, namespace, "old")
    new = (await gopher.create_key("new", role="viewer", lasts=3600)).info.id

    assert {info.id: info.standing for info in await gopher.api_keys()} == {old: "expired", new: "live"}
