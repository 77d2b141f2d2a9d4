"""The key cache: what Redis knows of keys and sessions, read at most once a second for all requests."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from contextlib import suppress

from gopher_cli.gopher import Gopher
from gopher_cli.model.access.api_keys import ApiKey
from gopher_cli.model.access.scopes import Caller
from gopher_cli.model.errors import GopherError, Unavailable
from gopher_cli.model.text.rate import Rate, parse_rate
from gopher_cli.web.auth.sessions import Session, is_over
from gopher_cli.web.server.problems import soon

FRESH = 0.8  # seconds; whoever is revoked is out within one
LASTS = 60.0  # seconds that the last table counts while Redis is away
_PATIENCE = 0.4  # seconds for Redis to say who was revoked: the request itself has to wait for it too
_NOTED = 60.0  # seconds between two notes of one key's use
_log = logging.getLogger("gopher.web")


class CachedKey:
    """A key as it is cached: what its holder may do is worked out once."""

    def __init__(self, key: ApiKey) -> None:
        self.key = key
        self.digest = key.digest
        info = key.info
        self.caller = Caller(name=info.name, scopes=frozenset(info.scopes), via="key", key_id=info.id)
        self.rate: Rate | None = None
        with suppress(ValueError):
            self.rate = parse_rate(info.rate) if info.rate else None


class KeyCache:
    def __init__(self, gopher: Gopher) -> None:
        self._gopher = gopher
        self._keys: Mapping[str, CachedKey] = {}
        self._seal = ""
        self._signed_out: Mapping[str, int] = {}
        self._read_at = self._tried_at = float("-inf")
        self._failed = False
        self._reading: asyncio.Task[None] | None = None
        self._noted: dict[str, float] = {}
        self._notes: set[asyncio.Task[None]] = set()

    async def keys(self) -> Mapping[str, CachedKey]:
        """Every key by its id, the dead ones too. Raises Unavailable when nothing lately read counts."""
        await self._refresh()
        return self._keys

    def cached(self, id: str) -> CachedKey | None:
        """This key, as it was when keys were last looked at."""
        return self._keys.get(id)

    async def seal(self, *, make: bool = False) -> str:
        """The secret of sessions; empty when nobody has ever signed in, unless it is to be made."""
        await self._refresh()
        if make or not self._seal:  # another server may just have made one, or another one
            await self.anew()
        if make and not self._seal:
            self._seal = await soon(self._gopher.session_secret())
        return self._seal

    def counts(self, session: Session) -> bool:
        """Whether nobody had signed it out when keys were last looked at."""
        return not is_over(session, self._signed_out)

    async def sign_out(self, session: Session) -> None:
        """End it, here at once and within a second on every other server. Raises Unavailable."""
        await soon(self._gopher.sign_out(session.id, session.key_id, session.ends))
        self._signed_out = {**self._signed_out, session.id: session.ends}
        await self.anew()

    async def anew(self) -> None:
        """Read again now: something was changed here, which a reading on its way may not have seen."""
        await self._await_reading()
        self._begin()
        await self._await_reading()

    async def _refresh(self) -> None:
        age = time.monotonic() - self._read_at
        if age < FRESH / 2:
            return
        if self._failed and time.monotonic() - self._tried_at < 1.0:
            pass  # it was away just now
        else:
            self._begin()
            # Who comes in time waits for nobody; and when Redis hangs one wait was enough.
            if age >= LASTS:
                await self._await_reading()
            elif age >= FRESH and not self._failed:
                await self._await_reading(_PATIENCE)
        if time.monotonic() - self._read_at >= LASTS:
            raise Unavailable("the API keys cannot be read")

    def _begin(self) -> None:
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())

    async def _await_reading(self, seconds: float | None = None) -> None:
        if self._reading is not None:
            await asyncio.wait({self._reading}, timeout=seconds)

    async def _read(self) -> None:
        began = time.monotonic()
        try:
            keys, self._seal, self._signed_out = await soon(self._gopher.access_table())
        except GopherError as error:
            if not self._failed:
                _log.warning("the API keys cannot be read: %s", error)
            self._failed, self._tried_at = True, time.monotonic()
            return
        cached = self._keys
        self._keys = {
            id: cached[id] if id in cached and cached[id].key == key else CachedKey(key)
            for id, key in keys.items()
        }
        self._failed, self._read_at = False, began

    def note_use(self, id: str) -> None:
        """Remember that a key was used; Redis hears of it at most once a minute."""
        now = time.monotonic()
        if now - self._noted.get(id, float("-inf")) < _NOTED:
            return
        self._noted[id] = now
        task = asyncio.create_task(self._note(id))
        self._notes.add(task)
        task.add_done_callback(self._notes.discard)

    async def _note(self, id: str) -> None:
        with suppress(GopherError):  # it is nothing that a request should fail for
            await soon(self._gopher.note_key_uses({id: time.time_ns() // 1_000_000}))

    async def close(self) -> None:
        """Let what is on its way arrive."""
        left = [*self._notes, *([self._reading] if self._reading else [])]
        await asyncio.gather(*left, return_exceptions=True)
