"""How long an answer may take: changed while a request is open, so that nothing before is late."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from worker.processes import until


def hurry(api: httpx2.AsyncClient, seconds: float) -> None:
    """From now on an answer of this server may take no longer."""
    _clock(api)._answering = seconds


async def outlives_an_answer(api: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait until a request is held because its client wants that, and let the time of an answer go by.

    Returns when it was looked at who is late.
    """
    clock, looks = _clock(api), list[float]()
    await until(lambda: any(one.scope.get("state", {}).get("patience") for one in clock._open))

    def later() -> float:
        looks.append(time.monotonic() + clock._answering + 1)
        return looks[-1]

    monkeypatch.setattr("gopher_cli.web.server.deadlines.time", SimpleNamespace(monotonic=later))
    await until(lambda: len(looks) > 1)


def _clock(api: Any) -> Any:
    return api.app.front._clock
