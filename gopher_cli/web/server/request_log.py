"""A line in the log for each request; where they are too many, one for all that are alike."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections import Counter
from collections.abc import Callable
from urllib.parse import quote

from starlette.types import Scope

from gopher_cli.web.server.exchange import Exchange
from gopher_cli.web.server.traffic import method_of

_MOST = 100  # lines a second: nobody reads more, and writing them takes longer than submitting a job
_log = logging.getLogger("gopher.web")
# A key of ours wherever it stands, and what its name says is one.
_KEY = re.compile(r"(gk_[0-9a-f]{1,10}_)[A-Za-z0-9_%-]+")
_NAMED_KEY = re.compile(r"([?&][^=&]*(?:key|token|secret|password|auth)[^=&]*=)[^&]*", re.IGNORECASE)


class RequestLog:
    """``route_of`` names the route of a request, which says what those that are not told have in common."""

    def __init__(self, route_of: Callable[[Scope], str]) -> None:
        self._route_of = route_of
        self._second = self._lines = 0
        self._untold: Counter[tuple[str, str, int]] = Counter()

    def tell(self, exchange: Exchange) -> None:
        if not _log.isEnabledFor(logging.INFO):
            return
        if (now := int(time.monotonic())) != self._second:
            self._second, self._lines = now, 0
        self._lines += 1
        if self._lines <= _MOST:
            _tell_one(exchange)
            return
        if not self._untold:
            asyncio.get_running_loop().call_later(1.0, self.tell_the_rest)
        scope = exchange.scope
        self._untold[method_of(scope), self._route_of(scope), exchange.code] += 1

    def tell_the_rest(self) -> None:
        """What was only counted by now."""
        untold, self._untold = self._untold, Counter()
        for (method, route, status), count in untold.items():
            fields = {"method": method, "route": route, "status": status, "count": count}
            _log.info("%s %s %d: %d more", method, route, status, count, extra={"fields": fields})


def _tell_one(exchange: Exchange) -> None:
    scope, ms = exchange.scope, round(exchange.took * 1000, 1)
    client = scope.get("client")
    fields = {
        "method": scope["method"],
        "path": without_keys(_path(scope)),
        "status": exchange.code,
        "ms": ms,
        "client": f"{client[0]}:{client[1]}" if client else "",
        "request_id": exchange.id,
    }
    parts = (fields[name] for name in ("method", "path", "status", "ms", "client"))
    _log.info("%s %s %d %gms %s", *parts, extra={"fields": fields})


def _path(scope: Scope) -> str:
    query = scope["query_string"].decode("latin-1")
    return quote(scope["path"]) + (f"?{query}" if query else "")


def without_keys(path: str) -> str:
    """An address as it may be written down: some people send keys in it, though they open nothing there."""
    return _NAMED_KEY.sub(r"\1***", _KEY.sub(r"\1***", path))
