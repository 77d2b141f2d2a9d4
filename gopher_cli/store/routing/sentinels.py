"""One master, whichever the sentinels say it is.

A master that was replaced may not know it, and answer for ten seconds more: all that it is told then is
lost. So the sentinels are asked again every second, and an election that we have heard of is not undone by
a sentinel that has not. No I/O (see routing).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from gopher_cli.store.errors.refusal import Refusal
from gopher_cli.store.routing.routes import PASSING, PATIENCE, PATIENT, Send, Talk
from gopher_cli.store.url import Address

_AGAIN = 1.0  # seconds until the sentinels are asked again
_SETTLED = 5.0  # seconds for which most sentinels must name the same, where an older election is told of
_GLANCE = 0.3  # seconds for one that is asked again: we have a master to work with


class Named(NamedTuple):
    """A master, and in which election it was chosen."""

    node: Address
    epoch: int


class Sentinels:
    pauses, scattered, lone = PATIENT, False, None

    def __init__(self, address: Address, clock: Callable[[], float] = time.monotonic) -> None:
        options = dict(address.options)
        watchman = replace(
            address, kind="standalone", master="", db=0,
            username=options.get("sentinel_username", ""), password=options.get("sentinel_password", ""),
        )  # fmt: skip
        self._name, self._clock = address.master, clock
        self._node = replace(address, kind="standalone", master="")
        self.sentinels: Sequence[Address] = [replace(watchman, hosts=(host,)) for host in address.hosts]
        self._master: Address | None = None
        self._epoch, self._asked = -1, 0.0
        self._older: tuple[Named, float] | None = None  # whom most name of late, and since when

    def locate(self, keys: Sequence[str]) -> Talk[list[Address]]:
        if self._master is not None and self._clock() - self._asked >= _AGAIN:
            yield from self._ask_again()
        master = self._master
        if master is None:
            named = yield from self._ask_for_the_master()
            self._master, self._epoch, self._asked = *named, self._clock()
            master = named.node
        return [master] * len(keys)

    def masters(self) -> Talk[list[Address]]:
        return (yield from self.locate([""]))

    def _ask_again(self) -> Talk[None]:
        """One sentinel, each time the next that answers; a later election than ours is looked into."""
        self._asked = self._clock()
        sentinel = self.sentinels[0]
        try:
            named = yield from self._named_by(sentinel, _GLANCE)
        except (OSError, Refusal):
            named = None
        if named is None:
            self.sentinels = sorted(self.sentinels, key=sentinel.__eq__)  # one assignment: threads share it
        elif named.epoch >= self._epoch and named.node != self._master:
            self._master = None

    def _ask_for_the_master(self) -> Talk[Named]:
        """The first that also says so of itself: sentinels can be behind.

        That a sentinel knows no such master counts for more than that another is down, and for less
        than what became of the master that a third has named.
        """
        silent: Exception | None = None
        unknown: Exception | None = None
        wrong: Exception | None = None
        older: list[Named] = []
        for sentinel in self.sentinels:
            try:
                named = yield from self._named_by(sentinel, PATIENCE)
            except OSError as error:
                silent = error
                continue
            except Refusal as refusal:
                unknown = refusal
                continue
            no_master = yield from _is_no_master(named.node)
            if no_master is not None:
                wrong = no_master
            elif named.epoch < self._epoch:
                older.append(named)
            else:
                self.sentinels = sorted(self.sentinels, key=sentinel.__ne__)
                return named
        if (anew := self._begun_anew(older)) is not None:
            return anew
        raise wrong or unknown or silent or Refusal("READONLY the sentinels have not heard of the new master")

    def _begun_anew(self, older: Sequence[Named]) -> Named | None:
        """Whom sentinels name that count from 0 again: all of them, or most of them for a while."""
        named = max(older, key=older.count, default=None)
        if named is None or 2 * older.count(named) <= len(self.sentinels):
            self._older = None
        elif older.count(named) == len(self.sentinels):
            return named
        elif self._older is None or self._older[0] != named:
            self._older = named, self._clock()
        elif self._clock() - self._older[1] >= _SETTLED:
            return named
        return None

    def _named_by(self, sentinel: Address, patience: float) -> Talk[Named]:
        """Raises OSError, or a Refusal: NOMASTER for a name that it does not know."""
        asking = [("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._name), ("SENTINEL", "MASTER", self._name)]
        where, about = yield Send(sentinel, asking, patience)
        if where is None or isinstance(where, Refusal):
            raise where or Refusal(f"NOMASTER {self._name}")
        node = replace(self._node, hosts=((where[0].decode(), int(where[1])),))
        if isinstance(about, Refusal):  # it may not tell of elections
            return Named(node, self._epoch)
        return Named(node, int(about[about.index(b"config-epoch") + 1]))

    def lost(self, node: Address | None = None) -> None:
        self._master = None

    def heed(self, refusal: Refusal) -> bool:
        if refusal.code in ("READONLY", *PASSING):
            self._master = None
            return True
        return False


def _is_no_master(node: Address) -> Talk[Exception | None]:
    """Why this one cannot be the master, if it cannot."""
    try:
        (role,) = yield Send(node, [("ROLE",)], PATIENCE)
    except OSError as error:
        return error
    if isinstance(role, Refusal) or role[0] == b"master":  # it may not tell: then the sentinel is believed
        return None
    return Refusal("READONLY the sentinels name a replica as the master")
