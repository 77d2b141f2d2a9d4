"""Handlers that an older application does not have."""

from __future__ import annotations

from typing import Any

from gopher_cli import Gopher

app = Gopher()


@app.handler("echo")
async def echo(payload: Any) -> Any:
    return payload


@app.handler("greet")
async def greet(payload: Any) -> str:
    return f"hello {payload}"
