"""Where Redis is: one parser for every URL that gopher takes, and the address it becomes.

    redis://[user:password@]host[:6379][/db]       the same as valkey://
    rediss://…                                     with TLS; the same as valkeys://
    unix:///path/to.sock[?db=1]                    redis+unix:// and a bare /path are the same
    redis+cluster://h1:7000,h2:7001                any of the nodes; rediss+cluster:// uses TLS
    redis+sentinel://h1,h2:26379/master[/db]       the sentinels, and the name of the master
    embedded://[name]                              the server that gopher starts by itself
    host:port                                      short for redis://host:port

Pure: no connection is made here. Errors never show a password.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Literal, NoReturn

from gopher_cli.model.errors import BadConfig

Kind = Literal["standalone", "cluster", "sentinel", "unix", "embedded"]

_BASES = {"redis": False, "valkey": False, "rediss": True, "valkeys": True}
_SCHEMES: dict[str, tuple[Kind, bool]] = {
    **{base: ("standalone", tls) for base, tls in _BASES.items()},
    **{f"{base}+cluster": ("cluster", tls) for base, tls in _BASES.items()},
    **{f"{base}+sentinel": ("sentinel", tls) for base, tls in _BASES.items()},
    "unix": ("unix", False),
    "redis+unix": ("unix", False),
    "valkey+unix": ("unix", False),
    "embedded": ("embedded", False),
}
_PORTS = {"sentinel": 26379}
OPTIONS = (
    "db", "username", "password", "sentinel_username", "sentinel_password",
    "ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname",
)  # fmt: skip
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9._-]{0,252})")
_IPV6 = re.compile(r"[0-9A-Fa-f:.]{2,45}(%[A-Za-z0-9_.-]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A place where Redis answers. ``str(address)`` is safe to print; the password is not in it."""

    kind: Kind
    hosts: tuple[tuple[str, int], ...] = ()
    path: str = ""  # of the unix socket; for embedded: the name of the server
    db: int = 0
    username: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    master: str = ""
    options: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def __hash__(self) -> int:  # asked for with every command: of a few fields
        return hash((self.hosts, self.path))

    def __str__(self) -> str:
        scheme = {"standalone": "", "unix": "unix"}.get(self.kind, self.kind)
        if self.kind in ("standalone", "cluster", "sentinel"):
            scheme = ("rediss" if self.tls else "redis") + (f"+{scheme}" if scheme else "")
        secret = ":***" if self.password else ""
        user = f"{self.username}{secret}@" if self.username or secret else ""
        where = ",".join(f"[{h}]:{p}" if ":" in h else f"{h}:{p}" for h, p in self.hosts)
        tail = f"/{self.master}" if self.master else ""
        if self.db:
            tail += f"?db={self.db}" if self.kind == "unix" else f"/{self.db}"
        return f"{scheme}://{user}{where}{self.path}{tail}"


def has_secret(address: Address) -> bool:
    return bool(address.password) or any(name.endswith("password") for name, _ in address.options)


def parse_url(text: str, *, username: str = "", password: str = "", db: int | None = None) -> Address:
    """Read a URL; ``username``, ``password`` and ``db`` count where the URL itself says nothing.

    Raises BadConfig, with the URL masked, when it makes no sense.
    """
    url = _Url(text.strip())
    kind, tls = url.kind()
    url.split()
    if kind == "embedded":
        return Address(kind=kind, path=_embedded_name(url))
    address = _unix(url, db) if kind == "unix" else _networked(url, kind, db)
    return replace(
        address,
        tls=tls,
        username=url.username or username,
        password=url.password or password,
        options=tuple(sorted(url.options.items())),
    )


def _unix(url: _Url, db: int | None) -> Address:
    if url.authority:
        url.refuse("a socket needs three slashes: unix:///path")
    return Address(kind="unix", path="/" + url.path, db=url.db("", db))


def _networked(url: _Url, kind: Kind, db: int | None) -> Address:
    hosts = url.hosts(_PORTS.get(kind, 6379))
    master, _, tail = url.path.rstrip("/").partition("/") if kind == "sentinel" else ("", "", url.path)
    if kind == "sentinel" and not master:
        url.refuse("it lacks the name of the master: redis+sentinel://h1,h2/mymaster")
    number = url.db(tail.rstrip("/"), db)
    if kind == "cluster" and number:
        url.refuse("a cluster has database 0 only")
    if kind == "standalone" and len(hosts) > 1:
        url.refuse("several hosts are a redis+cluster:// or a redis+sentinel:// address")
    return Address(kind=kind, hosts=hosts, db=number, master=master)


def mask(text: str) -> str:
    """The URL without its passwords, however broken it is."""
    text = re.sub(r"(password=)[^&#\s]*", r"\1***", text, flags=re.IGNORECASE)
    head, slashes, rest = text.partition("://") if "://" in text else ("", "", text)
    secret, at, place = rest.rpartition("@")
    if not at:
        return text
    user = secret.partition(":")[0] if ":" in secret else ""
    return f"{head}{slashes}{user}:***@{place}"


def embedded_name(name: str) -> str:
    """The name of an embedded server, checked: it becomes the name of a directory."""
    if not _NAME.fullmatch(name):
        raise BadConfig(
            f"{name!r} is not a name for an embedded server",
            "use up to 40 letters, digits, - and _, for example embedded://dev",
        )
    return name


class _Url:
    """The pieces of one text, and the errors about it."""

    def __init__(self, text: str) -> None:
        self.text = text
        if not text or re.search(r"[\s\x00-\x1f\x7f]", text):
            self.refuse("it is empty or has a space or control character in it")
        self.authority = self.path = self.username = self.password = ""
        self.options: dict[str, str] = {}

    def refuse(self, why: str) -> NoReturn:
        what = f"{mask(self.text)!r} is not a Redis address: {why}"
        raise BadConfig(what, "an address looks like redis://localhost:6379/0")

    def kind(self) -> tuple[Kind, bool]:
        if "://" not in self.text:
            self.text = self._with_scheme(self.text)
        scheme = self.text.partition("://")[0].lower()
        if scheme not in _SCHEMES:
            self.refuse(f"{scheme}:// is not known{_did_you_mean(scheme, _SCHEMES)}")
        return _SCHEMES[scheme]

    def _with_scheme(self, text: str) -> str:
        if text.startswith("/"):
            return f"unix://{text}"
        if text == "embedded":
            return "embedded://"
        if not re.fullmatch(r"(\[[^\]]+\]|[^:/@?]+):[0-9]+(/[0-9]*)?", text):
            self.refuse("it has neither a scheme (redis://) nor the form host:port")
        return f"redis://{text}"

    def split(self) -> None:
        """Userinfo, authority, path and options, percent-decoded."""
        rest, _, query = self.text.partition("://")[2].partition("#")[0].partition("?")
        authority, _, path = rest.partition("/")
        if "@" in path and "@" not in authority and ":" in authority:
            self.refuse("a / or ? in a password must be written %2F or %3F")
        userinfo, _, self.authority = authority.rpartition("@")
        user, _, secret = userinfo.partition(":")
        self.path = self._decoded(path)
        for pair in filter(None, query.split("&")):
            self._take_option(*pair.partition("=")[::2])
        self.username = self._decoded(user) or self.options.pop("username", "")
        self.password = self._decoded(secret) or self.options.pop("password", "")

    def _take_option(self, name: str, value: str) -> None:
        if name not in OPTIONS:
            self.refuse(f"the option {name!r} is not known{_did_you_mean(name, OPTIONS)}")
        self.options[name] = self._decoded(value)

    def db(self, in_path: str, otherwise: int | None) -> int:
        text = self.options.pop("db", "") or in_path
        if not text:
            return otherwise or 0
        if not re.fullmatch(r"[0-9]{1,5}", text):
            self.refuse(f"{text!r} is not the number of a database")
        return int(text)

    def hosts(self, default_port: int) -> tuple[tuple[str, int], ...]:
        if not self.authority:
            self.refuse("it names no host")
        return tuple(self._host(part, default_port) for part in self.authority.split(","))

    def _host(self, text: str, default_port: int) -> tuple[str, int]:
        match = re.fullmatch(r"(?:\[([^\]]*)\]|([^:]*))(?::([^:]*))?", text)
        if not match:
            self.refuse(f"{text!r} is not host:port (an IPv6 address goes into [brackets])")
        ipv6, name, port = match.groups()
        host = ipv6 if ipv6 is not None else name
        if not (_IPV6 if ipv6 is not None else _HOST).fullmatch(host):
            self.refuse(f"{host!r} is not the name of a host")
        if port is None:
            return host, default_port
        if not re.fullmatch(r"[0-9]{1,5}", port) or not 1 <= int(port) <= 65535:
            self.refuse(f"{port!r} is not a port: it is a number from 1 to 65535")
        return host, int(port)

    def _decoded(self, text: str) -> str:
        if "%" not in text:
            return text
        from urllib.parse import unquote  # late: 10 ms, and few URLs need it

        plain = unquote(text)
        if re.search(r"[\x00-\x1f\x7f]", plain):
            self.refuse("a control character is hidden in it")
        return plain


def _embedded_name(url: _Url) -> str:
    if url.options or url.password or url.path.strip("/"):
        url.refuse("an embedded server has a name and nothing else: embedded://dev")
    return embedded_name(url.authority or "default")


def _did_you_mean(word: str, known: dict[str, tuple[Kind, bool]] | tuple[str, ...]) -> str:
    from difflib import get_close_matches  # late: only errors need it

    close = get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]}{'://' if isinstance(known, dict) else ''}?" if close else ""
