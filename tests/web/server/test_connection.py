"""A connection that is to end does so, whether or not its client takes what is left."""

from __future__ import annotations

import asyncio
import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState
from worker.processes import until

from gopher_cli.web.server.connection import connection

pytestmark = pytest.mark.anyio
ROOM = 4096  # bytes; what the kernel takes of an answer that nobody reads is about as much


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Of a server and of its client."""
    with ExitStack() as stack:
        both = tuple(stack.enter_context(one) for one in socket.socketpair())
        for one in both:
            one.setblocking(False)
        both[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ROOM)
        yield both


def answer_of(size: int) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x" * size})

    return app


@pytest.mark.parametrize(("size", "taken"), [(40_000, 0), (300_000, 290_000)])
@pytest.mark.parametrize("last", [b"Connection: close\r\n", b""])
async def test_who_leaves_the_last_of_an_answer_is_hung_up_on_however_little_it_is(
    ends: tuple[socket.socket, socket.socket], size: int, taken: int, last: bytes
) -> None:
    """Less than a transport pauses for; and it stays in memory for as long as the connection."""
    ours, theirs = ends
    config = Config(answer_of(size), log_config=None, timeout_keep_alive=0)
    protocol: Any = connection(60.0, 0.1)
    loop = asyncio.get_running_loop()
    await loop.connect_accepted_socket(
        lambda: protocol(config=config, server_state=ServerState(), app_state={}), ours
    )

    await loop.sock_sendall(theirs, b"GET / HTTP/1.1\r\nHost: x\r\n" + last + b"\r\n")
    came = 0
    while came < taken:
        came += len(await loop.sock_recv(theirs, min(ROOM, taken - came)))

    gone = select.poll()
    gone.register(theirs, select.POLLHUP)
    await until(lambda: gone.poll(0))
