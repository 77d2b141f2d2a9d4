"""The API behind an HTTP proxy, as HTTPS_PROXY and NO_PROXY name it."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from faults.serving import Served
from faults.tls import CERTIFICATES

from cli.running import Cli
from gopher_cli.model.errors import BadConfig
from gopher_cli.remote.http import Wire
from gopher_cli.remote.http_proxy import Proxy, proxy_of


def copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece.replace(b"gopher.test", b"localhost"))  # a name that the server answers to
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


class Middle:
    """A proxy that passes all on to one port, whatever host it is for; ``heads`` are those it has read."""

    def __init__(self, port: int, refusal: bytes = b"") -> None:
        self.heads: list[str] = []
        self._port, self._refusal = port, refusal
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=(self._door.accept()[0],), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(65536)
        self.heads.append(head.decode())
        if self._refusal:
            client.sendall(self._refusal)
            client.close()
            return
        server = socket.create_connection(("127.0.0.1", self._port))
        if head.startswith(b"CONNECT"):
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            server.sendall(head.replace(b"gopher.test", b"localhost"))
        threading.Thread(target=copy, args=(server, client), daemon=True).start()
        copy(client, server)

    def close(self) -> None:
        self._door.close()


@pytest.fixture
def middle(served: tuple[Served, dict[str, str]]) -> Iterator[Middle]:
    proxy = Middle(int(served[0].url.rpartition(":")[2]))
    yield proxy
    proxy.close()


def test_commands_go_by_the_proxy_with_its_login(far: Cli, middle: Middle) -> None:
    url = middle.url.replace("http://", "http://ann:se%20cret@")
    far.env |= {"GOPHER_API_URL": "http://gopher.test:80", "HTTP_PROXY": url}
    id = far.id("-t", "x", "a=1")

    assert json.loads(far("inspect", id, "-o", "json").out)["payload"] == {"a": "1"}
    assert all("Proxy-Authorization: Basic YW5uOnNlIGNyZXQ=" in head for head in middle.heads)
    assert all("http://gopher.test:80/api/v1/" in head.split("\r\n")[0] for head in middle.heads)


def test_https_goes_through_the_proxy_unread(middle: Middle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATES / "valid.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "valid.pem", CERTIFICATES / "key.pem")
    with socket.create_server(("127.0.0.1", 0)) as door:

        def answer() -> None:
            with door.accept()[0] as raw, context.wrap_socket(raw, server_side=True) as line:
                line.recv(65536)
                line.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"ok":true}')

        threading.Thread(target=answer, daemon=True).start()
        proxy = Middle(door.getsockname()[1])
        address = Proxy(
            "127.0.0.1", int(proxy.url.rpartition(":")[2]), proxy.url, {"Proxy-Authorization": "x"}
        )
        wire = Wire("https://localhost:8443", "key", address)

        assert wire.get("/stats") == {"ok": True}
        (head,) = proxy.heads
        assert head.startswith("CONNECT localhost:8443 ") and "Proxy-Authorization: x" in head
        assert "key" not in head.lower().replace("proxy-authorization", "")
        wire.close()
        proxy.close()


def test_a_proxy_that_refuses_or_is_away_is_named_without_its_password(far: Cli) -> None:
    refusing = Middle(1, b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
    far.env |= {
        "GOPHER_API_URL": "https://gopher.test",
        "https_proxy": refusing.url.replace("//", "//u:hunter2@"),
    }
    refused = far("stats")
    far.env |= {"https_proxy": "http://127.0.0.1:1"}
    away = far("stats")

    assert (refused.code, away.code) == (69, 69)
    assert f"407 Proxy Authentication Required, by the proxy {refusing.url}" in refused.err
    assert "by the proxy http://127.0.0.1:1" in away.err
    assert "hunter2" not in refused.err
    refusing.close()


def test_this_machine_is_never_behind_a_proxy(far: Cli, middle: Middle) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        assert replace(far, env={**far.env, name: middle.url})("stats").code == 0
    assert middle.heads == []


@pytest.mark.parametrize(
    ("url", "environ", "host"),
    [
        ("https://a.test", {"HTTPS_PROXY": "http://p:1"}, "p"),
        ("https://a.test", {"https_proxy": "p:1"}, "p"),
        ("https://a.test", {"HTTP_PROXY": "http://p:1"}, ""),
        ("http://a.test", {"HTTP_PROXY": "http://p:1"}, "p"),
        ("http://a.test", {"HTTP_PROXY": "http://p:1", "REQUEST_METHOD": "GET"}, ""),
        ("http://a.test", {"ALL_PROXY": "http://p:1"}, "p"), ("http://a.test", {"http_proxy": ""}, ""),
        ("https://a.test", {"https_proxy": "http://p:1", "HTTPS_PROXY": "http://q:1"}, "p"),
        ("https://a.test", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "b.test, a.test"}, ""),
        ("https://a.b.test", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": ".b.test"}, ""),
        ("https://a.b.test", {"HTTPS_PROXY": "http://p:1", "no_proxy": "*.b.test"}, ""),
        ("https://a.b.test", {"HTTPS_PROXY": "http://p:1", "no_proxy": "B.TEST"}, ""),
        ("https://ab.test", {"HTTPS_PROXY": "http://p:1", "no_proxy": "b.test"}, "p"),
        ("https://a.test", {"HTTPS_PROXY": "http://p:1", "no_proxy": "*"}, ""),
        ("https://a.test:8443", {"HTTPS_PROXY": "http://p:1", "no_proxy": "a.test:443"}, "p"),
        ("https://a.test:8443", {"HTTPS_PROXY": "http://p:1", "no_proxy": "a.test:8443"}, ""),
        ("https://10.1.2.3", {"HTTPS_PROXY": "http://p:1", "no_proxy": "10.0.0.0/8"}, ""),
        ("https://[fd00::1]", {"HTTPS_PROXY": "http://p:1", "no_proxy": "fd00::/8"}, ""),
        ("https://11.1.2.3", {"HTTPS_PROXY": "http://p:1", "no_proxy": "10.0.0.0/8"}, "p"),
        ("https://127.0.0.2", {"HTTPS_PROXY": "http://p:1"}, ""),
        ("http://[::1]", {"HTTP_PROXY": "http://p:1"}, ""),
        ("https://a.test", {"HTTPS_PROXY": "http://p:1", "no_proxy": ", ,"}, "p"),
    ],
)  # fmt: skip
def test_the_variables_mean_what_they_mean_to_others(url: str, environ: dict[str, str], host: str) -> None:
    found = proxy_of(url, environ)

    assert (found.host if found else "") == host


@pytest.mark.parametrize("address", ["socks5://p:1", "https://p", "http://p:99999", "http://", "p:x"])
def test_what_is_not_the_address_of_an_http_proxy_is_refused(address: str) -> None:
    with pytest.raises(BadConfig, match="HTTPS_PROXY is not the address of an HTTP proxy"):
        proxy_of("https://a.test", {"HTTPS_PROXY": address})
