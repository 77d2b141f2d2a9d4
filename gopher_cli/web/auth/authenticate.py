"""The authenticator: who is calling, and whether they may.

A key comes as X-API-KEY or as a Bearer token, never in an address; a session comes as a cookie. A server
without keys lets every caller in. As a rule no request waits for Redis here.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Awaitable

from starlette.requests import Request

from gopher_cli.config import Settings
from gopher_cli.gopher import Gopher
from gopher_cli.model.access.api_keys import EXPIRED, LIVE, digest_of, id_of
from gopher_cli.model.access.scopes import ANYBODY, ROLES, Caller
from gopher_cli.model.errors import GopherError
from gopher_cli.model.text.rate import Rate, parse_rate
from gopher_cli.web.auth import rate_limits, sessions
from gopher_cli.web.auth.addresses import Addresses
from gopher_cli.web.auth.key_cache import KeyCache
from gopher_cli.web.auth.tokens import Tokens, WrongToken
from gopher_cli.web.server.problems import OTHER_KEY, Problem

_ENVIRONMENT = Caller(name="API_KEY", scopes=ROLES["admin"], via="environment")
_NOBODY = digest_of("")
_LONG = 16  # characters; who tries a thousand a second finds no key of this length
_HINT = "send it as X-API-KEY: ..., or as Authorization: Bearer ..."


class _WrongKey(Problem):
    """A key or a token that opens nothing: a guess, perhaps."""


class Authenticator:
    """One for each application. ``exposed``: it is reached from other machines."""

    def __init__(self, settings: Settings, *, exposed: bool = False) -> None:
        self.addresses = Addresses(settings.trusted_proxies)
        self.metrics_open = settings.metrics_open == "yes"
        self._auth, self._exposed = settings.auth, exposed
        self._own = digest_of(settings.api_key) if settings.api_key else ""
        self._guessable = len(settings.api_key) < _LONG
        self._tokens = Tokens.of(settings)
        self._limits = rate_limits.Limits(parse_rate(settings.api_rate) if settings.api_rate else None)
        self._key_cache: KeyCache | None = None

    def attach(self, gopher: Gopher) -> None:
        """Take the keys from here. Until then only those of the settings are known."""
        self._key_cache = KeyCache(gopher)

    async def close(self) -> None:
        if self._key_cache:
            await self._key_cache.close()

    @property
    def key_cache(self) -> KeyCache:
        assert self._key_cache, "the application has not started"
        return self._key_cache

    async def asks(self) -> bool:
        """Whether a key is needed here. Raises Unavailable when nobody can tell."""
        if self._auth in ("open", "open-to-everyone"):
            return False
        if self._own or self._tokens or self._exposed or self._auth == "required":
            return True
        return bool(await self.key_cache.keys())

    async def surely_asks(self) -> bool:
        """The same; where nobody can tell, it may be open."""
        try:
            return await self.asks()
        except GopherError:  # whoever comes in is asked again
            return False

    async def let_in(self, request: Request) -> Caller:
        """Who sends this request; it counts. Raises Problem 401, or 429 for who tries too often."""
        caller = await self._counted(self.sender_of(request), request)
        self._note_use(caller)
        self._limits.count(caller, self._rate_of(caller), self.addresses.of(request))
        return caller

    async def sender_of(self, request: Request) -> Caller:
        """Who sends this request, or has sent it and still waits: nothing is counted. Raises Problem 401."""
        given, has_cookie = _given(request)
        if len(given) > 1:
            raise _stranger("there are two different keys in this request", "send one of them")
        if given:
            return await self._holder_of(given[0])
        if has_cookie and (caller := await self._of_session(request)):
            return caller
        if await self.asks():
            raise _stranger("an API key is needed", _HINT)
        return ANYBODY

    async def owner_of(self, secret: str, request: Request) -> Caller:
        """Whose key this is; a wrong one counts. Raises Problem 401, or 429 for who has guessed too often."""
        owner = await self._counted(self._owner_of(secret), request)
        self._note_use(owner)
        return owner

    def _note_use(self, caller: Caller) -> None:
        """Of a key, and of whoever is signed in with one."""
        if caller.via in ("key", "session") and caller.key_id:
            self.key_cache.note_use(caller.key_id)

    async def _counted(self, looking: Awaitable[Caller], request: Request) -> Caller:
        try:
            caller = await looking
        except _WrongKey:
            self._limits.failed(self.addresses.of(request))
            raise
        if self._guessable and caller is _ENVIRONMENT:  # a right guess must not be told from a wrong one
            self._limits.may_try(self.addresses.of(request))
        return caller

    async def _holder_of(self, text: str) -> Caller:
        if self._tokens and not self._is_own(text) and self._tokens.looks_like_one(text):
            try:
                return await self._tokens.caller(text)
            except WrongToken as wrong:
                raise _stranger(str(wrong), "get a new token", _WrongKey) from None
        return await self._owner_of(text)

    async def _owner_of(self, secret: str) -> Caller:
        if self._is_own(secret):
            return _ENVIRONMENT
        cached = (await self.key_cache.keys()).get(id_of(secret))
        right = hmac.compare_digest(digest_of(secret), cached.digest if cached else _NOBODY)
        if cached and right and (state := cached.key.info.state(_now())) == LIVE:
            return cached.caller
        detail = "this key is not known"
        if cached and right:
            detail = "this key has expired" if state == EXPIRED else "this key was revoked"
        raise _stranger(detail, OTHER_KEY, _WrongKey)

    def _is_own(self, secret: str) -> bool:
        return bool(self._own) and hmac.compare_digest(digest_of(secret), self._own)

    async def _of_session(self, request: Request) -> Caller | None:
        """Nobody, for a cookie that is too old, not ours, signed out, or of a key that opens nothing now."""
        if not sessions.has_cookie(request.cookies):
            return None
        seal = await self.key_cache.seal()
        cookie = sessions.cookie_in(request, seal)
        key_id = sessions.claimed(cookie)
        if not key_id:
            return None
        if key_id == "environment":
            caller, digest = _ENVIRONMENT, self._own
        else:
            cached = (await self.key_cache.keys()).get(key_id)
            if not cached or cached.key.info.state(_now()) != LIVE:
                return None
            caller, digest = cached.caller, cached.digest
        session = sessions.proved(seal, cookie, digest) if digest else None
        if session is None or not self.key_cache.counts(session):
            return None
        request.state.session = session
        return Caller(name=caller.name, scopes=caller.scopes, via="session", key_id=caller.key_id)

    def lock_of(self, caller: Caller) -> tuple[str, str]:
        """What a session of this caller hangs on: the id of a key, and its digest."""
        if caller.key_id:
            cached = self.key_cache.cached(caller.key_id)
            return caller.key_id, cached.digest if cached else ""
        return "environment", self._own

    def _rate_of(self, caller: Caller) -> Rate | None:
        cached = self.key_cache.cached(caller.key_id) if caller.key_id else None
        return cached.rate if cached else None


def _given(request: Request) -> tuple[list[str], bool]:
    """The different keys that a request brings (it should be one at most), and whether it has a cookie."""
    given, has_cookie = [], False
    for name, value in request.scope["headers"]:  # one look at each: this is on the way of every submit
        if name == b"x-api-key":
            given.append(value.decode("utf-8", "surrogateescape"))
        elif name == b"authorization":  # what another scheme says is not for us
            kind, _, text = value.decode("utf-8", "surrogateescape").partition(" ")
            given.append(text.strip() if kind.lower() == "bearer" else "")
        elif name == b"cookie":
            has_cookie = True
    return list(dict.fromkeys(filter(None, given))), has_cookie


def _stranger(detail: str, hint: str, kind: type[Problem] = Problem) -> Problem:
    return kind(401, detail, hint=hint, headers={"WWW-Authenticate": 'Bearer realm="gopher", ApiKey'})


def _now() -> int:
    return time.time_ns() // 1_000_000
