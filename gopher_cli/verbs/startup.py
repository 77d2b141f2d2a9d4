"""Whether a worker or a server may work here: at its start, and as long as it runs."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from contextlib import suppress

from gopher_cli.model.errors import BadConfig, Denied, TryLater, Unavailable
from gopher_cli.model.job.terms import Wishes, terms_of_type
from gopher_cli.store import calls
from gopher_cli.store.asks import ask, startup
from gopher_cli.store.keyspace import Keys
from gopher_cli.store.schema_version import OURS
from gopher_cli.store.url import Address
from gopher_cli.verbs.core import Core

# Of these a script of ours needs each, sooner or later: better to hear it at the start.
NEEDED = (
    "HSET", "HDEL", "HGET", "HMGET", "HKEYS", "HLEN", "HEXISTS", "HINCRBY", "ZADD", "ZREM", "ZRANGE",
    "ZRANGEBYSCORE", "ZSCORE", "ZMSCORE", "ZCARD", "ZRANK", "ZINCRBY", "RPUSH", "LLEN", "EXISTS",
    "HRANDFIELD", "XTRIM",
)  # fmt: skip

_AWAY = (Unavailable, TryLater)  # one of several: the others can be worked with
_TRIED = 500  # queues, enough to have one on every server


async def check(
    core: Core, *, accept_eviction: bool = False, everywhere: bool = False, thorough: bool = False
) -> None:
    """Raises BadConfig when this server must not be used: too old, free to throw jobs away, or with
    data of another major version of gopher (Outdated).

    One round trip. ``everywhere``: of a cluster each master, as far as it answers. ``thorough``, for
    those who stay: that, and BadConfig for a namespace that is somebody else's, and Denied where a
    right is missing.
    """
    info, written = await core.store.ask(startup.first_look(core.namespace))
    nodes = {core.store.address: info}
    if core.store.scattered and (everywhere or thorough):
        nodes = await _what_they_say(core)
    for node, info in nodes.items():
        _check_server(node, info, accept_eviction)
    if thorough:
        await _check_rights(core, nodes)
        if not written and not await core.store.ask(startup.is_used(core.namespace)):
            await _refuse_foreign_keys(core)


async def _what_they_say(core: Core) -> dict[Address, dict[str, str]]:
    """INFO of every master that answers: the others stop nobody."""
    answers = {}
    for node in await core.store.masters():
        with suppress(*_AWAY):
            answers[node] = await core.store.ask(ask.info(), node=node)
    return answers


async def _refuse_foreign_keys(core: Core) -> None:
    """Before we write our first key: as far as a hundred looks at each server reach."""
    for node in await core.store.masters():
        with suppress(*(_AWAY if core.store.scattered else ())):
            await _refuse_foreign_keys_at(core, node)


async def _refuse_foreign_keys_at(core: Core, node: Address) -> None:
    cursor = 0
    for _ in range(100):
        cursor, foreign = await core.store.ask(startup.foreign_keys(core.namespace, cursor), node=node)
        if foreign:
            raise BadConfig(
                f"Redis at {node} holds data under {core.namespace}: that is not "
                f"gopher's, such as {foreign[0]!r}",
                "choose another prefix (GOPHER_NAMESPACE=jobs), or another database",
            )
        if not cursor:
            return


async def one_on_each(core: Core) -> dict[Address, Keys]:
    """For every server the keys of a queue that would live there: to try what needs a key.

    None where a slot has no owner: then nothing can be tried.
    """
    mine = core.keys(core.defaults.queue)
    if not core.store.scattered:
        return {core.store.address: mine}
    tried = [mine, *(Keys(core.namespace, f"try-{n}") for n in range(_TRIED))]
    homes_of: dict[Address, Keys] = {}
    with suppress(TryLater):
        homes = await core.store.homes([probe["meta"] for probe in tried])
        for node, keys in zip(homes, tried, strict=True):
            homes_of.setdefault(node, keys)
    return homes_of


async def publish_types(
    core: Core, schemas: Mapping[str, bytes], wishes: Mapping[str, Wishes] | None = None
) -> None:
    """Make known what a payload of a worker's types is, and what counts for their jobs."""
    terms = {type: terms_of_type(wish, core.defaults) for type, wish in (wishes or {}).items()}
    await core.store.ask(ask.publish_types(core.namespace, schemas, terms))


async def stand(
    core: Core, queues: Sequence[str], types: Mapping[str, bytes], wishes: Mapping[str, Wishes] | None = None
) -> startup.Standing:
    """See that the fleet knows these still, tell it again if not, and what it was before.

    Raises Outdated when a newer gopher has taken the data over meanwhile.
    """
    standing = await core.store.ask(startup.standing(core.namespace, queues, list(types)))
    if standing.missing_queues:
        core.announced.forget()
        await core.announce(standing.missing_queues)
    missing = {type: types[type] for type in standing.missing_types}
    await publish_types(core, missing, wishes if missing else None)
    if not standing.written or standing.schema.minor < OURS.minor:
        await core.store.ask(startup.write_schema(core.namespace, anew=standing.written))
    return standing


async def _check_rights(core: Core, nodes: Container[Address]) -> None:
    """Scripts run, and may do what they do. Raises Denied; an old server tells only the first."""
    for node, keys in (await one_on_each(core)).items():
        if node not in nodes:
            continue
        refused = list[str]()
        with suppress(*(_AWAY if core.store.scattered else ())):
            refused = await core.store.run(calls.refused_commands(keys, NEEDED))
        if refused:
            plus = " ".join(f"+{word.lower()}" for word in refused)
            raise Denied(
                f"Redis at {node} denies our scripts {', '.join(refused)}",
                f"redis-cli ACL SETUSER NAME {plus} '~{core.namespace}:*'",
            )


def _check_server(node: Address, info: Mapping[str, str], accept_eviction: bool) -> None:
    version = info.get("redis_version", "0")
    if ask.version_of(info) < ask.OLDEST:
        raise BadConfig(
            f"Redis at {node} is version {version}; gopher needs 6.2 or later, or Valkey",
            "unset REDIS_URL to use the embedded server",
        )
    policy = info.get("maxmemory_policy", "noeviction")
    if policy != "noeviction" and not accept_eviction:
        raise BadConfig(
            f"Redis at {node} may throw jobs away when its memory is full (maxmemory-policy {policy})",
            "redis-cli CONFIG SET maxmemory-policy noeviction; or accept it: ACCEPT_EVICTION=yes",
        )
