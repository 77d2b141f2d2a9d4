"""What the stores have in common that block: those of threads, and of short commands."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, TypeVar

from gopher_cli.model.job.durability import MEMORY, Durability
from gopher_cli.store.asks.ask import Ask
from gopher_cli.store.calls.call import Call, evalsha
from gopher_cli.store.errors.refusal import Refusal
from gopher_cli.store.errors.translate import checked, translate
from gopher_cli.store.routing.redirects import masters, resumed, run_ask, run_at, run_calls
from gopher_cli.store.routing.routes import Send, Talk
from gopher_cli.store.stores.base import StoreBase
from gopher_cli.store.url import Address

T = TypeVar("T")


class SyncStoreBase(StoreBase):
    """Raises Unavailable, TryLater, Denied, BadData or BadConfig, as Redis refuses."""

    def _send(self, node: Address, commands: Sequence[Sequence[Any]], patience: float) -> list[Any]:
        """The answers of this server, each within ``patience`` (s). Raises OSError, or a Refusal of
        the connection."""
        raise NotImplementedError

    def _run(self, calls: Sequence[Call[T]], durability: Durability = MEMORY) -> list[T]:
        if durability is MEMORY:
            answers = [raw for (raw,) in self._drive(run_calls(self._route, calls))]
        else:
            answers = [self._drive(self._durably.run(self._route, call, durability)) for call in calls]
        return [call.answer(checked(raw, self.address)) for call, raw in zip(calls, answers, strict=True)]

    def _run_one(self, call: Call[T], durability: Durability) -> T:
        """Straight to a lone server, as nearly always: the rest begins when that did not do."""
        node = self._route.lone
        if node is None or durability is not MEMORY:
            (answer,) = self._run([call], durability)
            return answer
        outcome: Any
        try:
            (said,) = outcome = self._send(node, [evalsha(call)], self._timeout)
            if not isinstance(said, Refusal):
                return call.answer(said)
        except (OSError, Refusal) as error:
            outcome = error
        ((said,),) = self._drive(run_calls(self._route, [call]), outcome=outcome)
        return call.answer(checked(said, self.address))

    def _ask(self, ask: Ask[T], node: Address | None = None) -> T:
        talk = run_ask(self._route, ask) if node is None else run_at(node, ask)
        answers = self._drive(talk, node) if ask.commands else []
        return ask.answer([checked(raw, node or self.address) for raw in answers])

    def _homes(self, keys: Sequence[str]) -> list[Address]:
        return self._drive(self._route.locate(keys))

    def _masters(self) -> list[Address]:
        return self._drive(masters(self._route))

    def _drive(self, talk: Talk[T], node: Address | None = None, outcome: Any = None) -> T:
        """``outcome`` is that of the first step, if it was taken already."""
        try:
            step = next(talk) if outcome is None else resumed(talk, outcome)
            while True:
                if not isinstance(step, Send):
                    time.sleep(step.seconds)
                    step = next(talk)
                    continue
                try:
                    answers = self._send(step.node, step.commands, step.patience or self._timeout)
                except (OSError, Refusal) as error:
                    step = talk.throw(error)
                else:
                    step = talk.send(answers)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        except (OSError, Refusal) as error:
            raise translate(error, str(node or self.address)) from error
