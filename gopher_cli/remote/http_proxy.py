"""The HTTP proxy on the way to an API: as curl and others are told of it, by variables of the environment."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from gopher_cli.model.errors import BadConfig


class Proxy(NamedTuple):
    """``shown`` is its address without a password; ``login`` is empty, or the header that lets us pass."""

    host: str
    port: int
    shown: str
    login: Mapping[str, str]


def proxy_of(url: str, environ: Mapping[str, str]) -> Proxy | None:
    """What HTTPS_PROXY (or HTTP_PROXY, ALL_PROXY) and NO_PROXY say for this address; None is the direct way.

    Small letters win over capitals. This machine is never behind a proxy. Raises BadConfig for an address
    that is not that of an HTTP proxy.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", _port(parts, 443 if parts.scheme == "https" else 80)
    name, address = _variable(f"{parts.scheme}_proxy", environ) or _variable("all_proxy", environ) or ("", "")
    if not address or _is_here(host) or _is_excepted(host, port, environ):
        return None
    return _parsed(address, name)


def _variable(name: str, environ: Mapping[str, str]) -> tuple[str, str] | None:
    # A CGI program has HTTP_PROXY from a header of a stranger's request.
    names = (name,) if name == "http_proxy" and "REQUEST_METHOD" in environ else (name, name.upper())
    return next(((known, environ[known].strip()) for known in names if environ.get(known, "").strip()), None)


def _parsed(address: str, name: str) -> Proxy:
    parts = urlsplit(address if "://" in address else f"http://{address}")
    port = _port(parts, 80)
    if parts.scheme != "http" or not parts.hostname or not port:
        raise BadConfig(
            f"{name} is not the address of an HTTP proxy", "such as http://proxy.example.com:3128"
        )
    login = {}
    if parts.username is not None:
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        login["Proxy-Authorization"] = f"Basic {base64.b64encode(user.encode()).decode()}"
    return Proxy(parts.hostname, port, f"http://{parts.hostname}:{port}", login)


def _port(parts: SplitResult, otherwise: int) -> int:
    """0 for one that does not exist."""
    try:
        return otherwise if parts.port is None else parts.port
    except ValueError:
        return 0


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_excepted(host: str, port: int, environ: Mapping[str, str]) -> bool:
    """NO_PROXY: hosts with all below them, addresses and networks, each perhaps with a port; * is all."""
    _, text = _variable("no_proxy", environ) or ("", "")
    return any(_fits(part.strip().lower(), host, port) for part in text.replace(" ", ",").split(",") if part)


def _fits(pattern: str, host: str, port: int) -> bool:
    try:
        return ip_address(host) in ip_network(pattern.strip("[]"), strict=False)
    except ValueError:
        name, _, number = pattern.rpartition(":")
        if number.isdecimal() and int(number) != port:
            return False
        name = (name if number.isdecimal() else pattern).strip("[]").removeprefix("*").lstrip(".")
        return pattern == "*" or host == name or (bool(name) and host.endswith(f".{name}"))
