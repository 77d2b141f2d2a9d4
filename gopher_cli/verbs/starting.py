"""Whether a worker or a server may work here: at its start, and as long as it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gopher_cli.model.errors import BadConfig, Denied
from gopher_cli.store import ask, calls, standing
from gopher_cli.store.schema_version import OURS
from gopher_cli.verbs.base import Base

# Of these a script of ours needs each, sooner or later: better to hear it at the start.
_NEEDED = (
    "HSET", "HDEL", "HGET", "HMGET", "HKEYS", "HLEN", "HEXISTS", "HINCRBY", "ZADD", "ZREM", "ZRANGE",
    "ZRANGEBYSCORE", "ZSCORE", "ZMSCORE", "ZCARD", "ZRANK", "ZINCRBY", "RPUSH", "LLEN", "EXISTS",
)  # fmt: skip


class Starting(Base):
    async def check(self, *, accept_eviction: bool = False, thorough: bool = False) -> None:
        """Raises BadConfig when this server must not be used: too old, free to throw jobs away, or with
        data of another major version of gopher (Outdated).

        One round trip. ``thorough``, for those who stay: also BadConfig for a namespace that is
        somebody else's, and Denied where a right is missing.
        """
        said, written = await self.store.ask(standing.first_look(self.namespace))
        self._check_server(said, accept_eviction)
        if thorough:
            await self._check_rights()
            if not written and not await self.store.ask(standing.is_used(self.namespace)):
                await self._refuse_foreign_keys()

    async def _refuse_foreign_keys(self) -> None:
        """Before we write our first key: as far as a hundred looks reach."""
        cursor = 0
        for _ in range(100):
            cursor, foreign = await self.store.ask(standing.foreign_keys(self.namespace, cursor))
            if foreign:
                raise BadConfig(
                    f"Redis at {self.store.address} holds data under {self.namespace}: that is not "
                    f"gopher's, such as {foreign[0]!r}",
                    "choose another prefix (GOPHER_NAMESPACE=jobs), or another database",
                )
            if not cursor:
                return

    async def publish_types(self, schemas: Mapping[str, bytes]) -> None:
        """Make the payload schemas of a worker's types known to those who submit."""
        await self.store.ask(ask.publish_types(self.namespace, schemas))

    async def stand(self, queues: Sequence[str], types: Mapping[str, bytes]) -> standing.Standing:
        """See that the fleet knows these still, tell it again if not, and what it was before.

        Raises Outdated when a newer gopher has taken the data over meanwhile.
        """
        found = await self.store.ask(standing.standing(self.namespace, queues, list(types)))
        if found.missing_queues:
            self._announced.forget()
            await self.announce(found.missing_queues)
        await self.publish_types({type: types[type] for type in found.missing_types})
        if not found.written or found.schema.minor < OURS.minor:
            await self.store.ask(standing.write_schema(self.namespace, anew=found.written))
        return found

    def _check_server(self, said: Mapping[str, str], accept_eviction: bool) -> None:
        version = said.get("redis_version", "0")
        if tuple(int(part) for part in version.split(".")[:2] if part.isdecimal()) < (6, 2):
            raise BadConfig(
                f"Redis at {self.store.address} is version {version}; gopher needs 6.2 or later, or Valkey",
                "unset REDIS_URL to use the embedded server",
            )
        policy = said.get("maxmemory_policy", "noeviction")
        if policy != "noeviction" and not accept_eviction:
            raise BadConfig(
                f"Redis at {self.store.address} may throw jobs away when its memory is full "
                f"(maxmemory-policy {policy})",
                "redis-cli CONFIG SET maxmemory-policy noeviction; or accept it: ACCEPT_EVICTION=yes",
            )

    async def _check_rights(self) -> None:
        """Scripts run, and may do what they do. Raises Denied; an old server tells only the first."""
        refused = await self.store.run(calls.rights(self.keys(self.defaults.queue), _NEEDED))
        if refused:
            plus = " ".join(f"+{word.lower()}" for word in refused)
            raise Denied(
                f"Redis at {self.store.address} denies our scripts {', '.join(refused)}",
                f"redis-cli ACL SETUSER NAME {plus} '~{self.namespace}:*'",
            )
