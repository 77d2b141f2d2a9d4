"""Expects through the API."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from gopher_cli.model.job.defaults import Defaults
from gopher_cli.model.job.value_checks import check_queue, check_type
from gopher_cli.model.schedule.expect import (
    Declared,
    Expect,
    check_every,
    check_expect_name,
    check_grace,
    the_expect,
)
from gopher_cli.model.text.humanize import ms_of
from gopher_cli.remote.http import Wire


class RemoteExpects:
    wire: Wire
    defaults: Defaults

    async def expect(
        self, name: str, type: str, every: float, *, queue: str = "", grace: float = 0.0
    ) -> Declared:
        # A name with a slash would be another address, and all else is told in the words of a shell here.
        path = _path(check_queue(queue or self.defaults.queue), check_expect_name(name))
        body = {"type": check_type(type), "every": check_every(every), "grace": check_grace(grace)}
        answer = self.wire.put(path, body)
        return Declared(expect_of(answer), str(answer["outcome"]))

    async def expects(self, queue: str = "") -> list[Expect]:
        return [expect_of(item) for item in self.wire.get("/expects", {"queue": queue})["items"]]

    async def drop_expect(self, name: str, queue: str = "") -> Expect:
        known = the_expect(await self.expects(queue), name)
        return expect_of(self.wire.delete(_path(known.queue, name)))


def _path(queue: str, name: str) -> str:
    return f"/expects/{quote(queue, safe='')}/{quote(name, safe='')}"


def expect_of(view: dict[str, Any]) -> Expect:
    return Expect(
        queue=view["queue"], name=view["name"], type=view["type"] or "", every=view["every"],
        grace=view["grace"], created=ms_of(view["created_at"]), by=view["created_by"] or "",
        last_success=ms_of(view["last_success_at"]), now=ms_of(view["at"]),
    )  # fmt: skip
