"""Keys for the tests of the door, and a clock that can be put forward."""

from __future__ import annotations

import re
import time
from types import SimpleNamespace
from typing import Any

import httpx2

from gopher_cli.gopher import Gopher

STATS = "/api/v1/stats"
JOBS = "/api/v1/jobs"
KEYS = "/api/v1/keys"


async def key(gopher: Gopher, *scopes: str, role: str = "", **more: Any) -> dict[str, str]:
    """A new key, as the header that carries it."""
    made = await gopher.create_key(more.pop("name", "k"), role=role, scopes=scopes, **more)
    return {"X-API-KEY": made.secret}


def session_of(answer: httpx2.Response) -> dict[str, str]:
    """The session that this answer has begun, as the header that carries it."""
    found = re.search(r"gopher_session_[0-9a-f]{8}=[^;]+", answer.headers["set-cookie"])
    assert found
    return {"cookie": found[0]}


class Clock:
    """The time as a module of ours sees it; ``ahead`` is in seconds.

    Its monotonic clock stands still but for that: how long a test takes does not count. A whole number, so
    that a second more is one to the last digit.
    """

    def __init__(self) -> None:
        self.ahead = 0.0
        self._still = float(round(time.monotonic()))

    def module(self) -> Any:
        return SimpleNamespace(
            monotonic=lambda: self._still + self.ahead,
            time=lambda: time.time() + self.ahead,
            time_ns=lambda: time.time_ns() + round(self.ahead * 1e9),
        )
