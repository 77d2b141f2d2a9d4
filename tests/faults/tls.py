"""TLS in front of any server: the Valkey of the wheel speaks none, so Python's own ssl does it.

The certificates beside this file are for these tests alone: `valid` until 2120, `expired` since 2020.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CERTIFICATES = Path(__file__).parent / "certificates"


@contextmanager
def tls_before(path: str, certificate: str = "valid") -> Iterator[int]:
    """A port of this machine that speaks TLS, and passes everything on to a unix socket."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / f"{certificate}.pem", CERTIFICATES / "key.pem")
    with socket.create_server(("127.0.0.1", 0)) as front:
        threading.Thread(target=_accept, args=(front, context, path), daemon=True).start()
        yield front.getsockname()[1]
        with contextlib.suppress(OSError):
            front.shutdown(socket.SHUT_RDWR)


def _accept(front: socket.socket, context: ssl.SSLContext, path: str) -> None:
    with contextlib.suppress(OSError):
        while True:
            threading.Thread(target=_serve, args=(front.accept()[0], context, path), daemon=True).start()


def _serve(raw: socket.socket, context: ssl.SSLContext, path: str) -> None:
    """One connection. A handshake that fails ends it, as in every server."""
    with raw, contextlib.suppress(OSError), context.wrap_socket(raw, server_side=True) as client:
        server = socket.socket(socket.AF_UNIX)
        server.connect(path)
        threading.Thread(target=_copy, args=(server, client), daemon=True).start()
        _copy(client, server)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)
