"""What a browser may be made to do here by a page that is not ours: nothing."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Scope

from gopher_cli.model.text.safe import safe
from gopher_cli.web.auth.addresses import Addresses, forwarded_host, peer_of
from gopher_cli.web.server.problems import Problem

_HOST = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(:[0-9]*)?")
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_ORIGINS = (b"origin", b"sec-fetch-site")
_PORTS = {"http": 80, "https": 443}


# What watchdogs ask for, and what tells a stranger nothing. From HTTP/1.1 on a request without Host is wrong.
_LIVES, _PROBES = "/livez", {"/readyz", "/healthz", "/health"}


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
        if self._ours(hosts) or (not hosts and _is_probe(scope)) or _is_style(scope) or await self._asks():
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


def _is_style(scope: Scope) -> bool:
    """What the page that says so is dressed with; it is the same on every server."""
    return str(scope["path"]).startswith(f"{scope['root_path']}/static/")


def _is_probe(scope: Scope) -> bool:
    path = scope["path"].removeprefix(scope["root_path"])
    return path == _LIVES or (path in _PROBES and scope["http_version"] == "1.0")


class SameOrigin:
    """Refuses what a page of another site has made a browser send, and that could change something.

    A page cannot set a key's header without asking first: what carries one is not a browser's mistake.
    """

    def __init__(self, addresses: Addresses, friends: Collection[str] = ()) -> None:
        self._addresses, self._friends = addresses, frozenset(friends)

    async def __call__(self, scope: Scope) -> Problem | None:
        if scope["method"] in SAFE_METHODS or not _by_browser(scope):
            return None
        request = Request(scope)
        if has_key(request.headers):
            return None
        return foreign_page(request, self._addresses, friends=self._friends)


def _by_browser(scope: Scope) -> bool:
    """Whether it may come from a page: a program says nothing of where it comes from."""
    return any(name in _ORIGINS for name, _ in scope["headers"])


def has_key(headers: Headers) -> bool:
    """Whether a request brings a key, right or wrong."""
    return bool(headers.get("x-api-key")) or headers.get("authorization", "")[:7].lower() == "bearer "


def foreign_page(
    request: Request, addresses: Addresses, *, friends: Collection[str] = (), sure: bool = False
) -> Problem | None:
    """Why this may have been sent by a page of another site; None where it was not.

    Browsers say where a page is from with everything that is not a GET; programs do not say it at all.
    ``friends`` are the origins of pages that may call us. ``sure``: who does not say it is not believed.
    """
    origin = request.headers.get("origin", "").lower()
    if origin and origin in friends:
        return None
    if site := request.headers.get("sec-fetch-site", ""):
        return (
            None if site in ("same-origin", "none") else _refusal(f"a page of another site ({site})", _SITES)
        )
    if not origin:
        return _refusal("a page that does not say where it is from", _UNSAID) if sure else None
    hosts = addresses.hosts_of(request)
    if any(_is_at(origin, host) for host in hosts):
        return None
    detail = (
        f"a page of {safe(origin)[:200]}, and that is not what this server was called: {safe(hosts[0])[:200]}"
    )
    return _refusal(detail, _proxy_hint(request, addresses, origin))


_SITES = "send it from a page of this server; a site in SERVER_CORS_ORIGINS may call the API, with a key"
_UNSAID = (
    "a proxy must pass Origin and Sec-Fetch-Site on; a program sends an API key (X-API-KEY), not a cookie"
)


def _refusal(detail: str, hint: str) -> Problem:
    return Problem(403, f"this was sent by {detail}", hint=hint, headers={"Connection": "close"})


def _proxy_hint(request: Request, addresses: Addresses, origin: str) -> str:
    """What to set, where a proxy stands between: it may have said the right name, and was not believed."""
    if origin == "null":
        return (
            "the browser hides the page's address (Referrer-Policy, or a sandbox): open it in its own window"
        )
    if _is_at(origin, forwarded_host(request)) and not addresses.trusts_peer(request):
        return f"X-Forwarded-Host has the right name: add the proxy to TRUSTED_PROXIES ({peer_of(request)})"
    return (
        "if a proxy stands before this server, let it pass the name on"
        f" (nginx: proxy_set_header Host $http_host; see docs/proxies.md); if it is another site: {_SITES}"
    )


def _is_at(origin: str, host: str) -> bool:
    """Whether a page of this origin is one of this host. A port that goes without saying may be said."""
    try:
        page, ours = urlsplit(origin), urlsplit(f"//{host.lower()}")
        usual = _PORTS.get(page.scheme)
        return (page.hostname, page.port or usual) == (ours.hostname, ours.port or usual) and bool(
            page.hostname
        )
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
