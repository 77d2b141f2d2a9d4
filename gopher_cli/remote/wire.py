"""One connection to an API: a request, its JSON, and every way to fail as an error of ours."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from gopher_cli import __version__
from gopher_cli.model.errors import BadConfig, GopherError, Unavailable
from gopher_cli.remote.problems import error_of

PATIENCE = 10.0  # seconds beyond what was asked for; a server answers within two, as a rule
_SILENCE = 40.0  # seconds; a stream says something every fifteen
_LARGEST = 256 * 1024 * 1024
_GONE = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)
_LOCAL = ("localhost", "127.0.0.1", "::1")
Params = Mapping[str, str | Sequence[str]]


class Wire:
    """Keeps its connection for the next request. It follows no redirect: a key is for one server."""

    def __init__(self, url: str, key: str = "") -> None:
        parts = urlsplit(url)
        self.url, self._key = url.rstrip("/"), key
        self._secure = parts.scheme == "https"
        self._host, self._base = parts.hostname or "", parts.path.rstrip("/")
        try:
            self._port = parts.port or (443 if self._secure else 80)
        except ValueError:
            raise BadConfig(
                f"{url} has a port that is none", "such as https://gopher.example.com:8443"
            ) from None
        self._open: http.client.HTTPConnection | None = None
        self._streams: dict[int, http.client.HTTPConnection] = {}

    @property
    def is_private(self) -> bool:
        """Whether nobody on the way can read the key."""
        return self._secure or self._host in _LOCAL

    def get(self, path: str, params: Params | None = None, *, waits: float = 0.0) -> Any:
        return self._json("GET", path, params, None, waits)

    def post(self, path: str, body: Any = None, params: Params | None = None, *, waits: float = 0.0) -> Any:
        return self._json("POST", path, params, msgspec.json.encode(body), waits)

    def delete(self, path: str, params: Params | None = None) -> Any:
        return self._json("DELETE", path, params, None, 0.0)

    def stream(self, path: str, params: Params | None = None) -> http.client.HTTPResponse:
        """An answer without an end, on a connection of its own; to be hung up. Raises as the others."""
        connection = self._connect(_SILENCE)
        try:
            connection.request("GET", self._target(path, params), headers=self._headers(None))
            answer = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise self._away(error) from None
        self._streams[id(answer)] = connection
        if answer.status != 200:
            raise self._error(answer, answer.read(64 * 1024))
        return answer

    def hang_up(self, answer: http.client.HTTPResponse) -> None:
        """End a stream; whoever reads it hears its end."""
        connection = self._streams.pop(id(answer), None)
        if connection is not None and connection.sock is not None:
            with suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._streams.clear()
        if self._open is not None:
            self._open.close()
            self._open = None

    def _json(self, method: str, path: str, params: Params | None, body: bytes | None, waits: float) -> Any:
        answer, raw = self._exchange(method, self._target(path, params), body, PATIENCE + waits)
        if answer.status >= 300:
            raise self._error(answer, raw)
        try:
            return msgspec.json.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise self._foreign(answer) from None

    def _exchange(
        self, method: str, target: str, body: bytes | None, seconds: float
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """Raises Unavailable. A connection that the server has closed meanwhile is opened once more: all that
        we send may come twice with the effect of once."""
        reused = self._open is not None
        try:
            if self._open is None:
                self._open = self._connect(seconds)
            if self._open.sock is not None:
                self._open.sock.settimeout(seconds)
            self._open.request(method, target, body, self._headers(body))
            answer = self._open.getresponse()
            return answer, answer.read(_LARGEST)
        except _GONE as error:
            self.close()
            if reused:
                return self._exchange(method, target, body, seconds)
            raise self._away(error) from None
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise self._away(error) from None

    def _connect(self, seconds: float) -> http.client.HTTPConnection:
        if not self._secure:
            return http.client.HTTPConnection(self._host, self._port, timeout=seconds)
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(self._host, self._port, timeout=seconds, context=context)

    def _target(self, path: str, params: Params | None) -> str:
        query = urlencode({k: v for k, v in (params or {}).items() if v}, doseq=True)
        return f"{self._base}/api/v1{path}" + (f"?{query}" if query else "")

    def _headers(self, body: bytes | None) -> dict[str, str]:
        headers = {"User-Agent": f"gopher/{__version__}", "Accept": "application/json"}
        if self._key:
            headers["X-API-KEY"] = self._key
        if body is not None:
            headers["Content-Type"] = "application/json"
        return headers

    def _error(self, answer: http.client.HTTPResponse, raw: bytes) -> GopherError:
        if 300 <= answer.status < 400:
            where = answer.getheader("Location", "elsewhere")
            return BadConfig(
                f"{self.url} points to {where}", "redirects are not followed: give that address as --api"
            )
        try:
            said = msgspec.json.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            said = None
        if not isinstance(said, dict) or "detail" not in said:
            return self._foreign(answer)
        return error_of(answer.status, said)

    def _foreign(self, answer: http.client.HTTPResponse) -> GopherError:
        said = f"{self.url} answers {answer.status} {answer.reason}, and not as gopher does"
        return Unavailable(
            said, "--api takes the address of a gopher serve, such as https://gopher.example.com"
        )

    def _away(self, error: Exception) -> Unavailable:
        if isinstance(error, ssl.SSLCertVerificationError):
            hint = "SSL_CERT_FILE names the certificates to trust"
            return Unavailable(f"the certificate of {self.url} is not trusted: {error.verify_message}", hint)
        if isinstance(error, TimeoutError):
            why = "no answer in time"
        elif isinstance(error, socket.gaierror):
            why = f"there is no host {self._host}"
        else:
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return Unavailable(
            f"the API at {self.url} does not answer: {why}",
            f"does gopher serve run there? curl {self.url}/health",
        )


def job_path(id: str, deed: str = "") -> str:
    return f"/jobs/{quote(id, safe='')}" + (f"/{deed}" if deed else "")
