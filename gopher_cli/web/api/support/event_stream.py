"""Events as they go over the wire (server-sent events), and which of them a client wants."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from typing import Any

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import TryLater, Unavailable
from gopher_cli.model.events import OF_QUEUES, OF_SCHEDULES, EventFilter, EventId, JobEvent
from gopher_cli.model.text.duration import rfc3339
from gopher_cli.web.services.event_feed import AWAY, BACK, READY, Client, EventFeed, replay

PING = 15.0  # seconds
LOOK = 0.5  # seconds between two looks at the key of a client: it is out about a second after its end
_AGAIN = 1.0
_FAREWELL = 0.5  # seconds for the last word
_log = logging.getLogger("gopher.web")


class JobHappening(msgspec.Struct):
    """A job came to a state. `type` is null where nobody knows it any more."""

    job_id: str
    type: str | None
    queue: str
    status: str
    at: str


class QueueHappening(msgspec.Struct):
    """A queue was `paused` or `resumed`; `missed`: something may have happened that was not told."""

    queue: str
    status: str
    at: str


class ScheduleHappening(msgspec.Struct):
    """A tick of a schedule was skipped or missed, or it was paused or resumed."""

    schedule: str
    queue: str
    status: str
    at: str


def frames(event: JobEvent, filter: EventFilter) -> str:
    """The event in words of the wire; empty where nothing of it is wanted.

    Only the last job carries the id: who breaks off in between hears all of them again.
    """
    if not filter.has(event):
        return ""
    at = rfc3339(event.at_ms)
    if event.state in OF_QUEUES:
        return _frame("queue", QueueHappening(event.queue, event.state, at), event.id)
    if event.state in OF_SCHEDULES:
        name = event.job_ids[0] if event.job_ids else ""
        return _frame("schedule", ScheduleHappening(name, event.queue, event.state, at), event.id)
    ids = filter.ids(event)
    happenings = [JobHappening(id, event.types.get(id), event.queue, event.state, at) for id in ids]
    return "".join(
        _frame("job", happening, event.id if happening is happenings[-1] else None)
        for happening in happenings
    )


def _frame(name: str, data: object, id: EventId | None = None) -> str:
    head = f"id: {id}\n" if id else ""
    return f"{head}event: {name}\ndata: {msgspec.json.encode(data).decode()}\n\n"


def _comment(text: str, at: EventId | None) -> str:
    """With a place to come back to: not all that happens is wanted, and told."""
    return f": {text}\nid: {at}\n\n" if at else f": {text}\n\n"


async def tell(
    feed: EventFeed, client: Client, filter: EventFilter, last_id: str, still: Callable[[], Awaitable[bool]]
) -> AsyncIterator[str]:
    """All that one client hears. ``still``: whether it may go on, asked again and again."""
    yield "retry: 2000\n\n"
    heard: dict[str, EventId] = {}
    at: EventId | None = None
    clock = asyncio.get_running_loop().time
    look, ping = clock() + LOOK, clock() + PING
    while not client.cut:
        if clock() >= look:
            if not await still():
                yield ": this key opens nothing any more\n\n"
                return
            look = clock() + LOOK
        if clock() >= ping:
            yield _comment("still here", feed.position if client.news.empty() else at)
            ping = clock() + PING
        try:
            # Not wait_for, which may forget that it was cancelled.
            async with asyncio.timeout(min(look, ping) - clock()):
                news = await client.news.get()
        except TimeoutError:
            continue
        if news == READY:
            if last_id:
                async with aclosing(_replayed(feed.gopher, last_id, filter, heard)) as replayed:
                    async for frame in replayed:
                        yield frame
            yield _comment("watching", None if last_id else feed.position)
        elif isinstance(news, str):
            yield _frame("redis", {"status": news})
        else:
            at = news.id
            is_new = news.queue not in heard or at > heard[news.queue]
            if is_new and (frame := frames(news, filter)):
                yield frame
    yield ": too slow: come back with the last id\n\n"


async def _replayed(
    gopher: Gopher, last_id: str, filter: EventFilter, heard: dict[str, EventId]
) -> AsyncGenerator[str]:
    """What happened while the client was away; ``heard`` learns how far that goes in each queue."""
    away = False
    while True:
        try:
            events = await replay(gopher, last_id)
            break
        except (Unavailable, TryLater):
            if not away:
                yield _frame("redis", {"status": AWAY})
            away = True
            await asyncio.sleep(_AGAIN)
    if away:
        yield _frame("redis", {"status": BACK})
    for event in events:
        heard[event.queue] = event.id
        if frame := frames(event, filter):
            yield frame


class EventStream(Response):
    """An answer without an end: until the client hangs up, or the feed is closed."""

    media_type = "text/event-stream"

    def __init__(self, frames: AsyncIterator[str], closed: asyncio.Event, leave: Callable[[], None]) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._told, self._closed, self._leave = frames, closed, leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["streams"] = True  # see clock.Clock
        ways_to_end: list[asyncio.Future[Any]] = [
            asyncio.ensure_future(self._speak(send)),
            asyncio.ensure_future(_hung_up(receive)),
            asyncio.ensure_future(self._closed.wait()),
        ]
        try:
            await asyncio.wait(ways_to_end, return_when=asyncio.FIRST_COMPLETED)
            if ways_to_end[0].done() and (error := ways_to_end[0].exception()):
                _log.error("a stream of events broke off: %s", error)
        finally:
            self._leave()
            for way in ways_to_end:
                way.cancel()
            await asyncio.gather(*ways_to_end, return_exceptions=True)
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(_FAREWELL):
                last = b": this server stops; come back\n\n" if self._closed.is_set() else b""
                await send({"type": "http.response.body", "body": last, "more_body": False})

    async def _speak(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        await send(start)
        async for frame in self._told:
            await send({"type": "http.response.body", "body": frame.encode(), "more_body": True})


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
