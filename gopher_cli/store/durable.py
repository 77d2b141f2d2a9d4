"""Scripts whose effect must be safe before they count: on disk, or with replicas.

WAIT tells of replicas, and speaks of what this very connection has written. So it follows the script on its
connection, and behind a write of their own: a submit that is sent again writes nothing, and must not be
taken for safe because of that. WAITAOF should tell of the disk, and some servers say it too early. So the
disk is watched: when a sync has begun after our bytes were written, and has ended, they are safe.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from gopher_cli.model.durability import Durability
from gopher_cli.model.errors import BadConfig, Unconfirmed
from gopher_cli.store.ask import Command, info
from gopher_cli.store.calls.base import Call
from gopher_cli.store.delivery import Parcel, deliver, run_calls
from gopher_cli.store.refusal import Refusal
from gopher_cli.store.routing import Pause, Route, Talk

_SHARE = 0.8  # of the time-out
_TURN = 0.02  # seconds: the server has turned to its files meanwhile
_SYNC = 1.2  # seconds: with everysec a sync has begun meanwhile
_AT_LEAST = 2.5  # seconds that a disk is given
_LOOK: tuple[Command, ...] = (("INFO",), ("CONFIG", "GET", "appendfsync"))


class Disk(NamedTuple):
    """What a server says of its files. ``idle``: no sync is under way; ``written``: nothing is held back."""

    server: str
    log: bool
    policy: str
    idle: bool
    written: bool


class Durably:
    """Runs Calls of one store. What its servers can give is asked once, and again when they did not."""

    def __init__(self, timeout: float) -> None:
        self._wait = timeout * _SHARE
        self._patience = timeout + self._wait  # Redis may take its time over this
        self._given: set[Durability] = set()

    def run(self, route: Route, call: Call[Any], durability: Durability) -> Talk[Any]:
        """The answer to the script. Raises BadConfig before it is run where the level cannot be had, and
        Unconfirmed where it was not reached in time: the jobs are stored then, and may be submitted again
        under the same ids."""
        key = call.keys[0]
        if durability not in self._given:
            ((said, fsync),) = yield from deliver(route, [Parcel(key, _LOOK)])
            _check(durability, said, fsync)
            self._given.add(durability)
        mark: Command = ("HSET", call.keys[call.script.keys.index("conf")], "synced", "1")
        waiting = (("WAIT", durability.replicas, round(self._wait * 1000)),) if durability.replicas else _LOOK
        ((answer, *told),) = yield from run_calls(route, [call], (mark, *waiting), self._patience)
        if isinstance(answer, Refusal):
            return answer
        missing = _refused(told)  # a mark that was not written proves nothing
        if not missing and durability.replicas:
            missing = self._few(durability, int(told[1]))
        elif not missing:
            missing = yield from self._not_synced(route, key, _disk(*told[1:]))
        if missing:
            self._given.discard(durability)  # by now it may be another server, or set otherwise
            raise Unconfirmed(
                f"stored, but not {durability}: {missing}",
                "submit it again under the same id: nothing is stored twice",
            )
        return answer

    def _few(self, durability: Durability, reached: int) -> str:
        if reached >= durability.replicas:
            return ""
        return f"only {reached} of {durability.replicas} replicas confirmed it within {self._wait:g} s"

    def _not_synced(self, route: Route, key: str, first: Disk) -> Talk[str]:
        """Why it is not on the disk; "" when it is.

        Three looks: all is written and no sync under way; then one has begun; and then it has ended.
        """
        if first.log and first.policy == "always":
            return ""  # it was synced before it was answered
        most, waited, seen, now = max(self._wait, _AT_LEAST), 0.0, 0, first
        while waited < most:
            pause = _SYNC if seen == 1 and now.idle else _TURN
            yield Pause(pause)
            waited += pause
            (told,) = yield from deliver(route, [Parcel(key, _LOOK)])
            if refused := _refused(told):
                return refused
            now = _disk(*told)
            if now.server != first.server:
                return "another server has taken over"
            if not now.log or now.policy != "everysec":
                return f"its appendonly and appendfsync are {'yes' if now.log else 'no'} and {now.policy} now"
            seen += now.idle and (now.written or seen > 0)
            if seen == 3:
                return ""
        return f"the disk has not confirmed it within {most:g} s"


def _refused(told: Sequence[Any]) -> str:
    return next((f"Redis answered {said}" for said in told if isinstance(said, Refusal)), "")


def _disk(said: Any, fsync: Any) -> Disk:
    known = info().answer([said])
    fine = known.get("aof_last_write_status", "ok") == "ok"
    return Disk(
        known.get("run_id", ""),
        known.get("aof_enabled") == "1",
        fsync[1].decode() if isinstance(fsync, list) and len(fsync) > 1 else "",
        idle=fine and known.get("aof_pending_bio_fsync", "0") == "0",
        written=known.get("aof_buffer_length", "0") == "0",
    )


def _check(durability: Durability, said: Any, fsync: Any) -> None:
    """Raises BadConfig where this level cannot be had."""
    if isinstance(said, Refusal):
        raise said
    if durability.replicas:
        attached = int(info().answer([said]).get("connected_slaves", "0"))
        if attached < durability.replicas:
            raise BadConfig(
                f"{durability} cannot be given: {attached} of {durability.replicas} replicas are attached",
                "attach one, or submit with --durability fsync or memory",
            )
        return
    disk = _disk(said, fsync)
    if not disk.log:
        raise BadConfig(
            "fsync cannot be given: this server writes no append-only file",
            "redis-cli CONFIG SET appendonly yes; or submit with --durability memory",
        )
    if disk.policy not in ("always", "everysec"):
        why = "syncs its disk when the system likes" if disk.policy else "does not tell how it syncs its disk"
        what = "CONFIG SET appendfsync everysec" if disk.policy else "ACL SETUSER <user> +config|get"
        raise BadConfig(
            f"fsync cannot be given: this server {why}",
            f"redis-cli {what}; or submit with --durability memory",
        )
