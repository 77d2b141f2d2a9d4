"""Scripts whose effect must be safe before they count: on disk, or with replicas.

WAIT and WAITAOF tell of what this very connection has written. So they follow the script on its connection,
and behind a write of their own: a submit that is sent again writes nothing, and must not be taken for safe
because of that.

Some servers say too early in WAITAOF that the disk has it. So only its "no" is believed, and the disk is
watched as well (see disk). Each write of ours notes how far the server's clock has come, for those who come
later. What remains unseen, under everysec: a clock that went back before anybody has noted it in this queue,
yet not behind the last snapshot or the start of the server.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from gopher_cli.model.errors import TooMuch, Unconfirmed
from gopher_cli.model.job.durability import Durability
from gopher_cli.store.asks.ask import Command, info
from gopher_cli.store.calls.call import Call
from gopher_cli.store.errors.refusal import Refusal
from gopher_cli.store.routing.disk import LOOK, Clocks, Disk, DiskWatch, hindrance, read_disk
from gopher_cli.store.routing.redirects import Parcel, deliver, run_calls
from gopher_cli.store.routing.routes import Pause, Route, Talk

_SHARE = 0.8  # of the time-out
_AT_LEAST = 2.5  # seconds that a disk is given
_REPLICAS: tuple[Command, ...] = (("INFO", "replication"),)


class Durably:
    """Runs Calls of one store. What a lone server can give is asked once, and again when it did not."""

    def __init__(self, timeout: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._timeout = timeout
        self._wait = timeout * _SHARE
        self._disk_wait = max(self._wait, _AT_LEAST)
        self._given: set[Durability] = set()
        self._clocks = Clocks(clock)

    def run(self, route: Route, call: Call[Any], durability: Durability) -> Talk[Any]:
        """The answer to the script. Raises BadConfig before it is run where the level cannot be had, and
        Unconfirmed where it was not reached in time: the jobs are stored then, and may be submitted again
        under the same ids."""
        if route.scattered or durability not in self._given:
            yield from self._check(route, call, durability)
            self._given.add(durability)
        safely = self._with_replicas if durability.replicas else self._on_disk
        answer, missing = yield from safely(route, call, durability)
        if missing:
            self._given.discard(durability)  # by now it may be another server, or set otherwise
            raise Unconfirmed(
                f"stored, but not {durability}: {missing}",
                "submit it again under the same id: nothing is stored twice",
            )
        return answer

    def _check(self, route: Route, call: Call[Any], durability: Durability) -> Talk[None]:
        """Raises TooMuch where this level cannot be had."""
        look = _REPLICAS if durability.replicas else (*LOOK, ("HGET", _conf(call), "synced"))
        (answers,) = yield from deliver(route, [Parcel(call.keys[0], look)])
        if isinstance(answers[0], Refusal):
            raise answers[0]
        if durability.replicas:
            return _check_replicas(durability, answers[0])
        *seen, note = answers
        disk = read_disk(seen)
        self._clocks.read(note)
        self._clocks.is_back(disk)
        if cannot := hindrance(log=disk.log, policy=disk.policy):
            why, what = cannot
            raise TooMuch(
                f"fsync cannot be given: this server {why}",
                f"redis-cli {what}; or submit with --durability memory",
            )

    def _with_replicas(self, route: Route, call: Call[Any], durability: Durability) -> Talk[tuple[Any, str]]:
        """What the script answered, and why too few replicas have it; "" when enough have."""
        replicas, wait = durability.replicas, round(self._wait * 1000)
        closing = (("HSET", _conf(call), "replicated", "1"), ("WAIT", replicas, wait))
        ((answer, *rest),) = yield from run_calls(route, [call], closing, self._timeout + self._wait)
        if isinstance(answer, Refusal):
            return answer, ""
        missing = _refused(rest)  # a mark that was not written proves nothing
        if not missing and int(rest[1]) < replicas:
            missing = f"only {rest[1]} of {replicas} replicas confirmed it within {self._wait:g} s"
        return answer, missing

    def _on_disk(self, route: Route, call: Call[Any], _: Durability) -> Talk[tuple[Any, str]]:
        """What the script answered, and why it is not on the disk; "" when it is."""
        wait = self._disk_wait
        mark: Command = ("HSET", _conf(call), "synced", self._clocks.note())
        closing = (mark, ("WAITAOF", 1, 0, round(wait * 1000)), *LOOK)
        ((answer, *said),) = yield from run_calls(route, [call], closing, self._timeout + wait)
        if isinstance(answer, Refusal):
            return answer, ""
        marked, synced, *told = said
        if refused := _refused([marked, *told]):
            return answer, refused
        sure = isinstance(synced, list)  # else this server cannot say, or not to us
        first, watch = read_disk(told), DiskWatch(self._clocks, sure=sure)
        watch.doubt = watch.doubts(first)
        if sure and not int(synced[0]):
            return answer, self._late(watch)
        if first.log and first.policy == "always" and not first.spares and not watch.doubt:
            return answer, ""  # it was synced before it was answered
        return answer, (yield from self._not_synced(route, call.keys[0], mark, first, watch))

    def _not_synced(self, route: Route, key: str, mark: Command, first: Disk, watch: DiskWatch) -> Talk[str]:
        waited, commands = 0.0, (mark, *LOOK) if first.policy == "always" else LOOK
        while waited < self._disk_wait:
            waited += watch.pause
            yield Pause(watch.pause)
            (answers,) = yield from deliver(route, [Parcel(key, commands)])
            if refused := _refused(answers):
                return refused
            now = read_disk(answers[-len(LOOK) :])
            if now.server != first.server:
                return "another server has taken over"
            if not now.log or now.policy != first.policy or hindrance(log=True, policy=now.policy):
                return f"its appendonly and appendfsync are {'yes' if now.log else 'no'} and {now.policy} now"
            if watch.sees(now):
                return ""
        return self._late(watch)

    def _late(self, watch: DiskWatch) -> str:
        message = f"the disk has not confirmed it within {self._disk_wait:g} s"
        return f"{message}: {watch.doubt}" if watch.doubt else message


def _conf(call: Call[Any]) -> str:
    return call.keys[call.script.keys.index("conf")]


def _refused(answers: Sequence[Any]) -> str:
    return next((f"Redis answered {answer}" for answer in answers if isinstance(answer, Refusal)), "")


def _check_replicas(durability: Durability, answer: Any) -> None:
    attached = int(info().answer([answer]).get("connected_slaves", "0"))
    if attached < durability.replicas:
        raise TooMuch(
            f"{durability} cannot be given: {attached} of {durability.replicas} replicas are attached",
            "attach one, or submit with --durability fsync or memory",
        )
