"""What Redis says when it refuses, in gopher's words."""

from __future__ import annotations

import re
from typing import Any

from gopher_cli.model.errors import (
    BadConfig,
    BadData,
    Denied,
    GopherError,
    MemoryFull,
    TryLater,
    Unavailable,
)
from gopher_cli.store.errors import unreachable
from gopher_cli.store.errors.refusal import Refusal
from gopher_cli.store.url import Address

_REFUSALS = {
    "OOM": (
        "its memory is full (maxmemory)",
        "free some: gopher purge --state completed; or raise maxmemory",
    ),
    "MISCONF": ("it cannot save to its disk", "see its log and free disk space"),
    "READONLY": ("it is a read-only replica", "point REDIS_URL at the primary"),
    "LOADING": ("it is still loading its data", "wait a moment and try again"),
    "BUSY": ("it is busy with a long script", "wait, or end that script: redis-cli SCRIPT KILL"),
    "NOREPLICAS": ("too few replicas are attached", "see its replicas, or min-replicas-to-write"),
    "CLUSTERDOWN": ("the cluster is down", "see: redis-cli CLUSTER INFO"),
    "MASTERDOWN": ("its link to the primary is down", "see: redis-cli INFO replication"),
    "TRYAGAIN": ("slots are on the move", "try again"),
    "MOVED": ("slots are on the move", "try again"),
    "ASK": ("slots are on the move", "try again"),
    "ERR max number of clients": (
        "it has as many clients as it may have (maxclients)",
        "close some: redis-cli CLIENT LIST; or raise it: redis-cli CONFIG SET maxclients 10000",
    ),
    "UNBLOCKED": ("it has become a replica", "try again"),
}

# Where in which of our scripts it happened: nothing to people.
_SCRIPT = re.compile(r",? script: .*$|^ERR Error running script.*?@user_script: ?\d+: ", re.DOTALL)

_NAME = re.compile(r"unknown command [`'\"]?([A-Za-z]+)", re.IGNORECASE)


def checked(raw: Any, address: Address) -> Any:
    """An answer, if it is one. Raises what `translate` makes of a Refusal."""
    if isinstance(raw, Refusal):
        raise translate(raw, str(address)) from raw
    return raw


def translate(error: Refusal | OSError, address: str) -> GopherError:
    """The error as one of ours. ``address`` is shown to people: it must carry no password."""
    if isinstance(error, OSError):
        cause, why = unreachable.cause_of(error)
        return Unavailable(f"cannot reach Redis at {address} ({why})", unreachable.hint(address, cause))
    message = _SCRIPT.sub("", str(error)).strip()
    if error.code == "NOAUTH":
        return Denied(f"Redis at {address} wants a password", "set REDIS_PASSWORD, or put it into REDIS_URL")
    if error.code == "WRONGPASS":
        return Denied(
            f"Redis at {address} refused the password",
            "set REDIS_PASSWORD, or put it into REDIS_URL",
        )
    if "NOPERM" in message:
        return Denied(
            f"Redis at {address} denies a right: {message}", "see: redis-cli ACL WHOAMI; ACL GETUSER"
        )
    if "ACL failure" in str(error):
        return Denied(f"Redis at {address} denies a right that our scripts need", "see which: gopher doctor")
    if (misled := _wrong_kind(error, message, address)) is not None:
        return misled
    for code, (why, hint) in _REFUSALS.items():
        if message.startswith(code) or f"-{code} " in message:
            kind = MemoryFull if code == "OOM" else TryLater
            return kind(f"Redis at {address} refuses: {why}", hint)
    if error.code == "NOMASTER":
        name = message.partition(" ")[2]
        return BadConfig(
            f"the sentinels at {address} know no master {name!r}", "see: redis-cli -p 26379 SENTINEL MASTERS"
        )
    if "WRONGTYPE" in message:
        return BadData(
            f"foreign data under our keys at {address}: {message}", "choose another GOPHER_NAMESPACE"
        )
    if "unknown command" in message.lower():
        name = match[1] if (match := _NAME.search(message)) else "a command of our scripts"
        return BadConfig(
            f"Redis at {address} does not know {name}: too old, a sentinel, or it has another name for it",
            "gopher needs Redis 6.2 or later, or Valkey; sentinels: redis+sentinel://host:26379/master",
        )
    return BadData(f"Redis at {address} answered: {message}")


def _wrong_kind(error: Refusal, message: str, address: str) -> BadConfig | None:
    """One node of a cluster was taken for the whole, or a lone server for a cluster."""
    scheme, _, place = address.partition("://")
    if error.code in ("MOVED", "ASK", "CROSSSLOT") and "+cluster" not in scheme:
        whole = f"{scheme}+cluster://{re.sub('/[0-9]+$', '', place)}" if "+" not in scheme else ""
        return BadConfig(
            f"Redis at {address} is one node of a cluster",
            f"point REDIS_URL at the cluster: {whole or 'redis+cluster://host:port'}",
        )
    if "unknown command" in message.lower() and "'sentinel'" in message.lower():
        return BadConfig(
            f"Redis at {address} is not a sentinel", "name the sentinels: redis+sentinel://host:26379/master"
        )
    if "cluster support disabled" in message:
        return BadConfig(
            f"Redis at {address} is not a cluster",
            f"point REDIS_URL at the server: {scheme.replace('+cluster', '')}://{place.partition(',')[0]}",
        )
    return None
