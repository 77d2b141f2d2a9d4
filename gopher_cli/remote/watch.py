"""Watching through the API: server-sent events, read ahead by a thread and handed over look by look."""

from __future__ import annotations

import http.client
import threading
from collections import deque
from collections.abc import Iterator, Sequence

import msgspec

from gopher_cli.model.errors import GopherError, Unavailable
from gopher_cli.model.events import MISSED, OF_QUEUES, OF_SCHEDULES, EventId, JobEvent, read_event_id
from gopher_cli.model.text.humanize import ms_of
from gopher_cli.remote.http import PATIENCE, Wire

_READY = "watching"  # the comment of a server from which on nothing is missed
_LONG_AGO = "1-0-default"


class RemoteWatching:
    wire: Wire

    def event_reader(
        self, queues: Sequence[str] = (), *, last_id: str = "", ago: float = 0.0, types: bool = False
    ) -> RemoteLookout:
        return RemoteLookout(self.wire, queues, last_id=last_id, ago=ago)

    async def past_events(
        self, queues: Sequence[str] = (), *, types: bool = False, ago: float = 0.0
    ) -> list[JobEvent] | None:
        """None where nothing is known, as a rule because nobody has watched."""
        past, least = RemoteLookout(self.wire, queues, last_id=_LONG_AGO), since_ms(self.wire, ago)
        events = [event for event in await past.look() if event.state != MISSED]
        past.close()
        return [event for event in events if event.at_ms >= least] if events else None


def since_ms(wire: Wire, ago: float) -> int:
    """The time so many seconds ago, by the clock of the Redis over there; the beginning for none."""
    return max(0, ms_of(wire.get("/stats")["at"]) - round(ago * 1000)) if ago else 0


class RemoteLookout:
    """As a Lookout: each `look` answers what has happened since the last one, the first all until now."""

    def __init__(self, wire: Wire, queues: Sequence[str], *, last_id: str = "", ago: float = 0.0) -> None:
        self._wire, self._queues = wire, list(queues)
        self._last_id, self._ago = last_id, ago
        self._answer: http.client.HTTPResponse | None = None
        self._heard: deque[JobEvent] = deque()
        self._ready, self._ended = threading.Event(), threading.Event()
        self._away = False

    async def look(self) -> list[JobEvent]:
        """Raises Unavailable while the server, or its Redis, is away; look again then."""
        if self._answer is None:
            self._open()
        events = [self._heard.popleft() for _ in range(len(self._heard))]
        if self._ended.is_set() and not events and not self._heard:
            self.close()
            raise Unavailable(f"the API at {self._wire.url} has hung up")
        if self._away and not events:
            raise Unavailable("Redis does not answer the server of the API")
        return events

    def close(self) -> None:
        if self._answer is not None:
            self._wire.hang_up(self._answer)
            self._answer = None

    def _open(self) -> None:
        if self._ago and not self._last_id:
            self._last_id = str(EventId(since_ms(self._wire, self._ago), 0, "default"))
        asked = {"queue": self._queues, "last_event_id": self._last_id}
        self._answer = answer = self._wire.stream("/events", asked)
        self._ready, self._ended = threading.Event(), threading.Event()
        marks = self._ready, self._ended
        threading.Thread(target=self._read, args=(answer, *marks), daemon=True).start()
        self._ready.wait(PATIENCE)

    def _read(self, answer: http.client.HTTPResponse, ready: threading.Event, ended: threading.Event) -> None:
        whole: list[dict[str, str]] = []
        try:
            for frame in _frames(answer):
                self._last_id = frame.get("id", self._last_id)
                if frame.get("") == _READY:
                    ready.set()
                data = msgspec.json.decode(frame.get("data", "{}"), type=dict[str, str | None])
                fields = {name: value for name, value in data.items() if value is not None}
                if frame.get("event") == "redis":
                    self._away = fields["status"] == "away"
                    ready.set()
                elif fields:
                    whole.append(fields)
                    if "id" in frame:  # of the jobs of one event the last one carries it
                        self._heard.append(_event(frame["id"], whole))
                        whole = []
        except (OSError, http.client.HTTPException, GopherError, ValueError, KeyError, AttributeError):
            pass  # whatever it is: it is said that the server has hung up
        ended.set()
        ready.set()


def _frames(answer: http.client.HTTPResponse) -> Iterator[dict[str, str]]:
    """The fields of each; the name of a comment is empty."""
    frame: dict[str, str] = {}
    while line := answer.readline():
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        if text:
            name, _, value = text.partition(":")
            frame[name] = value.removeprefix(" ")
        elif frame:
            yield frame
            frame = {}


def _event(id: str, whole: list[dict[str, str]]) -> JobEvent:
    first = whole[0]
    if first["status"] in OF_QUEUES:
        return JobEvent(read_event_id(id), first["status"])
    if first["status"] in OF_SCHEDULES:
        return JobEvent(read_event_id(id), first["status"], (first["schedule"],))
    ids = tuple(fields["job_id"] for fields in whole)
    types = {fields["job_id"]: fields["type"] for fields in whole if "type" in fields}
    return JobEvent(read_event_id(id), first["status"], ids, types)
