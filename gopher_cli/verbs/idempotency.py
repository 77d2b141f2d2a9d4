"""Remembering, for a while, what a request that may come again was answered."""

from __future__ import annotations

from gopher_cli.store.asks import idempotency
from gopher_cli.verbs.core import Core


async def claim_reply(core: Core, digest: str, record: bytes, lasts: float) -> bytes:
    """Write this down for a request, for ``lasts`` seconds, unless something is; what is written then."""
    return await core.store.ask(idempotency.claim(core.namespace, digest, record, lasts))


async def keep_reply(core: Core, digest: str, record: bytes) -> None:
    """Write down how a request that was claimed has ended."""
    await core.store.ask(idempotency.conclude(core.namespace, digest, record))
