"""One plain socket to Redis, for commands that live for a moment.

Loading redis-py and asyncio takes several times as long as a submit. WireStore runs the same Calls
and Asks as RedisStore and raises the same errors; its methods are coroutines that never suspend,
so that a verb needs no event loop. For TLS, Cluster and Sentinel there is RedisStore.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from gopher_cli.store.url import Address

if TYPE_CHECKING:
    from gopher_cli.model.errors import GopherError
    from gopher_cli.store.ask import Ask
    from gopher_cli.store.calls.base import Call

T = TypeVar("T")
_CONNECT = 3.0


class Refusal(Exception):
    """An error that Redis has answered, with its text."""


class WireStore:
    """One command after another on one connection, which the first one opens."""

    def __init__(self, address: Address, *, timeout: float = 5.0) -> None:
        self.address = address
        self._timeout = timeout
        self._wire: Wire | None = None

    @staticmethod
    def speaks_to(address: Address) -> bool:
        return address.kind in ("unix", "standalone") and not address.tls

    async def run(self, call: Call[T], lane: str = "main") -> T:
        """Raises Unavailable, TryLater, Denied, BadData or BadConfig, as Redis refuses."""
        (answer,) = await self.run_many([call], lane)
        return answer

    async def run_many(self, calls: Sequence[Call[T]], lane: str = "main") -> list[T]:
        """One round trip for many. Each call is atomic, the whole is not."""
        heads = [(len(call.keys), *call.keys, *call.argv) for call in calls]
        raws = self._exchange(
            [("EVALSHA", call.script.sha, *head) for call, head in zip(calls, heads, strict=True)],
            again=True,
        )
        for index, raw in enumerate(raws):
            if isinstance(raw, Refusal) and str(raw).startswith("NOSCRIPT"):
                (raws[index],) = self._exchange(
                    [("EVAL", calls[index].script.source, *heads[index])], again=True
                )
        return [call.answer(self._checked(raw)) for call, raw in zip(calls, raws, strict=True)]

    async def ask(self, ask: Ask[T], lane: str = "main") -> T:
        return ask.answer([self._checked(raw) for raw in self._exchange(ask.commands)])

    async def close(self) -> None:
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    def _exchange(self, commands: Sequence[Sequence[Any]], *, again: bool = False) -> list[Any]:
        """``again`` is for scripts: sent twice, they have the effect of once."""
        try:
            if self._wire is not None and not self._wire.is_closed():
                try:
                    return self._wire.exchange(commands)
                except ConnectionError:
                    self._wire = None
                    if not again:
                        raise
            self._wire = Wire(self.address, self._timeout)
            for answer in self._wire.exchange(self._greeting()):
                self._checked(answer)
            return self._wire.exchange(commands)
        except OSError as error:
            raise self._explained(error) from error

    def _greeting(self) -> list[Sequence[Any]]:
        address, commands = self.address, list[Sequence[Any]]()
        if address.password:
            user = [address.username] if address.username else []
            commands.append(["AUTH", *user, address.password])
        if address.db:
            commands.append(["SELECT", address.db])
        return commands

    def _checked(self, raw: Any) -> Any:
        if isinstance(raw, Refusal):
            raise self._explained(raw) from raw
        return raw

    def _explained(self, error: Exception) -> GopherError:
        # Only an error has to wait for redis-py, whose exceptions `translate` knows.
        from redis import exceptions

        from gopher_cli.store.failures import translate

        known: Exception = error
        if isinstance(error, Refusal):
            known = exceptions.ResponseError(str(error))
        elif isinstance(error, TimeoutError) and self._wire is not None:
            self._wire, known = None, exceptions.TimeoutError(str(error))
        return translate(known, str(self.address))


class Wire:
    """A connection that speaks RESP2."""

    def __init__(self, address: Address, timeout: float) -> None:
        if address.kind == "unix":
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.settimeout(_CONNECT)
            self._socket.connect(address.path)
        else:
            self._socket = socket.create_connection(address.hosts[0], _CONNECT)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._timeout = timeout
        self._socket.settimeout(timeout)
        self._answers = self._socket.makefile("rb", 64 * 1024)

    def exchange(self, commands: Sequence[Sequence[Any]]) -> list[Any]:
        """Send all, then read an answer for each. A refusal is a value here: the others still count."""
        self._socket.sendall(b"".join(map(packed, commands)))
        return [self._read() for _ in commands]

    def is_closed(self) -> bool:
        """Whether Redis has hung up since the last answer; then nothing was sent, and nothing is lost."""
        self._socket.settimeout(0)
        try:
            return self._socket.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except ConnectionError:
            return True
        finally:
            self._socket.settimeout(self._timeout)

    def _read(self) -> Any:
        line = self._answers.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionResetError("the connection was closed by Redis")
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
            raise ConnectionResetError("the connection was closed by Redis")
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
