"""Where a client's Redis is, and what its jobs get by default: from a URL, or from the settings."""

from __future__ import annotations

import os
from dataclasses import dataclass

from gopher_cli.config import Settings
from gopher_cli.model.errors import BadConfig
from gopher_cli.model.job.defaults import Defaults
from gopher_cli.store.url import Address, parse_url


@dataclass(frozen=True, slots=True)
class Connection:
    """What a client needs to know before it talks to Redis. ``timeout`` in seconds."""

    address: Address
    timeout: float
    namespace: str
    defaults: Defaults


def resolve(
    url: str | None = None,
    *,
    namespace: str = "",
    defaults: Defaults | None = None,
    settings: Settings | None = None,
    start: bool = True,
) -> Connection:
    """What is not given here is as the settings say, which are those of the environment if none are given.

    ``start`` as in `address_of`. Raises BadConfig, Unavailable.
    """
    settings = settings or Settings.resolve(os.environ)
    address = parse_url(url) if url else None
    if address is None or address.kind == "embedded":
        address = address_of(settings, start=start)
    return Connection(
        address, settings.redis_timeout, namespace or settings.namespace, defaults or defaults_of(settings)
    )


def address_of(settings: Settings, *, start: bool = True) -> Address:
    """Where Redis is; starts the embedded server when nobody said. Raises Unavailable, BadConfig."""
    address = settings.address()
    if address is not None and address.kind != "embedded":
        return address
    from gopher_cli.embedded import server  # late: most clients have a server of their own

    if start and address is None and os.environ.get("GOPHER_JOB_ID"):
        raise _unreachable_from_here()
    find = server.ensure if start else server.where
    return find(settings.home, address.path if address else "default")


def _unreachable_from_here() -> BadConfig:
    """In a program that a worker runs: a server of its own would take jobs that no worker ever sees."""
    return BadConfig(
        "inside of a job (GOPHER_JOB_ID is set) no server is started, and nobody says where Redis is",
        "set GOPHER_JOB_REDIS=yes for the worker whose address has a password, or REDIS_URL for this command",
    )


_DEFAULTS = {
    "queue": "queue", "max_retries": "max_retries", "timeout": "job_timeout", "backoff": "backoff",
    "retention": "result_retention", "max_losses": "max_losses", "lease": "lease", "durability": "durability",
    "timezone": "schedule_timezone",
}  # fmt: skip


def defaults_of(settings: Settings) -> Defaults:
    """Those that somebody has set, also to what they would be anyway; a program may set them, too."""
    unset, given = Defaults(), {}
    for name, setting in _DEFAULTS.items():
        value = getattr(settings, setting)
        if setting in settings.origins or value != getattr(unset, name):
            given[name] = value
    return Defaults(**given)
