"""Talk to Redis in plain socket calls, for commands that run once and end.

redis-py takes about as long to load as a submit. WireStore runs the same Calls and Asks as RedisStore and
raises the same errors; its methods are coroutines that never suspend, so that a verb needs no event loop.
For TLS there is RedisStore.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Any, TypeVar

from gopher_cli.model.job.durability import MEMORY, Durability
from gopher_cli.store.asks.ask import Ask
from gopher_cli.store.calls.call import Call
from gopher_cli.store.connections.send_buffer import LARGE, until_sent
from gopher_cli.store.errors.refusal import Refusal
from gopher_cli.store.stores.sync_base import SyncStoreBase
from gopher_cli.store.url import Address

T = TypeVar("T")
_CONNECT = 3.0
_CLOSED = "the connection was closed by Redis"


class WireStore(SyncStoreBase):
    """One command after another, on one connection to each server."""

    def __init__(self, address: Address, *, timeout: float = 5.0) -> None:
        super().__init__(address, timeout=timeout)
        self._wires: dict[Address, Wire] = {}

    @staticmethod
    def speaks_to(address: Address) -> bool:
        return not address.tls

    async def run(self, call: Call[T], lane: str = "main", durability: Durability = MEMORY) -> T:
        return self._run_one(call, durability)

    async def run_many(self, calls: Sequence[Call[T]], lane: str = "main") -> list[T]:
        """One round trip for many. Each call is atomic, the whole is not."""
        return self._run(calls)

    async def ask(self, ask: Ask[T], lane: str = "main", node: Address | None = None) -> T:
        return self._ask(ask, node)

    async def masters(self) -> list[Address]:
        return self._masters()

    async def homes(self, keys: Sequence[str]) -> list[Address]:
        return self._homes(keys)

    async def close(self) -> None:
        wires, self._wires = self._wires, {}
        for wire in wires.values():
            wire.close()

    def _send(self, node: Address, commands: Sequence[Sequence[Any]], patience: float) -> list[Any]:
        wire = self._wires.pop(node, None) or self._connected(node, patience)
        answers = wire.exchange(commands, patience)  # a wire that failed is used no more
        self._wires[node] = wire
        return answers

    def _connected(self, node: Address, patience: float) -> Wire:
        wire, greeting = Wire(node, min(patience, _CONNECT)), list[Sequence[Any]]()
        if node.password:
            user = [node.username] if node.username else []
            greeting.append(["AUTH", *user, node.password])
        if node.db:
            greeting.append(["SELECT", node.db])
        for answer in wire.exchange(greeting, patience):
            if isinstance(answer, Refusal):
                raise answer
        return wire


class Wire:
    """A connection that speaks RESP2."""

    def __init__(self, address: Address, timeout: float) -> None:
        if address.kind == "unix":
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.settimeout(timeout)
            self._socket.connect(address.path)
        else:
            self._socket = socket.create_connection(address.hosts[0], timeout)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answers = self._socket.makefile("rb", 64 * 1024)

    def exchange(self, commands: Sequence[Sequence[Any]], patience: float) -> list[Any]:
        """Send all, then read an answer for each, within ``patience`` (s). A refusal is a value here: the
        others still count."""
        self._socket.settimeout(patience)
        whole = b"".join(map(packed, commands))
        try:
            self._say(whole)
        except BrokenPipeError:
            raise self._last_word() from None
        if len(whole) > LARGE:
            until_sent(self._socket, patience)
        return [self._read() for _ in commands]

    def _say(self, whole: bytes) -> None:
        left = memoryview(whole)
        while left:  # for as long as bytes move; sendall has a time-out for the whole
            left = left[self._socket.send(left) :]

    def _last_word(self) -> Exception:
        """Why Redis has hung up before it was asked anything: a server with too many clients says so."""
        try:
            answer = self._read()
        except OSError as error:
            return error
        return answer if isinstance(answer, Refusal) else ConnectionResetError(_CLOSED)

    def _read(self) -> Any:
        line = self._answers.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionResetError(_CLOSED)
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest
        if kind == b":":
            return int(rest)
        if kind == b"-":
            return Refusal(rest.decode("utf-8", "replace"))
        size = int(rest)
        if size < 0:
            return None
        if kind == b"*":
            return [self._read() for _ in range(size)]
        body = self._answers.read(size + 2)
        if len(body) != size + 2:
            raise ConnectionResetError(_CLOSED)
        return body[:-2]

    def close(self) -> None:
        self._answers.close()
        self._socket.close()


def packed(command: Sequence[Any]) -> bytes:
    """A command as Redis reads it."""
    parts = [b"*%d\r\n" % len(command)]
    for word in command:
        raw = word if isinstance(word, bytes) else str(word).encode()
        parts.append(b"$%d\r\n%b\r\n" % (len(raw), raw))
    return b"".join(parts)
