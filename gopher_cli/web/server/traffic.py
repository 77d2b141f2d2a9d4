"""What this process alone can tell: the requests it has answered, and how promptly its loop turns."""

from __future__ import annotations

import asyncio
import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.process_collector import ProcessCollector
from starlette.types import Scope

from gopher_cli.web.server.exchange import Exchange

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_BEAT = 0.5  # seconds


def method_of(scope: Scope) -> str:
    """Methods are without end, too."""
    return str(scope["method"]) if scope["method"] in _METHODS else "other"


class Traffic:
    """Metrics of one server process: these may be added up over all processes."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._templates: dict[int, str] = {}  # by the identity of an endpoint, which lives as long as we
        # Finding them by their labels takes longer than counting.
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "gopher_http_requests",
            "Requests that this process has answered, by the template of their route ((none): no such path); "
            "code 0 is a client that was gone before the answer.",
            ["method", "route", "code"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "gopher_http_request_duration_seconds",
            "From a request to the beginning of its answer, in this process.",
            ["method", "route"],
            buckets=_BOUNDS,
            registry=self.registry,
        )
        self._lag = Gauge(
            "gopher_event_loop_lag_seconds",
            "How late the event loop of this process wakes those who sleep: high where something blocks it.",
            registry=self.registry,
        )

    def count(self, exchange: Exchange) -> None:
        """By route, never by path: paths are without end."""
        scope, code = exchange.scope, exchange.code
        method = method_of(scope)
        route = self.route_of(scope)
        known = self._children.get((method, route, code))
        if known is None:
            known = self._requests.labels(method, route, str(code)), self._seconds.labels(method, route)
            self._children[method, route, code] = known
        known[0].inc()
        known[1].observe(exchange.took or time.monotonic() - exchange.began)

    def route_of(self, scope: Scope) -> str:
        """FastAPI's routes say which they are; of others the endpoint is found among all routes, once."""
        if path := getattr(scope.get("route"), "path", ""):
            return str(path)
        endpoint = scope.get("endpoint")
        if endpoint is None:
            return "(none)"
        if template := self._templates.get(id(endpoint)):
            return template
        for route in scope["app"].routes:
            if getattr(route, "endpoint", getattr(route, "app", None)) is endpoint:
                self._templates[id(endpoint)] = str(route.path)
                return str(route.path)
        return "(none)"

    async def feel_lag(self) -> None:
        """Measure again and again, until it is cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _BEAT
            await asyncio.sleep(_BEAT)
            self._lag.set(max(0.0, loop.time() - due))
