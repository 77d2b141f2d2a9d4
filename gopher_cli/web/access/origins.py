"""What a browser may be made to do here by a page that is not ours: nothing."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from gopher_cli.web.problems import Problem

_HOST = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(:[0-9]*)?")
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_ORIGINS = (b"origin", b"sec-fetch-site")


# What watchdogs ask for, and what tells a stranger nothing.
_PROBES = {"/livez", "/readyz", "/healthz", "/health"}


class OwnNames:
    """Answers this machine's own names only, and ``host``, as long as the server asks for no key.

    A web page can make a browser believe that its own name is 127.0.0.1, and then ask us for
    anything; the name that the browser sends gives it away. A browser always sends one: probes of load
    balancers, which speak HTTP/1.0, do not.
    """

    def __init__(self, host: str, asks: Callable[[], Awaitable[bool]]) -> None:
        self._host = host.strip("[]").lower()
        self._asks = asks

    async def __call__(self, scope: Scope) -> Problem | None:
        hosts = tuple(value for name, value in scope["headers"] if name == b"host")
        if self._ours(hosts) or (not hosts and _is_probe(scope)) or await self._asks():
            return None
        return self._wrong_name()

    def _wrong_name(self) -> Problem:
        return Problem(
            421,
            "without an API key this server answers to the names of this machine only",
            hint="call it http://localhost, or make a key: gopher keys create, or API_KEY",
            headers={"Connection": "close"},
        )

    def _ours(self, hosts: tuple[bytes, ...]) -> bool:
        names = [_name_of(host) for host in hosts]
        return bool(names) and all(name in ("localhost", self._host) or _is_here(name) for name in names)


def _is_probe(scope: Scope) -> bool:
    return scope["path"].removeprefix(scope["root_path"]) in _PROBES


class SameOrigin:
    """Refuses what a page of another site has made a browser send, and that could change something.

    A page cannot set a key's header without asking first: what carries one is no browser's mistake.
    """

    def __init__(self, friends: Collection[str] = ()) -> None:
        self._friends = frozenset(friends)

    async def __call__(self, scope: Scope) -> Problem | None:
        if scope["method"] in SAFE_METHODS or not _by_browser(scope):
            return None
        headers = Headers(scope=scope)
        if has_key(headers) or comes_from_here(headers, friends=self._friends):
            return None
        return Problem(
            403,
            "a page of another site has sent this",
            hint="send it from here, or list that site: SERVER_CORS_ORIGINS",
            headers={"Connection": "close"},
        )


def _by_browser(scope: Scope) -> bool:
    """Whether it may come from a page: a program says nothing of where it comes from."""
    return any(name in _ORIGINS for name, _ in scope["headers"])


def has_key(headers: Headers) -> bool:
    """Whether a request brings a key, right or wrong."""
    return bool(headers.get("x-api-key")) or headers.get("authorization", "")[:7].lower() == "bearer "


def comes_from_here(headers: Headers, *, friends: Collection[str] = (), sure: bool = False) -> bool:
    """Whether no other site's page has made this request. ``sure``: who does not say is not believed.

    Browsers say it with everything that is not a GET; programs do not say it at all.
    """
    origin = headers.get("origin", "").lower()
    if origin and origin in friends:
        return True
    if site := headers.get("sec-fetch-site", ""):
        return site in ("same-origin", "none")
    if not origin:
        return not sure
    try:
        return bool(urlsplit(origin).netloc) and urlsplit(origin).netloc == headers.get("host", "").lower()
    except ValueError:
        return False


# Asked with every request, mostly of the same few names.
@lru_cache(maxsize=256)
def _name_of(host: bytes) -> str:
    match = _HOST.fullmatch(host.decode("latin-1").strip().lower())
    return match[1].strip("[]") if match else ""


@lru_cache(maxsize=256)
def _is_here(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
