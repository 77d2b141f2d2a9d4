"""A bad network: a port before a server that cuts, stalls, delays, and loses or doubles what passes.

It knows the messages of Redis, so that it can lose the answer to one command, and treat one connection
badly that has sent a certain word: the digest of a script tells a heartbeat from a fetch.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from faults.messages import messages

from gopher_cli.store.scripts import load

_PIECE = 1400  # bytes that travel together where the line is narrow
_CHUNK = 16384
_STEP = 0.005
_RESET = struct.pack("ii", 1, 0)


def script(name: str) -> bytes:
    """The word by which every call of this script is known."""
    return load(name).sha.encode()


class Proxy:
    """``upstream`` is a path or (host, port). ``framed`` is false where it does not speak Redis's protocol.

    ``delay`` is (seconds, more or less); ``rate`` is of all lines together, in bytes a second.
    ``opened`` counts connections, ``lost`` answers.
    """

    def __init__(self, upstream: str | tuple[str, int], *, framed: bool = True) -> None:
        self.upstream, self.framed = upstream, framed
        self.delay, self.rate = (0.0, 0.0), 0.0
        self.opened = self.lost = 0
        self.heads: list[bytes] = []  # of all commands
        self.lines: set[Line] = set()
        self.holding = threading.Event()
        self._refused: set[bytes] = set()
        self._still: set[str] = set()
        self._marks: list[tuple[bytes, str]] = []
        self._loop = asyncio.new_event_loop()
        self._link = asyncio.Lock()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        door = socket.socket()
        door.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _CHUNK)  # no more than it can pass on
        door.bind(("127.0.0.1", 0))
        self._server = self._do(asyncio.start_server(self._serve, sock=door, backlog=1024, limit=_CHUNK))
        self.port = int(self._server.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def times(self, word: bytes) -> int:
        """How many commands have held this word."""
        return sum(word in head for head in list(self.heads))

    # What a network may do. A word chooses the connections that have sent it.

    def cut(self, word: bytes = b"", *, politely: bool = False) -> int:
        """End these connections; how many."""
        return self._do(self._cut(word, politely=politely))

    def refuse(self, word: bytes = b"") -> None:
        """From now on whoever says this is cut off; without a word nobody comes through."""
        self._refused.add(word)
        self.cut(word)

    def stall(self, word: bytes = b"", *, up: bool = True, down: bool = True, new: bool = False) -> None:
        """No byte passes on these any more, and nobody is told. ``new``: nor on those to come."""
        for line in list(self.lines):
            if line.has_said(word):
                line.still |= _ways(up=up, down=down)
        if new:
            self._still |= _ways(up=up, down=down)

    def flow(self) -> None:
        """All is well again; what was stalled goes on."""
        self._refused.clear()
        self._still.clear()
        for line in list(self.lines):
            line.still.clear()

    def lose(self, word: bytes, times: int = 1) -> None:
        """The server does what the next such commands say, and nobody hears of it."""
        self._marks += [(word, "lose")] * times

    def double(self, word: bytes, times: int = 1) -> None:
        """The next such commands reach the server twice; the second answer goes nowhere."""
        self._marks += [(word, "double")] * times

    def hold(self, word: bytes) -> None:
        """The answer to the next such command waits; ``holding`` is set when it is here."""
        self.holding.clear()
        self._marks.append((word, "hold"))

    def spare(self) -> None:
        """What was to be lost, doubled or held, and has not come yet, passes."""
        self._marks.clear()

    def close(self) -> None:
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # Inside, on the loop of the proxy

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _close(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for line in self.lines:
            line.end()
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _cut(self, word: bytes, *, politely: bool) -> int:
        chosen = [line for line in self.lines if line.has_said(word)]
        for line in chosen:
            line.end(politely=politely)
        return len(chosen)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        client = (reader, writer)
        if b"" in self._refused:
            _reset(writer)
            return
        host, port = self.upstream if isinstance(self.upstream, tuple) else ("", 0)
        try:
            if port:
                server = await asyncio.open_connection(host, port)
            else:
                server = await asyncio.open_unix_connection(str(self.upstream))
        except OSError:
            _reset(writer)
            return
        line = Line(self, client, server)
        line.still |= self._still
        self.lines.add(line)
        try:
            await line.run()
        except asyncio.CancelledError:  # the test is over
            line.end()
        self.lines.discard(line)

    def refuses(self, message: bytes) -> bool:
        return any(word in message for word in self._refused)

    def mark_of(self, message: bytes) -> str:
        for word, mark in self._marks:
            if word in message:
                self._marks.remove((word, mark))
                return mark
        return ""

    async def carry(self, message: bytes, way: asyncio.StreamWriter, *, slowly: bool = False) -> None:
        """After the delay of the line; ``slowly``: at its speed as well."""
        seconds, jitter = self.delay
        if seconds:
            await asyncio.sleep(max(0.0, seconds + random.uniform(-jitter, jitter)))
        if not slowly:
            way.write(message)
            await way.drain()
            return
        for at in range(0, len(message), _PIECE):
            await self.pass_by(len(message[at : at + _PIECE]))
            way.write(message[at : at + _PIECE])
            await way.drain()

    async def pass_by(self, size: int) -> None:
        """The time that so many bytes take, with all lines on one."""
        for at in range(0, size, _PIECE):
            if self.rate:
                async with self._link:  # whoever waits is served in turn
                    await asyncio.sleep(min(_PIECE, size - at) / self.rate)


Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Line:
    """One connection of a client, and ours to the server for it. ``still`` are its ways that stand still."""

    def __init__(self, proxy: Proxy, client: Ends, server: Ends) -> None:
        self._proxy, self._client, self._server = proxy, client, server
        self.still: set[str] = set()
        self._heads: list[bytes] = []
        self._awaited: deque[str] = deque()  # for each command on its way, what becomes of its answer

    def has_said(self, word: bytes) -> bool:
        return not word or any(word in head for head in self._heads)

    async def run(self) -> None:
        ways = (self._pump(self._client[0], self._up), self._pump(self._server[0], self._down))
        _, pending = await asyncio.wait(
            [asyncio.ensure_future(way) for way in ways], return_when=asyncio.FIRST_COMPLETED
        )
        for way in pending:
            way.cancel()
        self.end(politely=True)

    def end(self, *, politely: bool = False) -> None:
        for _, writer in (self._client, self._server):
            writer.close() if politely else _reset(writer)

    async def _pump(
        self, source: asyncio.StreamReader, take: Callable[[bytes], Coroutine[Any, Any, None]]
    ) -> None:
        buffer = bytearray()
        with suppress(OSError):
            while data := await source.read(_CHUNK):
                if source is self._client[0]:  # what waits before the narrow line waits with the client
                    await self._proxy.pass_by(len(data))
                buffer += data
                for message in messages(buffer, framed=self._proxy.framed):
                    await take(message)

    async def _up(self, message: bytes) -> None:
        head = message[:300]
        self._heads.append(head)
        self._proxy.heads.append(head)
        if self._proxy.refuses(head):
            self.end()
            return
        mark = self._proxy.mark_of(head)
        for again in (False, True) if mark == "double" else (False,):
            self._awaited.append("nobody" if again else mark)
            await self._flowing("up")
            await self._proxy.carry(message, self._server[1])

    async def _down(self, message: bytes) -> None:
        mark = self._awaited.popleft() if self._awaited else ""
        if mark == "nobody":
            return
        if mark == "lose":
            self._proxy.lost += 1
            self.end()
            return
        if mark == "hold":
            self.still.add("down")
            self._proxy.holding.set()
        await self._flowing("down")
        await self._proxy.carry(message, self._client[1], slowly=bool(self._proxy.rate))

    async def _flowing(self, way: str) -> None:
        while way in self.still:
            await asyncio.sleep(_STEP)


def _ways(*, up: bool, down: bool) -> set[str]:
    return {way for way, chosen in (("up", up), ("down", down)) if chosen}


def _reset(writer: asyncio.StreamWriter) -> None:
    """Gone, without a goodbye."""
    line = writer.get_extra_info("socket")
    with suppress(OSError):
        if line is not None and line.family != socket.AF_UNIX:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()


@contextmanager
def proxy_before(upstream: str | tuple[str, int], *, framed: bool = True) -> Iterator[Proxy]:
    """``upstream`` as a URL too: redis://host:port or unix:///path."""
    if isinstance(upstream, str) and upstream.startswith("redis://"):
        host, _, port = upstream.removeprefix("redis://").partition(":")
        upstream = (host, int(port))
    elif isinstance(upstream, str):
        upstream = upstream.removeprefix("unix://")
    proxy = Proxy(upstream, framed=framed)
    try:
        yield proxy
    finally:
        proxy.close()
