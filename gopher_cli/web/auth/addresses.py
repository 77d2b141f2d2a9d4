"""Where a request comes from, and what it called us: as we see it, or as a proxy that we trust says it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.requests import Request

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address
_PORT_AT_THE_END = re.compile(r":[0-9]+$")
# An IPv6 address has a port only in brackets: without them nobody could tell the two apart.
_WITH_PORT = re.compile(r"\[([^\[\]]+)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5}")


class Addresses:
    """``trusted`` are the networks of TRUSTED_PROXIES: nobody else is believed."""

    def __init__(self, trusted: str = "") -> None:
        self._trusted: Sequence[Network] = [ip_network(part) for part in trusted.split(",") if part]

    def of(self, request: Request) -> str:
        """The address of the client, as text; nothing for a client that has none."""
        peer = peer_of(request)
        if not self.trusts_peer(request):
            return peer
        # From the right: each trusted proxy has added whom it has seen itself.
        for hop in reversed(",".join(request.headers.getlist("x-forwarded-for")).split(",")):
            address = _read(hop.strip())
            if address is None:
                break
            peer = str(address)
            if not self._trusts(address):
                break
        return peer

    def is_secure(self, request: Request) -> bool:
        """Whether the client speaks https, with us or with a trusted proxy before us."""
        if request.url.scheme == "https":
            return True
        if not self.trusts_peer(request):
            return False
        return request.headers.get("x-forwarded-proto", "").rpartition(",")[2].strip().lower() == "https"

    def hosts_of(self, request: Request) -> list[str]:
        """The names, with ports, by which the client may have called us; the likeliest first, never none.

        Proxies tell the port in X-Forwarded-Host, apart, or not at all.
        """
        host, port = request.headers.get("host", ""), ""
        if self.trusts_peer(request):
            host = forwarded_host(request) or host
            port = request.headers.get("x-forwarded-port", "").partition(",")[0].strip()
        is_bare = port.isdigit() and not _PORT_AT_THE_END.search(host)
        return [host, f"{host}:{port}"] if is_bare else [host]

    def origin_of(self, request: Request) -> str:
        """The scheme and the host by which the client calls us, as an address begins."""
        return f"http{'s' if self.is_secure(request) else ''}://{self.hosts_of(request)[0]}"

    def trusts_peer(self, request: Request) -> bool:
        """Whether it comes straight from one of the trusted proxies."""
        return bool(self._trusted) and self._trusts(_read(peer_of(request)))

    def _trusts(self, address: Address | None) -> bool:
        return address is not None and any(
            address.version == network.version and address in network for network in self._trusted
        )


def peer_of(request: Request) -> str:
    """The address of who is connected with us; empty where there is none."""
    return request.client.host if request.client else ""


def forwarded_host(request: Request) -> str:
    """What the first proxy was called, if it says so; nobody is asked whether it may be believed."""
    return request.headers.get("x-forwarded-host", "").partition(",")[0].strip()


def neighbourhood(address: str) -> str:
    """Whose patience is counted: of IPv6 a /64, for one client has all of it."""
    ip = _read(address)
    if isinstance(ip, IPv6Address):
        return str(ip_network((int(ip) >> 64 << 64, 64)))
    return address


def _read(text: str) -> Address | None:
    """An address, alone or with a port, as some proxies write it; None for what is not one."""
    if match := _WITH_PORT.fullmatch(text):
        text = match[1] or match[2]
    try:
        ip = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(ip, "ipv4_mapped", None) or ip
