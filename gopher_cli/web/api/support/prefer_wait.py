"""A client that would rather wait for the end of its job than hear that it is accepted."""

from __future__ import annotations

import re
from contextlib import suppress

from starlette.requests import Request

from gopher_cli.model.errors import GopherError
from gopher_cli.model.job.job import FINAL
from gopher_cli.model.views.job_view import JobDetail
from gopher_cli.web.api.support.etag import awaited
from gopher_cli.web.server.parameters import LONGEST
from gopher_cli.web.server.problems import Problem

_PREFERRED = re.compile(r'\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:;.*)?', re.IGNORECASE)


def wait_of(request: Request) -> float:
    """How many seconds the client would wait, by ``?wait=`` or by Prefer; at most `LONGEST`.

    Raises Problem 422 for a parameter that is not such a number. A preference that is not valid is ignored,
    and one for longer is cut: `Preference-Applied` says so.
    """
    if request.scope["query_string"] and (text := request.query_params.get("wait")) is not None:
        try:
            seconds = float(text)
        except ValueError:
            seconds = -1.0
        if not 0 <= seconds <= LONGEST:
            raise Problem(422, f"wait is a number of seconds, {LONGEST:g} at most", parameter="wait")
        return seconds
    for value in request.headers.getlist("prefer"):
        for preference in value.split(","):
            if match := _PREFERRED.fullmatch(preference):
                return min(float(match[1]), LONGEST)
    return 0.0


def applied(request: Request, seconds: float) -> dict[str, str]:
    """The header that tells a client that its preference was heard."""
    return {"Preference-Applied": f"wait={seconds:g}"} if "prefer" in request.headers else {}


async def ended(request: Request, queue: str, id: str, seconds: float) -> JobDetail | None:
    """The job when it has ended within that time. Nothing that goes wrong here is the job's matter."""
    with suppress(GopherError):
        job = await awaited(request, queue, id, seconds)
        return job if job.state in FINAL else None
    return None
