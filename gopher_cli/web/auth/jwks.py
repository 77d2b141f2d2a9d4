"""The published keys of an issuer (JWKS): fetched from one address that we were given, and kept."""

from __future__ import annotations

import asyncio
import http.client
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import msgspec

from gopher_cli.model.errors import Unavailable

FLOOR = 30.0  # seconds between two fetches, whatever tokens say
FRESH = 600.0  # seconds, then it is looked whether keys were withdrawn
STALE = 2 * FRESH  # then a token would rather wait a moment: nobody has come for long
TIMEOUT = 5.0  # seconds that a whole fetch may take
_PATIENCE = 0.5
_MOST = 1024 * 1024
_log = logging.getLogger("gopher.web")


class KeySet:
    """The keys by their ids. What was fetched once counts until something newer can be."""

    def __init__(self, url: str, algorithm: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._url, self._algorithm, self._clock = url, algorithm, clock
        self._keys: Mapping[str, Any] = {}
        self._tried_at = self._read_at = float("-inf")
        self._failed = False
        self._fetching: asyncio.Task[None] | None = None

    async def key(self, id: str) -> Any:
        """The key of this id, or the only one where a token names none; None when nobody knows it.

        A key that is known is answered at once, while it is looked behind it whether it still counts. An id
        that is new is looked for once. Raises Unavailable where no keys could be fetched at all.
        """
        age, key = self._clock() - self._read_at, self._find(id)
        if age > FRESH or key is None:
            self._begin()
        if key is None:
            await self._await_fetch()
        elif age > STALE and not self._failed:
            await self._await_fetch(_PATIENCE)
        if self._read_at == float("-inf"):
            raise Unavailable("the keys of the issuer of tokens cannot be fetched")
        return self._find(id)

    def _find(self, id: str) -> Any:
        if id:
            return self._keys.get(id)
        return next(iter(self._keys.values())) if len(self._keys) == 1 else None

    def _begin(self) -> None:
        """One fetch at a time, whoever waits for it."""
        is_under_way = self._fetching is not None and not self._fetching.done()
        if not is_under_way and self._clock() - self._tried_at >= FLOOR:
            self._tried_at = self._clock()
            self._fetching = asyncio.create_task(self._fetch())

    async def _await_fetch(self, seconds: float | None = None) -> None:
        """Who goes away takes it from nobody: `asyncio.wait` lets the task live."""
        if self._fetching is not None:
            await asyncio.wait({self._fetching}, timeout=seconds)

    async def _fetch(self) -> None:
        try:
            raw = await asyncio.to_thread(fetch, self._url)
            self._keys = _read(raw, self._algorithm)
        except (OSError, http.client.HTTPException, ValueError) as error:
            _log.warning("the keys at JWT_JWKS_URL cannot be fetched: %s", error)
            self._failed = True
            return
        self._failed, self._read_at = False, self._clock()


def fetch(url: str, seconds: float = TIMEOUT) -> bytes:
    """No redirects: the address is the one that was chosen. Raises OSError, HTTPException, ValueError.

    A server that sends a byte now and then is cut off when the time is over.
    """
    until = time.monotonic() + seconds
    line = _line_to(url, seconds)
    try:
        line.connect()
        cut = threading.Timer(max(0.0, until - time.monotonic()), _cut, [line.sock])
        cut.daemon = True
        cut.start()
        try:
            return _exchange(line, url)
        finally:
            cut.cancel()
            if time.monotonic() >= until:  # whatever was read of a connection that was cut
                raise TimeoutError("it takes too long")
    finally:
        line.close()


def _line_to(url: str, seconds: float) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    assert parts.hostname
    if parts.scheme != "https":
        return http.client.HTTPConnection(parts.hostname, parts.port, timeout=seconds)
    context = ssl.create_default_context()
    return http.client.HTTPSConnection(parts.hostname, parts.port, timeout=seconds, context=context)


def _cut(line: socket.socket) -> None:
    """The whole connection, and not its encryption alone: nothing may be read as plain text behind that."""
    with suppress(OSError):
        socket.socket.shutdown(line, socket.SHUT_RDWR)


def _exchange(line: http.client.HTTPConnection, url: str) -> bytes:
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    line.request("GET", path, headers={"Accept": "application/json"})
    answer = line.getresponse()
    if answer.status != 200:
        raise ValueError(f"it answers {answer.status}")
    raw = answer.read(_MOST + 1)
    if len(raw) > _MOST:
        raise ValueError("it is larger than 1 MB")
    return raw


def _read(raw: bytes, algorithm: str) -> dict[str, Any]:
    """The keys that can check our algorithm. Raises ValueError for what is not a JWKS."""
    import jwt

    try:
        found = msgspec.json.decode(raw, type=_Set).keys
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"it is not a JWKS: {error}") from None
    keys: dict[str, Any] = {}
    for jwk in found:
        if (
            jwk.get("use", "sig") != "sig"
            or jwk.get("alg", algorithm) != algorithm
            or jwk.get("kty") == "oct"
        ):
            continue
        try:
            keys[str(jwk.get("kid", ""))] = jwt.PyJWK(jwk, algorithm).key
        except (jwt.PyJWTError, ValueError, TypeError):
            continue  # a key of another kind
    return keys


class _Set(msgspec.Struct):
    keys: list[dict[str, Any]]
