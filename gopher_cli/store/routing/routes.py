"""Where a key lives: on a lone server, or with the owner of its slot. (For masters see sentinels.)

No I/O: a route asks by yielding what is to be sent, and is sent the answers. So the same code finds its
way from asyncio, from threads and from the plain socket of short commands.
"""

from __future__ import annotations

import binascii
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from gopher_cli.store.errors.refusal import Refusal
from gopher_cli.store.url import Address

T = TypeVar("T")
SLOTS = 16384
PATIENCE = 1.0  # seconds for one that only tells the way
_QUICK: tuple[float, ...] = (0.0,)
# 2 s: most fail-overs that were asked for, and every step of a migration, are over then.
PATIENT: tuple[float, ...] = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.5)
# A demoted master lets those go who wait; the others mean that it cannot serve right now.
PASSING = ("LOADING", "MASTERDOWN", "UNBLOCKED")


@dataclass(frozen=True, slots=True)
class Send:
    """Commands for one server, to be sent together. ``patience`` (s) where it is another than usual."""

    node: Address
    commands: Sequence[Sequence[Any]]
    patience: float | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    seconds: float


# Yields steps; is sent the answers to a Send, or thrown the OSError or Refusal that became of it.
Talk = Generator[Send | Pause, Any, T]


class Route(Protocol):
    """``pauses``: how long to wait before each new try. ``scattered``: keys live on several servers.
    ``lone`` is the only server that there ever is; ``sentinels`` are those who tell of the master."""

    pauses: tuple[float, ...]
    scattered: bool

    @property
    def lone(self) -> Address | None: ...

    @property
    def sentinels(self) -> Sequence[Address]: ...

    def locate(self, keys: Sequence[str]) -> Talk[list[Address]]: ...

    def masters(self) -> Talk[list[Address]]:
        """Every server that has a part of the keys."""

    def lost(self, node: Address | None = None) -> None:
        """A server did not answer."""

    def heed(self, refusal: Refusal) -> bool:
        """Whether to try again after this, perhaps elsewhere."""


class Single:
    pauses, scattered = _QUICK, False
    sentinels: Sequence[Address] = ()

    def __init__(self, address: Address) -> None:
        self.lone = address

    def locate(self, keys: Sequence[str]) -> Talk[list[Address]]:
        return [self.lone] * len(keys)
        yield

    def masters(self) -> Talk[list[Address]]:
        return [self.lone]
        yield

    def lost(self, node: Address | None = None) -> None:
        return

    def heed(self, refusal: Refusal) -> bool:
        return False


class Cluster:
    """Every slot has an owner. Who that is changes: by fail-over, and when slots are moved."""

    pauses, scattered, lone = PATIENT, True, None
    sentinels: Sequence[Address] = ()

    def __init__(self, address: Address) -> None:
        self._node = replace(address, kind="standalone", hosts=())
        self._given = [self._at(host, port) for host, port in address.hosts]
        self._seeds = self._given
        self._owners: list[Address | None] = [None] * SLOTS
        self._known = False

    def _at(self, host: str, port: int) -> Address:
        return replace(self._node, hosts=((host, port),))

    def locate(self, keys: Sequence[str]) -> Talk[list[Address]]:
        if not self._known:
            yield from self._learn()
        owners = [self._owners[slot_of(key)] for key in keys]
        if None in owners:
            self._known = False
            raise Refusal("CLUSTERDOWN Hash slot not served")
        return [owner for owner in owners if owner is not None]

    def masters(self) -> Talk[list[Address]]:
        """As somebody tells it just now."""
        yield from self._learn()
        return list(dict.fromkeys(owner for owner in self._owners if owner is not None))

    def _learn(self) -> Talk[None]:
        """The whole map, from whoever tells it; each time another node is asked first."""
        why: Exception = ConnectionError("no node of the cluster answers")
        seeds = self._seeds = [*self._seeds[1:], self._seeds[0]]
        for node in seeds:
            try:
                (ranges,) = yield Send(node, [("CLUSTER", "SLOTS")], PATIENCE)
            except OSError as error:
                why = error
                self.lost(node)
                continue
            if isinstance(ranges, Refusal):
                why = ranges
                continue
            self._draw(ranges, node.hosts[0][0])
            return
        raise why

    def _draw(self, ranges: Sequence[Any], asked: str) -> None:
        """A node that does not know its own name lives where we asked."""
        owners: list[Address | None] = [None] * SLOTS
        nodes: dict[Address, None] = {}
        for first, last, *those in ranges:
            mine = [self._at(_host(host) or asked, port) for host, port, *_ in those]
            owners[first : last + 1] = mine[:1] * (last - first + 1)
            nodes |= dict.fromkeys(mine)
        # Nodes that have left are asked no more; those that people have named always are.
        seeds = [node for node in self._seeds if node in nodes or node in self._given]
        self._seeds = [*seeds, *(node for node in nodes if node not in seeds)]
        self._owners, self._known = owners, True

    def lost(self, node: Address | None = None) -> None:
        """The map may be wrong; who did not answer is asked for the new one last."""
        self._known = False
        if node is not None:
            self._seeds = sorted(self._seeds, key=node.__eq__)

    def heed(self, refusal: Refusal) -> bool:
        if refusal.code == "MOVED":
            _, slot, place = str(refusal).split(" ")[:3]
            self._owners[int(slot)] = self.asked_at(place)
            return True
        if refusal.code in ("CLUSTERDOWN", *PASSING):
            self._known = False
            return True
        return refusal.code in ("TRYAGAIN", "ASK")

    def asked_at(self, place: str) -> Address:
        """The node of ``host:port`` as MOVED and ASK name it."""
        host, _, port = place.rpartition(":")
        return self._at(_host(host) or self._seeds[0].hosts[0][0], int(port))


def _host(name: str | bytes | None) -> str:
    """The name of a node, if it knows one."""
    known = name.decode() if isinstance(name, bytes) else name or ""
    return "" if known == "?" else known


def slot_of(key: str) -> int:
    """The slot of a key, as the specification of Redis Cluster has it: CRC16 of what its braces hold."""
    _, brace, rest = key.partition("{")
    tag, closing, _ = rest.partition("}")
    return binascii.crc_hqx((tag if brace and closing and tag else key).encode(), 0) % SLOTS
