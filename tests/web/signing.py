"""An issuer of tokens: real keys, and a server that publishes them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

SHARED = "a shared secret of more than thirty-two bytes"


@cache
def private_key(algorithm: str, number: int = 0) -> Any:
    """A key of this algorithm, made once."""
    if algorithm == "RS256":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    return ed25519.Ed25519PrivateKey.generate() if algorithm == "EdDSA" else SHARED + str(number)


def public_pem(algorithm: str, number: int = 0) -> str:
    """What a server checks tokens with: PEM, or the shared secret."""
    key = private_key(algorithm, number)
    if isinstance(key, str):
        return key
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return str(key.public_key().public_bytes(serialization.Encoding.PEM, form).decode())


def jwk(algorithm: str, kid: str, number: int = 0) -> dict[str, Any]:
    public = private_key(algorithm, number).public_key()
    made = jwt.get_algorithm_by_name(algorithm).to_jwk(public, as_dict=True)
    return {**made, "kid": kid, "use": "sig", "alg": algorithm}


def token(
    algorithm: str = "RS256", *, number: int = 0, headers: dict[str, Any] | None = None, **claims: Any
) -> dict[str, str]:
    """A token as the header that carries it. A claim that is None is left out."""
    usual = {"sub": "ann", "exp": int(time.time()) + 300, "scope": "read"}
    said = {name: value for name, value in (usual | claims).items() if value is not None}
    key = private_key(algorithm, number)
    return {"Authorization": "Bearer " + jwt.encode(said, key, algorithm=algorithm, headers=headers)}


class Issuer(ThreadingHTTPServer):
    """Publishes ``keys``; counts how often it was asked, and by which path."""

    def __init__(self) -> None:
        self.keys: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.status = 200
        self.drips = False  # sends its answer without an end, byte by byte
        self.go = threading.Event()  # who asks waits for this
        self.go.set()
        super().__init__(("127.0.0.1", 0), _Publish)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/keys"


class _Publish(BaseHTTPRequestHandler):
    server: Issuer

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.go.wait(30)
        body = json.dumps({"keys": self.server.keys}).encode()
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(10**5 if self.server.drips else len(body)))
        self.end_headers()
        if self.server.drips:
            self._drip()
        self.wfile.write(body)

    def _drip(self) -> None:
        with suppress(OSError):
            for _ in range(2000):
                self.wfile.write(b" ")
                time.sleep(0.01)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def issuer() -> Iterator[Issuer]:
    with Issuer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.go.set()
            server.shutdown()
            thread.join()
