"""What stands before every route: each request is looked at once, timed, counted and, if need be, refused."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gopher_cli.web.server.allowed_methods import allowed_at, tell_allowed
from gopher_cli.web.server.deadlines import Deadlines
from gopher_cli.web.server.exchange import REQUEST_ID, Exchange
from gopher_cli.web.server.lifecycle import Lifecycle
from gopher_cli.web.server.links import ROOT
from gopher_cli.web.server.problems import RETRY_AFTER, Problem, send_again
from gopher_cli.web.server.request_log import RequestLog
from gopher_cli.web.server.traffic import Traffic

# Why a request is refused whatever it asks for; None where it is not.
Check = Callable[[Scope], Awaitable[Problem | None]]
# How a refusal is written, for a program or for a person.
Refusal = Callable[[Scope, Problem], Response]
# Nobody knows how far a route has come that was ended.
_HANG_UP = {"Connection": "close"}
_log = logging.getLogger("gopher.web")


class Middleware:
    """``reading`` and ``answering`` are the seconds that a body may take, and its answer after that."""

    def __init__(
        self,
        app: ASGIApp,
        checks: Sequence[Check],
        traffic: Traffic,
        log: RequestLog,
        lifecycle: Lifecycle,
        refusal: Refusal,
        *,
        reading: float,
        answering: float,
    ) -> None:
        self._app, self._checks, self._traffic, self._log = app, checks, traffic, log
        self._lifecycle = lifecycle
        self._reading, self._answering, self._refusal = reading, answering, refusal
        self._clock = Deadlines(reading, answering)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = Exchange(scope, receive, send)
        named = REQUEST_ID.set(exchange.id)
        ROOT.set(scope["root_path"])
        try:
            await self._serve(exchange)
        finally:
            REQUEST_ID.reset(named)
            self._traffic.count(exchange)
            self._log.tell(exchange)

    async def _serve(self, exchange: Exchange) -> None:
        scope = exchange.scope
        for check in self._checks:
            if problem := await check(scope):
                await self._refuse(exchange, problem)
                return
        if scope["method"] == "OPTIONS" and (allowed := allowed_at(scope)):
            await tell_allowed(allowed, exchange.say)
            return
        try:
            with self._clock.over(exchange):
                await self._app(scope, exchange.hear, exchange.say)
        except asyncio.CancelledError:
            problem = self._ended(exchange)
            if problem is None:
                raise
            if not exchange.code:  # else the client sees that its answer is cut
                await self._refuse(exchange, problem)

    async def _refuse(self, exchange: Exchange, problem: Problem) -> None:
        answer = self._refusal(exchange.scope, problem)
        await answer(exchange.scope, exchange.hear, exchange.say)

    def _ended(self, exchange: Exchange) -> Problem | None:
        """What to say to a client whose request was ended; None where it is its server that is ended."""
        if exchange.is_late:
            task = asyncio.current_task()
            assert task
            task.uncancel()
            return self._too_late(exchange)
        if self._lifecycle.ending:  # and has waited long enough
            detail = "this server ends, and the answer was not ready"
            return _unfinished(503, detail, exchange.scope, RETRY_AFTER, code="ending")
        return None

    def _too_late(self, exchange: Exchange) -> Problem:
        if exchange.is_hearing:
            return Problem(408, f"the body did not arrive in {self._reading:g}s", headers=_HANG_UP)
        _log.warning("an answer took longer than %gs: %s", self._answering, exchange.scope["path"])
        return _unfinished(504, f"the answer took longer than {self._answering:g}s", exchange.scope, {})


def _unfinished(status: int, detail: str, scope: Scope, headers: dict[str, str], **more: str) -> Problem:
    hint = "send the same request again"
    if id := scope.get("state", {}).get("job_id"):
        hint, more = send_again(id), more | {"job_id": id}
    return Problem(status, detail, hint=hint, headers=_HANG_UP | headers, **more)
