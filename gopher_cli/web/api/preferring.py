"""A client that would rather wait for the end of its job than hear that it is accepted."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress

from starlette.requests import Request

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import GopherError, NotFound
from gopher_cli.model.stats import JobDetail
from gopher_cli.web.problems import Problem, soon

LONGEST = 60.0  # seconds
_PREFERRED = re.compile(r'\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:;.*)?', re.IGNORECASE)
_LOOKS = (0.02, 0.05, 0.1)  # seconds before each of the first looks; then four a second
_ENDED = ("completed", "failed", "cancelled")


def wait_of(request: Request) -> float:
    """How many seconds the client would wait, by ``?wait=`` or by Prefer; at most a minute.

    Raises Problem 422 for a parameter that is no number. A preference that makes no sense is none.
    """
    if request.scope["query_string"] and (text := request.query_params.get("wait")) is not None:
        try:
            seconds = float(text)
        except ValueError:
            seconds = -1.0
        if not 0 <= seconds <= 1e6:
            raise Problem(422, "wait is a number of seconds, 60 at most", parameter="wait")
        return min(seconds, LONGEST)
    for value in request.headers.getlist("prefer"):
        for preference in value.split(","):
            if found := _PREFERRED.fullmatch(preference):
                return min(float(found[1]), LONGEST)
    return 0.0


def applied(request: Request, seconds: float) -> dict[str, str]:
    """The header that tells a client that its preference was heard."""
    return {"Preference-Applied": f"wait={seconds:g}"} if "prefer" in request.headers else {}


async def ended(request: Request, gopher: Gopher, queue: str, id: str, seconds: float) -> JobDetail | None:
    """The job when it has ended within that time. Nothing that goes wrong here is the job's matter."""
    request.state.patience = seconds  # the time to answer begins when the wait is over
    with suppress(TimeoutError, NotFound, GopherError):
        async with asyncio.timeout(seconds):
            return await _end_of(gopher, queue, id)
    return None


async def _end_of(gopher: Gopher, queue: str, id: str) -> JobDetail:
    looks = iter(_LOOKS)
    while True:
        await asyncio.sleep(next(looks, 0.25))
        job = await soon(gopher.inspect(queue, id))
        if job.state in _ENDED:
            return job
