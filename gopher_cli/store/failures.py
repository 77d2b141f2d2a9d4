"""What Redis says when it refuses, in gopher's words."""

from __future__ import annotations

import builtins
import re

from redis.exceptions import (
    AuthenticationError,
    ConnectionError,
    NoPermissionError,
    RedisError,
    ResponseError,
    TimeoutError,
)

from gopher_cli.model.errors import BadConfig, BadData, Denied, GopherError, TryLater, Unavailable

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
}

# Where in which of our scripts it happened: nothing to people.
_SCRIPT = re.compile(r",? script: .*$|^ERR Error running script.*?@user_script: ?\d+: ", re.DOTALL)

# redis-py takes the code out of some texts, and makes it a class.
_CODES = {
    "OutOfMemoryError": "OOM ", "ReadOnlyError": "READONLY ", "BusyLoadingError": "LOADING ",
    "MasterDownError": "MASTERDOWN ", "ClusterDownError": "CLUSTERDOWN ", "TryAgainError": "TRYAGAIN ",
}  # fmt: skip


def translate(error: BaseException, address: str) -> GopherError:
    """The error as one of ours. ``address`` is shown to people: it must carry no password."""
    said = _SCRIPT.sub("", str(error)).strip()
    if said.startswith(("NOAUTH", "Authentication required")):
        return Denied(f"Redis at {address} wants a password", "set REDIS_PASSWORD, or put it into REDIS_URL")
    refused = said.startswith("WRONGPASS") or "username-password pair" in said
    if refused or isinstance(error, AuthenticationError):
        return Denied(
            f"Redis at {address} refused the password",
            "set REDIS_PASSWORD, or put it into REDIS_URL",
        )
    if isinstance(error, NoPermissionError) or (isinstance(error, RedisError) and "NOPERM" in said):
        return Denied(f"Redis at {address} denies a right: {said}", "see: redis-cli ACL WHOAMI; ACL GETUSER")
    said = _CODES.get(type(error).__name__, "") + said
    for code, (why, hint) in _REFUSALS.items():
        if said.startswith(code) or (isinstance(error, ResponseError) and f"-{code} " in said):
            return TryLater(f"Redis at {address} refuses: {why}", hint)
    if isinstance(error, (ConnectionError, TimeoutError, OSError)):
        late = isinstance(error, (TimeoutError, builtins.TimeoutError))
        why = "it did not answer in time" if late else _cause(error)
        return Unavailable(f"cannot reach Redis at {address} ({why})", _start_hint(address))
    if "WRONGTYPE" in said:
        return BadData(f"foreign data under our keys at {address}: {said}", "choose another GOPHER_NAMESPACE")
    if "unknown command" in said.lower():
        return BadConfig(
            f"Redis at {address} is too old: {said}", "gopher needs Redis 6.2 or later, or Valkey"
        )
    return BadData(f"Redis at {address} answered: {said}")


def _cause(error: BaseException) -> str:
    said = str(error).lower()
    for word, cause in (
        ("refused", "connection refused"),
        ("connect call failed", "connection refused"),  # several addresses of one name
        ("name or service not known", "no such host"),
        ("no such file", "no socket there"),
        ("timed out", "connection timed out"),
    ):
        if word in said:
            return cause
    return str(error).rstrip(".") or type(error).__name__


def _start_hint(address: str) -> str:
    if address.startswith("unix:"):
        return "see: gopher embedded status; start it with: gopher embedded start"
    return "start it, or unset REDIS_URL to use the embedded server"
