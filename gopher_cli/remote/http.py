"""One connection to an API: a request, its JSON, and every way to fail as an error of ours."""

from __future__ import annotations

import http.client
import select
import socket
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from gopher_cli.model.errors import BadConfig, GopherError, Unavailable
from gopher_cli.model.text.timestamp import decode_hook
from gopher_cli.remote.http_proxy import Proxy
from gopher_cli.remote.problems import error_of
from gopher_cli.version import __version__

PATIENCE = 10.0  # seconds beyond what was asked for; a server answers within two, as a rule
_SILENCE = 40.0  # seconds; a stream says something every fifteen
_LARGEST = 256 * 1024 * 1024
_GONE = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)
_LOCAL = ("localhost", "127.0.0.1", "::1")
Params = Mapping[str, str | Sequence[str]]
_Request = tuple[str, str, bytes | None, dict[str, str]]  # method, target, body, headers
# Jobs carry their ids, and are stored once; all that is meant can be cancelled, retried or deleted once.
_STORED_ONCE = ("/jobs", "/jobs/batch")
_DONE_ONCE = ("/jobs/cancel", "/jobs/retry", "/jobs/purge")


class Wire:
    """Keeps its connection for the next request. It follows no redirect: a key is for one server.

    A ``proxy`` passes https on unread; of http it sees everything.
    """

    def __init__(self, url: str, key: str = "", proxy: Proxy | None = None) -> None:
        if not (key.isascii() and key.isprintable()):
            raise BadConfig(
                "the API key has a character that no key has, such as the end of a line",
                "look at GOPHER_API_KEY, or at the file that GOPHER_API_KEY_FILE names",
            )
        parts = urlsplit(url)
        self.url, self._key, self._proxy = url.rstrip("/"), key, proxy
        self._secure = parts.scheme == "https"
        self._host, self._base = parts.hostname or "", parts.path.rstrip("/")
        if proxy and not self._secure:
            self._base = f"http://{parts.netloc}{self._base}"  # a proxy needs to hear where it goes
        try:
            self._port = parts.port or (443 if self._secure else 80)
        except ValueError:
            raise BadConfig(
                f"the port of {url} is not a port", "such as https://gopher.example.com:8443"
            ) from None
        self._open: http.client.HTTPConnection | None = None
        self._streams: dict[int, http.client.HTTPConnection] = {}

    @property
    def is_private(self) -> bool:
        """Whether nobody on the way can read the key."""
        return self._secure or self._host in _LOCAL

    def get(self, path: str, params: Params | None = None, *, waits: float = 0.0, kind: Any = Any) -> Any:
        """``kind`` is the type that the JSON of the answer is read as."""
        return self.told("GET", path, params=params, waits=waits, kind=kind)[1]

    def post(self, path: str, body: Any = None, params: Params | None = None, *, waits: float = 0.0) -> Any:
        return self.told("POST", path, body, params, waits=waits)[1]

    def put(self, path: str, body: Any, params: Params | None = None, *, waits: float = 0.0) -> Any:
        return self.told("PUT", path, body, params, waits=waits)[1]

    def delete(self, path: str, params: Params | None = None) -> Any:
        return self.told("DELETE", path, params=params)[1]

    def told(
        self,
        method: str,
        path: str,
        body: Any = None,
        params: Params | None = None,
        *,
        waits: float = 0.0,
        kind: Any = Any,
    ) -> tuple[int, Any]:
        """The status of a success, and what it says. Raises every other answer as an error."""
        raw = msgspec.json.encode(body) if method in ("POST", "PUT") else None
        request = (method, self._target(path, params), raw, self._headers(raw))
        answer, text = self._exchange(request, PATIENCE + waits, _may_come_twice(method, path, body))
        if answer.status >= 300:
            raise self._error(answer, text)
        try:
            return answer.status, msgspec.json.decode(text, type=kind, dec_hook=decode_hook)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise self._foreign(answer) from None

    def stream(self, path: str, params: Params | None = None) -> http.client.HTTPResponse:
        """An answer without an end, on a connection of its own; to be hung up. Raises as the others."""
        connection = self._connect(_SILENCE)
        try:
            connection.request("GET", self._target(path, params), headers=self._headers(None))
            answer = connection.getresponse()
            refusal = b"" if answer.status == 200 else answer.read(64 * 1024)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise self._away(error) from None
        if answer.status != 200:
            answer.close()  # it has taken the connection over, where nothing comes behind it
            connection.close()
            raise self._error(answer, refusal)
        self._streams[id(answer)] = connection
        return answer

    def hang_up(self, answer: http.client.HTTPResponse) -> None:
        """End a stream; whoever reads it hears its end."""
        connection = self._streams.pop(id(answer), None)
        if connection is not None and connection.sock is not None:
            with suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._streams.clear()
        self._hang_up()

    def _hang_up(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def _exchange(
        self, request: _Request, seconds: float, may_come_twice: bool
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """Raises Unavailable. A kept connection may have died meanwhile: mostly that is seen before anything
        is sent. What was sent is sent again only where twice has the effect of once."""
        connection, reused = self._connected(seconds)
        method, target, body, headers = request
        try:
            connection.request(method, target, body, headers)
            answer = connection.getresponse()
            text = answer.read(_LARGEST)
            if answer.length:
                raise http.client.IncompleteRead(b"", answer.length)
            return answer, text
        except (OSError, http.client.HTTPException) as error:
            self._hang_up()
            if may_come_twice and reused and isinstance(error, _GONE):
                return self._exchange(request, seconds, may_come_twice)
            raise self._away(error, maybe_done=not may_come_twice) from None

    def _connected(self, seconds: float) -> tuple[http.client.HTTPConnection, bool]:
        """A connection that is open, and whether it was used before. Raises Unavailable; nothing is sent."""
        if self._open is not None and _is_idle(self._open.sock):
            self._open.sock.settimeout(seconds)
            return self._open, True
        self._hang_up()
        try:
            self._open = self._connect(seconds)
            self._open.connect()
        except OSError as error:
            self._hang_up()
            raise self._away(error) from None
        return self._open, False

    def _connect(self, seconds: float) -> http.client.HTTPConnection:
        host, port = (self._proxy.host, self._proxy.port) if self._proxy else (self._host, self._port)
        if not self._secure:
            return http.client.HTTPConnection(host, port, timeout=seconds)
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(host, port, timeout=seconds, context=context)
        if self._proxy:
            connection.set_tunnel(self._host, self._port, dict(self._proxy.login))
        return connection

    def _target(self, path: str, params: Params | None) -> str:
        query = urlencode({k: v for k, v in (params or {}).items() if v}, doseq=True)
        return f"{self._base}/api/v1{path}" + (f"?{query}" if query else "")

    def _headers(self, body: bytes | None) -> dict[str, str]:
        headers = {"User-Agent": f"gopher/{__version__}", "Accept": "application/json"}
        if self._key:
            headers["X-API-KEY"] = self._key
        if body is not None:
            headers["Content-Type"] = "application/json"
        if self._proxy and not self._secure:
            headers |= self._proxy.login
        return headers

    def _error(self, answer: http.client.HTTPResponse, raw: bytes) -> GopherError:
        if 300 <= answer.status < 400:
            where = answer.getheader("Location", "elsewhere")
            return BadConfig(
                f"{self.url} points to {where}", "redirects are not followed: give that address as --api"
            )
        try:
            problem = msgspec.json.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            problem = None
        if not isinstance(problem, dict) or "detail" not in problem:
            return self._foreign(answer)
        return error_of(answer.status, problem)

    def _foreign(self, answer: http.client.HTTPResponse) -> GopherError:
        message = f"{self.url} answers {answer.status} {answer.reason}, and not as gopher does"
        return Unavailable(
            message, "--api takes the address of a gopher serve, such as https://gopher.example.com"
        )

    def _away(self, error: Exception, *, maybe_done: bool = False) -> Unavailable:
        if isinstance(error, ssl.SSLCertVerificationError):
            hint = "SSL_CERT_FILE names the certificates to trust"
            return Unavailable(f"the certificate of {self.url} is not trusted: {error.verify_message}", hint)
        if isinstance(error, TimeoutError):
            why = "no answer in time"
        elif isinstance(error, socket.gaierror):
            why = f"there is no host {self._proxy.host if self._proxy else self._host}"
        else:
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        if self._proxy:
            why += f", by the proxy {self._proxy.shown}"
        if maybe_done:
            return Unavailable(
                f"the API at {self.url} has not answered: {why}; it may have done it all the same",
                "look before you say it again: gopher events --audit",
            )
        return Unavailable(
            f"the API at {self.url} does not answer: {why}",
            f"does gopher serve run there? curl {self.url}/health",
        )


def _may_come_twice(method: str, path: str, body: Any) -> bool:
    """Whether a request that comes twice has the effect of one."""
    if method in ("GET", "PUT") or (method == "POST" and path in _STORED_ONCE):
        return True
    fields = body or {}
    is_dry = bool(fields.get("dry_run", False))
    return method == "POST" and path in _DONE_ONCE and (is_dry or not fields.get("limit"))


def _is_idle(line: socket.socket | None) -> bool:
    """Whether a connection waits for the next request: its end, or what nobody asked for, can be read."""
    try:
        return line is not None and not select.select([line], [], [], 0)[0]
    except (OSError, ValueError):  # closed, or a number too large to select by
        return False


def job_path(id: str, action: str = "") -> str:
    return f"/jobs/{quote(id, safe='')}" + (f"/{action}" if action else "")
