"""What workers have published of their types: a payload that cannot fit is refused at the door."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any

import msgspec

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import GopherError
from gopher_cli.model.job.job import Job
from gopher_cli.model.job.payload import decode_payload
from gopher_cli.model.schema.json_schema import Misfit, check_payload
from gopher_cli.model.text.json_text import pointer_to
from gopher_cli.web.server.problems import Problem, soon

_FRESH = 5.0  # seconds that a schema may be old


class TypeSchemas:
    """The schemas of all types, read now and then and not for each job, by one for all who ask."""

    def __init__(self, gopher: Gopher) -> None:
        self._gopher = gopher
        self._schemas: dict[str, dict[str, Any]] = {}
        self._read_at = float("-inf")
        self._reading: asyncio.Task[None] | None = None

    async def check(self, job: Job) -> None:
        """Raises Problem 422. A type that nobody has published may come later: it passes."""
        await self.refresh()
        self.fits(job, decode_payload(job.spec.payload))

    @property
    def is_old(self) -> bool:
        return time.monotonic() - self._read_at > _FRESH

    async def refresh(self) -> None:
        """Raises Unavailable and others only where nothing at all is known yet."""
        if not self.is_old:
            return
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())
            self._reading.add_done_callback(_heard)
        if self._read_at == float("-inf"):
            await asyncio.shield(self._reading)

    def fits(self, job: Job, payload: Any) -> None:
        """Raises Problem 422 where the type's schema, as far as it is known, forbids this payload."""
        if schema := self._schemas.get(job.spec.type):
            try:
                check_payload(job.spec.type, schema, payload)
            except Misfit as misfit:
                raise _pointing(misfit) from None

    async def _read(self) -> None:
        try:
            with suppress(msgspec.DecodeError):  # a worker's mistake must not stop submits
                self._schemas = await soon(self._gopher.types())
            self._read_at = time.monotonic()
        except GopherError:
            if self._read_at == float("-inf"):
                raise
        finally:
            self._reading = None


def _heard(reading: asyncio.Task[None]) -> None:
    """Its failure belongs to who waits for it. Where all have gone, asyncio shall not tell it as a bug."""
    if not reading.cancelled():
        reading.exception()


def _pointing(misfit: Misfit) -> Problem:
    """To each field at fault; ``pointer`` is for who can show one only."""
    errors = [
        {"pointer": f"#{pointer_to('payload', *fault.path)}", "detail": str(fault)[:500]}
        for fault in misfit.faults
    ]
    first = pointer_to("payload", *misfit.faults[0].path)
    return Problem(422, str(misfit), hint=misfit.http_hint, pointer=first, errors=errors)
