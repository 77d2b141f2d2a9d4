"""What workers have published of their types: a payload that cannot fit is refused at the door."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import msgspec

from gopher_cli.gopher import Gopher
from gopher_cli.model.job import Job, decode_payload
from gopher_cli.model.schema import check_payload
from gopher_cli.web.problems import field, soon

_FRESH = 5.0  # seconds that a schema may be old


class Published:
    """The schemas of all types, read now and then and not for each job."""

    def __init__(self, gopher: Gopher) -> None:
        self._gopher = gopher
        self._schemas: dict[str, dict[str, Any]] = {}
        self._read_at = float("-inf")

    async def check(self, job: Job) -> None:
        """Raises Problem 422. A type that nobody has published may come later: it passes."""
        if time.monotonic() - self._read_at > _FRESH:
            with suppress(msgspec.DecodeError):  # a worker's mistake must not stop submits
                self._schemas = await soon(self._gopher.types())
            self._read_at = time.monotonic()
        if schema := self._schemas.get(job.spec.type):
            with field("/payload"):
                check_payload(job.spec.type, schema, decode_payload(job.spec.payload))
