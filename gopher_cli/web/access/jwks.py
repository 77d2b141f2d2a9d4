"""The published keys of an issuer (JWKS): fetched from one address that we were given, and kept."""

from __future__ import annotations

import asyncio
import http.client
import logging
import ssl
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from gopher_cli.model.errors import Unavailable

FLOOR = 30.0  # seconds between two fetches, whatever tokens say
FRESH = 600.0  # seconds, then it is looked whether keys were withdrawn
TIMEOUT = 5.0
_MOST = 1024 * 1024
_log = logging.getLogger("gopher.web")


class KeySet:
    """The keys by their ids. What was fetched once counts until something newer can be."""

    def __init__(self, url: str, algorithm: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._url, self._algorithm, self._clock = url, algorithm, clock
        self._keys: Mapping[str, Any] = {}
        self._tried_at = self._read_at = float("-inf")
        self._one_at_a_time = asyncio.Lock()

    async def key(self, id: str) -> Any:
        """The key of this id, or the only one where a token names none; None when nobody knows it.

        An id that is new is looked for once. Raises Unavailable where no keys could be fetched at all.
        """
        if self._clock() - self._read_at > FRESH or self._find(id) is None:
            await self._refresh()
        if self._read_at == float("-inf"):
            raise Unavailable("the keys of the issuer of tokens cannot be fetched")
        return self._find(id)

    def _find(self, id: str) -> Any:
        if id:
            return self._keys.get(id)
        return next(iter(self._keys.values())) if len(self._keys) == 1 else None

    async def _refresh(self) -> None:
        async with self._one_at_a_time:
            if self._clock() - self._tried_at < FLOOR:
                return
            self._tried_at = self._clock()
            try:
                raw = await asyncio.to_thread(fetch, self._url)
                self._keys = _read(raw, self._algorithm)
            except (OSError, http.client.HTTPException, ValueError) as error:
                _log.warning("the keys at JWT_JWKS_URL cannot be fetched: %s", error)
                return
            self._read_at = self._clock()


def fetch(url: str) -> bytes:
    """No redirects: the address is the one that was chosen. Raises OSError, HTTPException, ValueError."""
    parts = urlsplit(url)
    assert parts.hostname
    line: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        line = http.client.HTTPSConnection(parts.hostname, parts.port, timeout=TIMEOUT, context=context)
    else:
        line = http.client.HTTPConnection(parts.hostname, parts.port, timeout=TIMEOUT)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        line.request("GET", path, headers={"Accept": "application/json"})
        answer = line.getresponse()
        if answer.status != 200:
            raise ValueError(f"it answers {answer.status}")
        raw = answer.read(_MOST + 1)
    finally:
        line.close()
    if len(raw) > _MOST:
        raise ValueError("it is larger than 1 MB")
    return raw


def _read(raw: bytes, algorithm: str) -> dict[str, Any]:
    """The keys that can check our algorithm. Raises ValueError for what is no JWKS."""
    import jwt

    try:
        found = msgspec.json.decode(raw, type=_Set).keys
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"it is no JWKS: {error}") from None
    keys: dict[str, Any] = {}
    for one in found:
        if (
            one.get("use", "sig") != "sig"
            or one.get("alg", algorithm) != algorithm
            or one.get("kty") == "oct"
        ):
            continue
        try:
            keys[str(one.get("kid", ""))] = jwt.PyJWK(one, algorithm).key
        except (jwt.PyJWTError, ValueError, TypeError):
            continue  # a key of another kind
    return keys


class _Set(msgspec.Struct):
    keys: list[dict[str, Any]]
