"""Answers that are sent compressed where they are large and the client can read that."""

from __future__ import annotations

import asyncio
import gzip

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gopher_cli.web.server.accept import accepts_gzip

_WORTH_PACKING = 1400  # bytes: less than that is one packet anyway
_LONG = 64 * 1024  # bytes that keep the event loop busy for a millisecond
_LEVEL = 5


class Compression(Response):
    """Compressed by gzip, if it is worth that."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.headers.add_vary_header("Accept-Encoding")
        body = bytes(self.body)
        if len(body) > _WORTH_PACKING and accepts_gzip(Headers(scope=scope)):
            if len(body) > _LONG:
                packed = await asyncio.to_thread(gzip.compress, body, _LEVEL)
            else:
                packed = gzip.compress(body, _LEVEL)
            self.body = packed
            self.headers["Content-Encoding"] = "gzip"
            self.headers["Content-Length"] = str(len(packed))
        await super().__call__(scope, receive, send)
