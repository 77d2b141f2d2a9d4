"""Verbs by a clock that the test moves: a store that tells each script what time it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from redis.exceptions import NoScriptError, ResponseError

from gopher_cli.model.errors import GopherError
from gopher_cli.store.asks.ask import Ask
from gopher_cli.store.calls.call import Call
from gopher_cli.store.errors.refusal import Refusal
from gopher_cli.store.errors.translate import translate

T = TypeVar("T")


class Clocked:
    """``redis`` is a plain client. Scripts that are given no time get ``now`` (ms)."""

    scattered, sentinels, address = False, (), "the tests"

    def __init__(self, redis: Any, now: int) -> None:
        self.redis, self.now = redis, now

    async def run(self, call: Call[T], *_: Any) -> T:
        argv = list(call.argv)
        if call.script.argv and call.script.argv[0] == "now" and argv[0] == "":
            argv[0] = str(self.now)
        head = (len(call.keys), *call.keys, *argv)
        try:
            raw = self._told("EVALSHA", call.script.sha, *head)
        except NoScriptError:
            raw = self._told("EVAL", call.script.source, *head)
        return call.answer(raw)

    async def run_many(self, calls: Sequence[Call[T]], *_: Any) -> list[T]:
        return [await self.run(call) for call in calls]

    async def ask(self, ask: Ask[T], *_: Any, **__: Any) -> T:
        with self.redis.pipeline(transaction=False) as pipe:
            for command in ask.commands:
                pipe.execute_command(*command)
            pipe.response_callbacks = {}  # what the server says, not what this client makes of it
            answers = pipe.execute(raise_on_error=False) if ask.commands else []
        for said in answers:
            if isinstance(said, ResponseError):
                raise _translated(said) from said
        return ask.answer(answers)

    def _told(self, *command: Any) -> Any:
        try:
            return self.redis.execute_command(*command)
        except NoScriptError:
            raise
        except ResponseError as error:
            raise _translated(error) from error

    async def close(self) -> None:
        return


def _translated(error: ResponseError) -> GopherError:
    code = "OOM " if "OutOfMemory" in type(error).__name__ else ""
    return translate(Refusal(code + str(error)), "the tests")
