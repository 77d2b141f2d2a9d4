"""API keys over HTTP: make one, list them, revoke one; and end all sessions."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.model.access.api_keys import LIVE, REVOKED, KeyInfo, check_scopes
from gopher_cli.model.access.scopes import ADMIN
from gopher_cli.model.text.duration import parse_duration, rfc3339
from gopher_cli.model.text.rate import parse_rate
from gopher_cli.web.api.support import openapi
from gopher_cli.web.api.support.body import check_filled, read_json
from gopher_cli.web.api.support.openapi import answers, body_of
from gopher_cli.web.api.support.route_table import Routes
from gopher_cli.web.api.support.strict_json import parse
from gopher_cli.web.api.support.views import answered
from gopher_cli.web.server.problems import Problem, field, soon
from gopher_cli.web.services.services import gopher_of, services_of

routes = Routes("/api/v1/keys", "keys")


class KeyRequest(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A key to make: with a role, or with scopes."""

    name: Annotated[str, Meta(description="what or whom it is for", examples=["deploy"])]
    role: Annotated[str | None, Meta(description="viewer, operator or admin")] = None
    scopes: Annotated[
        list[str] | None, Meta(description="read, submit, submit:QUEUE, operate, metrics, admin")
    ] = None
    expires_in: Annotated[int | float | str | None, Meta(description="seconds, or 90d")] = None
    rate: Annotated[str | None, Meta(description="such as 100/s, on each server process")] = None


class KeyView(msgspec.Struct, kw_only=True):
    """A key, without its secret: nobody knows that. `state` is live, expired or revoked."""

    id: str
    name: str
    scopes: tuple[str, ...]
    state: str
    rate: str | None
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    revoked_at: str | None


class NewKeyView(KeyView, kw_only=True):
    """The one answer that holds the secret."""

    secret: str


class KeyList(msgspec.Struct, kw_only=True):
    items: list[KeyView]
    next_cursor: None = None
    at: Annotated[
        str | None, Meta(description="the time of Redis, at which every `state` was so; null without keys")
    ] = None


class SignedOut(msgspec.Struct, kw_only=True):
    """`changed` is false where nobody has ever signed in."""

    changed: bool


openapi.SCHEMAS += [KeyRequest, KeyView, NewKeyView, KeyList, SignedOut]
_NO = "it takes no parameters"


@routes("GET", ADMIN, "List the keys", answers("KeyList", "every key, the newest first", s422=_NO))
async def list_keys(request: Request) -> Response:
    keys = await soon(gopher_of(request).api_keys())
    at = rfc3339(keys[0].as_of_ms) if keys else None
    return answered(KeyList(items=[_view(info, info.standing) for info in keys], at=at))


@routes(
    "POST", ADMIN, "Make a key", body=body_of("KeyRequest"),
    answers=answers(
        "NewKeyView", "made; its secret is told here and never again", status=201,
        s409="there are too many keys", s422="a field is not valid",
    ),
)  # fmt: skip
async def create_key(request: Request) -> Response:
    """Its secret is in this answer, and nowhere else."""
    asked, lasts = await _read(request)
    with field(""):
        made = await soon(
            gopher_of(request).create_key(
                asked.name,
                role=asked.role or "",
                scopes=asked.scopes or (),
                lasts=lasts,
                rate=asked.rate or "",
            )
        )
    await services_of(request).authenticator.key_cache.anew()
    view = msgspec.structs.asdict(_view(made.info, LIVE))
    return answered(NewKeyView(**view, secret=made.secret), 201)


@routes(
    "POST /sign-out-all", ADMIN, "End every session",
    answers("SignedOut", "nobody is signed in any more", example={"changed": True}, s422=_NO),
)  # fmt: skip
async def sign_out_all(request: Request) -> Response:
    """Whoever is signed in to the dashboard has to do it again, on every server within a second."""
    changed = await soon(gopher_of(request).sign_out_all())
    await services_of(request).authenticator.key_cache.anew()
    return answered(SignedOut(changed=changed))


@routes(
    "DELETE /{id}", ADMIN, "Revoke a key", answers(
        "KeyView", "revoked: it opens nothing any more", s404="no such key",
        s409="it was revoked already, or several have this name", s422=_NO,
    ),
)  # fmt: skip
async def revoke_key(id: str, request: Request) -> Response:
    """By its id, or by a name that no other living key has. Every server knows it within a second."""
    gone = await soon(gopher_of(request).revoke_key(id))
    await services_of(request).authenticator.key_cache.anew()
    return answered(_view(gone, REVOKED))


async def _read(request: Request) -> tuple[KeyRequest, float]:
    """What is asked for, and for how many seconds. Raises Problem."""
    value = parse(await read_json(request))
    check_filled(value)
    try:
        asked = msgspec.convert(value, KeyRequest)
    except msgspec.ValidationError as error:
        raise Problem(422, str(error), pointer="") from error
    _check(asked)
    with field("/expires_in"):
        lasts = 0.0 if asked.expires_in is None else parse_duration(str(asked.expires_in))
        if asked.expires_in is not None and not lasts:
            raise ValueError("a key that expires at once opens nothing")
    return asked, lasts


def _check(asked: KeyRequest) -> None:
    """Raises Problem that points to the role, the scopes or the rate; the verb looks at the rest."""
    if asked.role:
        with field("/role"):
            check_scopes(asked.role)
    elif asked.scopes:
        with field("/scopes"):
            check_scopes("", asked.scopes)
    if asked.rate:
        with field("/rate"):
            parse_rate(asked.rate)


def _view(info: KeyInfo, state: str) -> KeyView:
    return KeyView(
        id=info.id, name=info.name, scopes=info.scopes, state=state,
        rate=info.rate or None, created_at=rfc3339(info.created_ms), expires_at=_when(info.expires_ms),
        last_used_at=_when(info.last_used_ms), revoked_at=_when(info.revoked_ms),
    )  # fmt: skip


def _when(ms: int) -> str | None:
    return rfc3339(ms) if ms else None
