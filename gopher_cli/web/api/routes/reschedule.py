"""Another time for a job over HTTP."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.model.access.scopes import OPERATE
from gopher_cli.model.select.actions import RESCHEDULE
from gopher_cli.model.text.duration import parse_duration, parse_when
from gopher_cli.web.api.routes.job_actions import ACTION, do
from gopher_cli.web.api.support import openapi
from gopher_cli.web.api.support.body import check_filled, read_json
from gopher_cli.web.api.support.openapi import body_of
from gopher_cli.web.api.support.route_table import Routes
from gopher_cli.web.api.support.strict_json import parse
from gopher_cli.web.server.problems import Problem, field

routes = Routes("/api/v1/jobs", "jobs")


class Moment(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """When a job is due: at a time, or after a while. A time that is over means now."""

    execute_at: Annotated[
        int | float | str | None,
        Meta(description="RFC 3339, or seconds since 1970", examples=["2030-01-31T08:00:00Z"]),
    ] = None
    delay: Annotated[int | float | str | None, Meta(description="seconds, or 1h30m", examples=["2h"])] = None


openapi.SCHEMAS += [Moment]


@routes("POST /{id}/reschedule", OPERATE, "Give a waiting job another time", **ACTION, body=body_of("Moment"))
async def reschedule_job(id: str, request: Request) -> Response:
    """A scheduled one, or one that waits for its next attempt; its attempts stay as they are."""
    due, delay = await _read(request)
    return await do(
        request,
        id,
        RESCHEDULE,
        lambda gopher, queue: gopher.reschedule(queue, [id], due=due, delay=delay),
    )


def _guess(value: object) -> None:
    """Raises Problem for the words of the command line, which are other ones here."""
    for word, meant in (("at", "execute_at"), ("in", "delay")):
        if isinstance(value, dict) and word in value:
            raise Problem(422, f"there is no field {word}", hint=f"did you mean {meant}?", pointer=f"/{word}")


async def _read(request: Request) -> tuple[float | None, float]:
    """Epoch seconds, or seconds from now. Raises Problem."""
    value = parse(await read_json(request))
    _guess(value)
    check_filled(value)
    try:
        asked = msgspec.convert(value, Moment)
    except msgspec.ValidationError as error:
        raise Problem(422, str(error), pointer="") from error
    if (asked.execute_at is None) == (asked.delay is None):
        raise Problem(422, "one of execute_at and delay is wanted, and not both", pointer="")
    if asked.delay is None:
        with field("/execute_at"):
            return parse_when(str(asked.execute_at)), 0.0
    with field("/delay"):
        return None, parse_duration(str(asked.delay))
