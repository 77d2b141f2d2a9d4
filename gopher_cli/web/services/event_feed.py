"""The feed: one event reader for all clients that watch, and a short line of news for each of them."""

from __future__ import annotations

import asyncio
import logging

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import GopherError, TryLater, Unavailable
from gopher_cli.model.events import EventId, JobEvent
from gopher_cli.verbs.read.event_reader import EventReader
from gopher_cli.verbs.read.watch import EVERY
from gopher_cli.web.server.problems import Problem, soon

AWAY, BACK = "away", "back"
READY = "ready"  # from here on nothing is missed
_ROOM = 1000  # events that a client may be behind
_AGAIN = 1.0  # seconds between two looks while Redis is away
_log = logging.getLogger("gopher.web")

News = JobEvent | str  # or READY, AWAY, BACK


class Client:
    """One who watches. ``cut``: it was too slow, and has missed something."""

    def __init__(self) -> None:
        self.news: asyncio.Queue[News] = asyncio.Queue(_ROOM)
        self.cut = False

    def hear(self, news: News) -> None:
        try:
            self.news.put_nowait(news)
        except asyncio.QueueFull:
            self.cut = True


class EventFeed:
    """``most`` clients at once. It looks while somebody watches, and not otherwise."""

    def __init__(self, gopher: Gopher, most: int) -> None:
        self.gopher = gopher
        self.closed = asyncio.Event()
        self._most = most
        self._clients: set[Client] = set()
        self._looking: asyncio.Task[None] | None = None
        self._lookout: EventReader | None = None
        self._ready = self._away = False

    def join(self) -> Client:
        """Raises Problem 503 where too many watch already."""
        if len(self._clients) >= self._most or self.closed.is_set():
            detail = f"{self._most} clients watch already, and this server lets no more"
            hint = "ask again later, or let it have more: SERVER_EVENT_CLIENTS"
            raise Problem(503, detail, hint=hint, headers={"Retry-After": "10"})
        client = Client()
        self._clients.add(client)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look_again_and_again())
        for is_so, word in ((self._ready, READY), (self._away, AWAY)):
            if is_so:
                client.hear(word)
        return client

    def leave(self, client: Client) -> None:
        self._clients.discard(client)
        if not self._clients and self._looking:
            self._looking.cancel()
            self._looking, self._lookout = None, None
            self._ready = self._away = False

    @property
    def position(self) -> EventId | None:
        """Up to where all news were handed out."""
        return self._lookout.position if self._lookout else None

    def close(self) -> None:
        """End all streams: a server that stops does not wait for them."""
        self.closed.set()
        for client in list(self._clients):
            self.leave(client)

    async def _look_again_and_again(self) -> None:
        reader = self._lookout = self.gopher.event_reader(types=True)
        while True:
            for news in await self._look(reader):
                for client in self._clients:
                    client.hear(news)
            await asyncio.sleep(_AGAIN if self._away else EVERY)

    async def _look(self, reader: EventReader) -> list[News]:
        was_ready, was_away = self._ready, self._away
        try:
            events = await soon(reader.look())
        except GopherError as error:
            if not isinstance(error, (Unavailable, TryLater)) and not was_away:
                _log.error("what happens to jobs cannot be told: %s", error)
            self._away = True
            return [] if was_away else [AWAY]
        except Exception:  # a bug must not leave all clients waiting for ever
            _log.exception("what happens to jobs cannot be told")
            self._away = True
            return [] if was_away else [AWAY]
        self._ready, self._away = True, False
        words = ((not was_ready, READY), (was_away, BACK))
        return [*(word for is_so, word in words if is_so), *events]


async def replay(gopher: Gopher, last_id: str) -> list[JobEvent]:
    """What has happened since this event. Raises Unavailable, TryLater."""
    reader, events = gopher.event_reader(last_id=last_id, types=True), list[JobEvent]()
    while more := await soon(reader.look()):
        events += more
    return events
