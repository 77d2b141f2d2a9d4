"""A client that listens to a stream of events: what it has heard can be waited for. No network."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from worker.processes import until


class Stream:
    """``GET path`` to an application, as a server would call it. ``deaf`` takes nothing for now."""

    def __init__(self, app: Any, path: str, *, deaf: bool = False, **headers: str) -> None:
        self.status, self.said, self.ended = 0, "", False
        self.headers: dict[str, str] = {}
        self.hears, self._gone = asyncio.Event(), asyncio.Event()
        if not deaf:
            self.hears.set()
        place, _, query = path.partition("?")
        lines = {"host": "localhost"} | {name.replace("_", "-"): value for name, value in headers.items()}
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
            "scheme": "http", "path": place, "raw_path": place.encode(), "query_string": query.encode(),
            "root_path": "", "server": ("localhost", 80), "client": ("127.0.0.1", 1), "state": {},
            "headers": [(name.encode(), value.encode()) for name, value in lines.items()],
        }  # fmt: skip
        self._asked = False
        self._task = asyncio.ensure_future(app(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        await self.hears.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.said += message.get("body", b"").decode()
            self.ended = not message.get("more_body", False)

    async def heard(self, text: str) -> str:
        """Waits for these words, and answers all that was said."""
        await until(lambda: text in self.said)
        return self.said

    async def watching(self) -> Stream:
        await self.heard(": watching")
        return self

    async def over(self) -> str:
        await until(lambda: self.ended)
        return self.said

    def events(self, name: str = "job") -> list[dict[str, Any]]:
        """The data of all events of this name."""
        return [json.loads(one["data"]) for one in self.frames() if one.get("event") == name]

    def frames(self) -> list[dict[str, str]]:
        """Whole events, as their fields; comments have the field of an empty name."""
        whole = self.said.split("\n\n")[:-1]
        return [dict(line.split(": ", 1) for line in one.splitlines() if ": " in line) for one in whole]

    @property
    def last_id(self) -> str:
        return next(one["id"] for one in reversed(self.frames()) if "id" in one)

    async def hang_up(self) -> None:
        self._gone.set()
        self.hears.set()
        await self._task
