"""HTTP to addresses that jobs name: no private targets, no redirects, no endless answers."""

from __future__ import annotations

import http.client
import ipaddress
import re
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from gopher_cli.model.job.signals import Discard, Retry

if TYPE_CHECKING:
    from gopher_cli.config import Settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_METHOD = re.compile(r"[A-Z]{1,20}")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OURS = {"host", "content-length", "transfer-encoding", "connection", "expect", "upgrade"}
MAX_PAUSE = 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request, not yet sent."""

    method: str
    url: str
    body: bytes | None = None
    headers: Mapping[str, str]
    timeout: float = 10.0  # for all of it, from connecting to the last byte


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A URL taken apart and found harmless."""

    tls: bool
    host: str
    port: int
    path: str
    shown: str  # for messages: no query, which may hold a token


def private_allowed(settings: Settings) -> bool:
    """Whether jobs may reach this machine and its private network; by default not in production."""
    return {"yes": True, "no": False}.get(settings.webhook_allow_private, not settings.production)


@contextmanager
def exchange(ask: Ask, *, allow_private: bool) -> Iterator[http.client.HTTPResponse]:
    """Send, and give the answer to read within the deadline.

    Raises Discard for a request that can never work, OSError for one that may work later.
    """
    target = read_url(ask.url)
    headers = _headers(ask, target)
    connection = http.client.HTTPConnection(target.host, target.port)
    raw = _connect(_public(target, allow_private=allow_private), ask.timeout)
    with _deadline(raw, target, ask.timeout):
        # The name was resolved once: what was checked is what is spoken to.
        connection.sock = _encrypted(raw, target) if target.tls else raw
        try:
            connection.request(ask.method, target.path, ask.body, headers)
            with connection.getresponse() as response:
                yield response
        except http.client.HTTPException as error:
            raise ConnectionError(f"{target.shown}: {type(error).__name__}") from None
        finally:
            connection.close()


def judge(status: int, retry_after: str | None, shown: str, *, now: float) -> None:
    """Return for 2xx; raise Retry for what may pass, Discard for what will not."""
    if 200 <= status < 300:
        return
    if status in (408, 429) or status >= 500:
        raise Retry(f"{shown} answered {status}", delay=pause_of(retry_after, now=now))
    if 300 <= status < 400:
        raise Discard(f"{shown} answered {status}: redirects are not followed, give the final URL")
    raise Discard(f"{shown} answered {status}")


def pause_of(retry_after: str | None, *, now: float) -> float | None:
    """Seconds of a Retry-After header (a number or a date); None when it says nothing sensible."""
    text = (retry_after or "").strip()
    try:
        wait = float(text) if text.isdecimal() else parsedate_to_datetime(text).timestamp() - now
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(wait, 0.0), MAX_PAUSE)


def read_url(url: str) -> Target:
    """Only http and https, no credentials, nothing that could break a request line."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        host = host if ":" in host else host.encode("idna").decode("ascii")
    except (ValueError, UnicodeError):
        raise Discard("the URL cannot be read") from None
    if parts.scheme not in ("http", "https") or not host:
        raise Discard("the URL has to begin with http:// or https:// and name a host")
    if parts.username is not None or parts.password is not None:
        raise Discard("the URL holds credentials: send them as a header")
    if re.search(r"[\x00-\x20\x7f]", url):
        raise Discard("the URL holds a space or a control character")
    tls = parts.scheme == "https"
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~-._?") if parts.query else ""
    shown = f"{parts.scheme}://{parts.netloc}{path}"
    port = port or (443 if tls else 80)
    return Target(tls=tls, host=host, port=port, path=path + query, shown=shown)


def is_public(address: Address) -> bool:
    """Whether the whole internet may be reached there, seen through every IPv4-in-IPv6 disguise."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.teredo is not None or address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _public(target: Target, *, allow_private: bool) -> list[tuple[str, int]]:
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ConnectionError(f"{target.shown}: the host is not known ({error})") from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    # Any, not all: a name with one public and one private address is a trick.
    if not allow_private and not all(
        is_public(ipaddress.ip_address(address.partition("%")[0])) for address in addresses
    ):
        raise Discard(f"{target.shown} is on a private network: set WEBHOOK_ALLOW_PRIVATE=true to allow it")
    return [(address, target.port) for address in addresses]


def _connect(addresses: list[tuple[str, int]], timeout: float) -> socket.socket:
    last: OSError = ConnectionError("no address")
    for address in addresses[:4]:
        try:
            return socket.create_connection(address, timeout=timeout)
        except OSError as error:
            last = ConnectionError(f"cannot connect to {address[0]}:{address[1]}: {error}")
    raise last


def _encrypted(raw: socket.socket, target: Target) -> socket.socket:
    context = ssl.create_default_context()
    return context.wrap_socket(raw, server_hostname=target.host)


@contextmanager
def _deadline(raw: socket.socket, target: Target, timeout: float) -> Iterator[None]:
    """Cut the line at the deadline: a socket's own time-out starts anew with each byte."""
    late = threading.Event()
    line = raw.dup()  # wrapping in TLS takes the file descriptor away from ``raw``

    def cut() -> None:
        late.set()
        try:
            line.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # the other side was faster

    timer = threading.Timer(timeout, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception as error:
        # The socket's own time-out and the timer may run out together: either may come first.
        if late.is_set() or isinstance(error, TimeoutError):
            raise TimeoutError(_too_slow(target, timeout)) from None
        raise
    finally:
        timer.cancel()
        timer.join()
        line.close()
        raw.close()
    # A body without a length ends with the line: cut off, it would look complete.
    if late.is_set():
        raise TimeoutError(_too_slow(target, timeout))


def _too_slow(target: Target, timeout: float) -> str:
    return f"{target.shown} gave no complete answer within {timeout:g} s"


def _headers(ask: Ask, target: Target) -> dict[str, str]:
    if not _METHOD.fullmatch(ask.method):
        raise Discard(f"{ask.method[:20]!r} is not an HTTP method")
    for name, value in ask.headers.items():
        if not _TOKEN.fullmatch(name) or re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value):
            raise Discard(f"header injection refused: {name[:40]!r}")
        if name.lower() in _OURS:
            raise Discard(f"the header {name} is set by gopher itself")
        if not value.isascii():
            raise Discard(f"the header {name} holds letters that are not ASCII")
    host = f"[{target.host}]" if ":" in target.host else target.host
    usual = target.port == (443 if target.tls else 80)
    base = {"Host": host if usual else f"{host}:{target.port}", "User-Agent": "gopher"}
    return base | {"Accept-Encoding": "identity", "Connection": "close"} | dict(ask.headers)
