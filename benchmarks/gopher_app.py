"""The handlers of the gopher lane, as an application registers them."""

from __future__ import annotations

from typing import Any

from benchmarks import work
from gopher_cli.handlers import Registry

app = Registry()


@app.handler("noop")
async def noop(payload: dict[str, Any]) -> None:
    await work.noop(payload)


@app.handler("noop_sync")
def noop_sync(payload: dict[str, Any]) -> None:
    work.noop_sync(payload)


@app.handler("nap")
async def nap(payload: dict[str, Any]) -> None:
    await work.nap(payload)


@app.handler("probe")
async def probe(payload: dict[str, Any]) -> None:
    await work.probe(payload)
