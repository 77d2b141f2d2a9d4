"""A Producer for synchronous programs: Flask, Django, scripts. The same Calls on a blocking client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from typing import Any, TypeVar

from redis import Redis
from redis.exceptions import ConnectionError, NoScriptError, RedisError
from redis.retry import Retry

from gopher_cli.model.errors import Conflict
from gopher_cli.model.job import Job
from gopher_cli.store import ask, calls
from gopher_cli.store.calls.producing import Receipt
from gopher_cli.store.connection import connection_settings
from gopher_cli.store.failures import translate
from gopher_cli.store.keys import keys_of
from gopher_cli.store.url import Address

T = TypeVar("T")
_ROUND_TRIP = 4 * 1024 * 1024


class SyncStore:
    """Runs Calls and Asks on one blocking connection pool."""

    def __init__(self, address: Address, *, timeout: float = 5.0) -> None:
        self.address = address
        self._redis = Redis(**connection_settings(address, timeout, Retry))

    def run(self, call: calls.Call[T]) -> T:
        head = (len(call.keys), *call.keys, *call.argv)
        try:
            return call.answer(self._send("EVALSHA", call.script.sha, head))
        except NoScriptError:
            return call.answer(self._send("EVAL", call.script.source, head))
        except (RedisError, OSError) as error:
            raise translate(error, str(self.address)) from error

    def _send(self, command: str, script: str, head: tuple[Any, ...]) -> Any:
        try:
            return self._redis.execute_command(command, script, *head)
        except ConnectionError:  # every script may be sent twice
            return self._redis.execute_command(command, script, *head)

    def ask(self, question: ask.Ask[T]) -> T:
        try:
            pipe = self._redis.pipeline(transaction=False)
            for command in question.commands:
                pipe.execute_command(*command)
            return question.answer(pipe.execute())
        except (RedisError, OSError) as error:
            raise translate(error, str(self.address)) from error

    def close(self) -> None:
        self._redis.close()
