"""API keys over HTTP: make one, list them, revoke one; and end all sessions."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.model.access.api_keys import LIVE, REVOKED, KeyInfo, check_scopes
from gopher_cli.model.access.scopes import ADMIN
from gopher_cli.model.text.duration import parse_duration, rfc3339
from gopher_cli.model.text.rate import parse_rate
from gopher_cli.web.api.routes.jobs import answered
from gopher_cli.web.api.support import openapi
from gopher_cli.web.api.support.body import check_filled, read_json
from gopher_cli.web.api.support.strict_json import parse
from gopher_cli.web.authorize import needs
from gopher_cli.web.server.parameters import only
from gopher_cli.web.server.problems import Problem, field, soon
from gopher_cli.web.services.services import gopher_of, services_of

router = APIRouter(prefix="/api/v1/keys", tags=["keys"], dependencies=[Depends(needs(ADMIN))])


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
_list_answers = openapi.problems(s422="it takes no parameters") | {
    200: openapi.answer("every key, the newest first", "KeyList")
}
_create_answers = openapi.problems(
    s400="the body is not valid JSON", s408="the body did not arrive in time", s409="there are too many keys",
    s413="more than 1 MB", s415="not application/json", s422="a field is not valid",
) | {201: openapi.answer("made; its secret is told here and never again", "NewKeyView")}  # fmt: skip
_revoke_answers = openapi.problems(
    s404="no such key", s409="it was revoked already, or several have this name",
    s422="it takes no parameters",
) | {200: openapi.answer("revoked: it opens nothing any more", "KeyView")}  # fmt: skip
_sign_out_answers = openapi.problems(s422="it takes no parameters") | {
    200: openapi.answer("nobody is signed in any more", "SignedOut", example={"changed": True})
}
_KEY = {"requestBody": {"required": True, "content": openapi.answer("", "KeyRequest")["content"]}}


@router.get("", summary="List the keys", operation_id="list_keys", responses=_list_answers)
async def listed(request: Request) -> Response:
    only(request)
    gopher = gopher_of(request)
    found = await soon(gopher.api_keys())
    at = rfc3339(found[0].as_of_ms) if found else None
    return answered(KeyList(items=[_view(info, info.standing) for info in found], at=at))


@router.post(
    "", summary="Make a key", operation_id="create_key", status_code=201, openapi_extra=_KEY,
    responses=_create_answers,
)  # fmt: skip
async def create(request: Request) -> Response:
    """Its secret is in this answer, and nowhere else."""
    only(request)
    gopher = gopher_of(request)
    asked, lasts = await _read(request)
    with field(""):
        made = await soon(
            gopher.create_key(
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


@router.post(
    "/sign-out-all", summary="End every session", operation_id="sign_out_all", responses=_sign_out_answers
)
async def sign_out_all(request: Request) -> Response:
    """Whoever is signed in to the dashboard has to do it again, on every server within a second."""
    only(request)
    gopher = gopher_of(request)
    changed = await soon(gopher.sign_out_all())
    await services_of(request).authenticator.key_cache.anew()
    return answered(SignedOut(changed=changed))


@router.delete("/{id}", summary="Revoke a key", operation_id="revoke_key", responses=_revoke_answers)
async def revoke(id: str, request: Request) -> Response:
    """By its id, or by a name that no other living key has. Every server knows it within a second."""
    only(request)
    gopher = gopher_of(request)
    gone = await soon(gopher.revoke_key(id))
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
