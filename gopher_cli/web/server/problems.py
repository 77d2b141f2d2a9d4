"""Errors on the wire: RFC 9457 problems, which carry `error` too for clients that look for it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, TypeVar

import msgspec
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from gopher_cli.model import errors
from gopher_cli.web.server.allowed_methods import note_allowed
from gopher_cli.web.server.exchange import REQUEST_ID

T = TypeVar("T")
PROBLEM = "application/problem+json"
PATIENCE = 1.2  # seconds that Redis may be silent; a client hears of it within two
RETRY_AFTER = {"Retry-After": "2"}
# Advice that only a client of the API gets.
OTHER_KEY = "ask the operator of this server for a key that may do it"
FILL = "give it a value, or leave it out"
_LONGEST = 2000  # characters of a sentence
_log = logging.getLogger("gopher.web")


class Problem(errors.GopherError):
    """A request that cannot be served, and why. ``pointer`` names the field (RFC 6901)."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        hint: str = "",
        pointer: str | None = None,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        # What came in does not go out again at any length.
        detail = detail if len(detail) <= _LONGEST else f"{detail[:_LONGEST]}…"
        super().__init__(detail, hint)
        self.status = status
        self.detail = detail
        self.pointer = pointer
        self.headers = dict(headers or {})
        self.more = more

    def answer(self, instance: str) -> Response:
        title = HTTPStatus(self.status).phrase
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": title,
            "status": self.status,
            "detail": self.detail,
            "instance": instance,
            "code": title.lower().replace(" ", "_"),
            "error": self.detail,
        }
        if request_id := REQUEST_ID.get():
            body["request_id"] = request_id
        if self.hint:
            body["hint"] = self.hint
        if self.pointer is not None:
            body["errors"] = [{"pointer": f"#{self.pointer}", "detail": self.detail}]
        return Response(msgspec.json.encode(body | self.more), self.status, self.headers, media_type=PROBLEM)


@contextmanager
def field(pointer: str) -> Iterator[None]:
    """What is wrong in here is wrong with this field of the body."""
    try:
        yield
    except (errors.Usage, ValueError) as error:
        # The hints of these errors speak of flags; the pointer says what is meant here.
        raise Problem(422, str(error), pointer=pointer) from error
    except errors.BadData as error:
        status = 413 if isinstance(error, errors.TooLarge) else 422
        raise Problem(status, str(error), hint=error.http_hint, pointer=pointer) from error


async def soon(work: Awaitable[T], more: float = 0.0) -> T:
    """Wait for Redis, and not for long: a client rather hears 503 than nothing. ``more`` in seconds."""
    try:
        async with asyncio.timeout(PATIENCE + more):
            return await work
    except TimeoutError:
        raise errors.Unavailable("Redis does not answer in time") from None


@contextmanager
def under_id(id: str) -> Iterator[None]:
    """Whoever hears 503 in here cannot know whether the job is stored: its id makes another try safe."""
    try:
        yield
    except Problem:
        raise
    except errors.GopherError as error:
        problem = problem_of(error)
        if problem.status == 503 and problem.more.get("code") != "misconfigured":
            problem.hint = send_again(id)
            problem.more["job_id"] = id
        raise problem from error


def send_again(id: str) -> str:
    return f'send it again with "id": "{id}": it is stored once'


def problem_of(error: errors.GopherError) -> Problem:
    """Every error of the verbs as a status. The addresses of our servers stay in our log."""
    match error:
        case errors.Unavailable():
            _log.debug("%s", error)  # a request each; that it went away is told once, by circuit_breaker.py
            return _away("Redis does not answer")
        case errors.Unconfirmed():
            _log.warning("%s", error)
            return _away(str(error), "unconfirmed")
        case errors.MemoryFull():
            return _away("the memory of Redis is full: nothing more is stored for now", "try_later")
        case errors.TryLater():
            _log.debug("%s", error)  # as above
            return _away("Redis accepts no writes for now", "try_later")
        case errors.Denied() | errors.BadConfig():
            _log.warning("%s", error)
            detail = "the queue is not set up well; see the log of the server"
            return _away(detail, "misconfigured", "the operator of this server has to mend it")
        case errors.NotFound():
            return Problem(404, str(error), hint=error.http_hint)
        case errors.Ambiguous():
            hint = f"name the queue: ?queue={error.queues[0]}"
            return Problem(409, str(error), hint=hint, queues=error.queues)
        case errors.TooMany():
            return Problem(409, str(error), hint=error.http_hint, code="too_many")
        case errors.Conflict():
            return Problem(409, str(error), hint=error.http_hint)
        case errors.Refused():
            return Problem(409, str(error), hint=error.http_hint, code="refused")
        case errors.Usage():
            return Problem(422, str(error), hint=error.http_hint)
    _log.error("%s", error)
    return Problem(500, "a stored record cannot be read; see the log of the server")


def _away(detail: str, code: str = "redis_away", hint: str = "send the same request again") -> Problem:
    return Problem(503, detail, hint=hint, headers=RETRY_AFTER, code=code)


@contextmanager
def wished(durability: str) -> Iterator[None]:
    """What cannot be given in here is what the client has asked for; "" where it has not."""
    try:
        yield
    except errors.TooMuch as error:
        if not durability:
            raise
        hint = "ask for less, or leave it to the server: leave durability out"
        raise Problem(422, str(error), hint=hint, pointer="/durability", code="cannot_be_given") from error


def answer_to(error: errors.GopherError | ClientDisconnect, path: str) -> Response:
    """What the client hears."""
    if isinstance(error, ClientDisconnect):
        return Response(status_code=400)  # nobody is there to read it
    return (error if isinstance(error, Problem) else problem_of(error)).answer(path)


def surprise() -> Problem:
    """What nobody has foreseen."""
    return Problem(500, "an error inside of gopher; see the log of the server")


def install(app: FastAPI) -> None:
    """Let every error leave as a problem."""

    async def ours(request: Request, error: Exception) -> Response:
        assert isinstance(error, (errors.GopherError, ClientDisconnect))
        return answer_to(error, request.url.path)

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        note_allowed(request.scope, error)
        details = {404: "there is nothing at this path", 405: "this path does not know that method"}
        detail = details.get(error.status_code, str(error.detail))
        problem = Problem(error.status_code, detail, hint="see /openapi.json", headers=error.headers)
        return problem.answer(request.url.path)

    async def unforeseen(request: Request, error: Exception) -> Response:
        return surprise().answer(request.url.path)

    app.add_exception_handler(errors.GopherError, ours)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(ClientDisconnect, ours)
    app.add_exception_handler(Exception, unforeseen)
