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
from gopher_cli.verbs.core import Base

# Of these a script of ours needs each, sooner or later: better to hear it at the start.
NEEDED = (
    "HSET", "HDEL", "HGET", "HMGET", "HKEYS", "HLEN", "HEXISTS", "HINCRBY", "ZADD", "ZREM", "ZRANGE",
    "ZRANGEBYSCORE", "ZSCORE", "ZMSCORE", "ZCARD", "ZRANK", "ZINCRBY", "RPUSH", "LLEN", "EXISTS",
    "HRANDFIELD", "XTRIM",
)  # fmt: skip

_AWAY = (Unavailable, TryLater)  # one of several: the others can be worked with
_TRIED = 500  # queues, enough to have one on every server


class Starting(Base):
    async def check(
        self, *, accept_eviction: bool = False, everywhere: bool = False, thorough: bool = False
    ) -> None:
        """Raises BadConfig when this server must not be used: too old, free to throw jobs away, or with
        data of another major version of gopher (Outdated).

        One round trip. ``everywhere``: of a cluster each master, as far as it answers. ``thorough``, for
        those who stay: that, and BadConfig for a namespace that is somebody else's, and Denied where a
        right is missing.
        """
        said, written = await self.store.ask(startup.first_look(self.namespace))
        nodes = {self.store.address: said}
        if self.store.scattered and (everywhere or thorough):
            nodes = await self._what_they_say()
        for node, said in nodes.items():
            _check_server(node, said, accept_eviction)
        if thorough:
            await self._check_rights(nodes)
            if not written and not await self.store.ask(startup.is_used(self.namespace)):
                await self._refuse_foreign_keys()

    async def _what_they_say(self) -> dict[Address, dict[str, str]]:
        """INFO of every master that answers: the others stop nobody."""
        told = {}
        for node in await self.store.masters():
            with suppress(*_AWAY):
                told[node] = await self.store.ask(ask.info(), node=node)
        return told

    async def _refuse_foreign_keys(self) -> None:
        """Before we write our first key: as far as a hundred looks at each server reach."""
        for node in await self.store.masters():
            with suppress(*(_AWAY if self.store.scattered else ())):
                await self._refuse_foreign_keys_at(node)

    async def _refuse_foreign_keys_at(self, node: Address) -> None:
        cursor = 0
        for _ in range(100):
            cursor, foreign = await self.store.ask(startup.foreign_keys(self.namespace, cursor), node=node)
            if foreign:
                raise BadConfig(
                    f"Redis at {node} holds data under {self.namespace}: that is not "
                    f"gopher's, such as {foreign[0]!r}",
                    "choose another prefix (GOPHER_NAMESPACE=jobs), or another database",
                )
            if not cursor:
                return

    async def one_on_each(self) -> dict[Address, Keys]:
        """For every server the keys of a queue that would live there: to try what needs a key.

        None where a slot has no owner: then nothing can be tried.
        """
        mine = self.keys(self.defaults.queue)
        if not self.store.scattered:
            return {self.store.address: mine}
        tried = [mine, *(Keys(self.namespace, f"try-{n}") for n in range(_TRIED))]
        found: dict[Address, Keys] = {}
        with suppress(TryLater):
            homes = await self.store.homes([one["meta"] for one in tried])
            for node, keys in zip(homes, tried, strict=True):
                found.setdefault(node, keys)
        return found

    async def publish_types(
        self, schemas: Mapping[str, bytes], wishes: Mapping[str, Wishes] | None = None
    ) -> None:
        """Make known what a payload of a worker's types is, and what counts for their jobs."""
        terms = {type: terms_of_type(said, self.defaults) for type, said in (wishes or {}).items()}
        await self.store.ask(ask.publish_types(self.namespace, schemas, terms))

    async def stand(
        self, queues: Sequence[str], types: Mapping[str, bytes], wishes: Mapping[str, Wishes] | None = None
    ) -> startup.Standing:
        """See that the fleet knows these still, tell it again if not, and what it was before.

        Raises Outdated when a newer gopher has taken the data over meanwhile.
        """
        found = await self.store.ask(startup.standing(self.namespace, queues, list(types)))
        if found.missing_queues:
            self._announced.forget()
            await self.announce(found.missing_queues)
        missing = {type: types[type] for type in found.missing_types}
        await self.publish_types(missing, wishes if missing else None)
        if not found.written or found.schema.minor < OURS.minor:
            await self.store.ask(startup.write_schema(self.namespace, anew=found.written))
        return found

    async def _check_rights(self, nodes: Container[Address]) -> None:
        """Scripts run, and may do what they do. Raises Denied; an old server tells only the first."""
        for node, keys in (await self.one_on_each()).items():
            if node not in nodes:
                continue
            refused = list[str]()
            with suppress(*(_AWAY if self.store.scattered else ())):
                refused = await self.store.run(calls.refused_commands(keys, NEEDED))
            if refused:
                plus = " ".join(f"+{word.lower()}" for word in refused)
                raise Denied(
                    f"Redis at {node} denies our scripts {', '.join(refused)}",
                    f"redis-cli ACL SETUSER NAME {plus} '~{self.namespace}:*'",
                )


def _check_server(node: Address, said: Mapping[str, str], accept_eviction: bool) -> None:
    version = said.get("redis_version", "0")
    if ask.version_of(said) < ask.OLDEST:
        raise BadConfig(
            f"Redis at {node} is version {version}; gopher needs 6.2 or later, or Valkey",
            "unset REDIS_URL to use the embedded server",
        )
    policy = said.get("maxmemory_policy", "noeviction")
    if policy != "noeviction" and not accept_eviction:
        raise BadConfig(
            f"Redis at {node} may throw jobs away when its memory is full (maxmemory-policy {policy})",
            "redis-cli CONFIG SET maxmemory-policy noeviction; or accept it: ACCEPT_EVICTION=yes",
        )
