"""API keys: who has one, what it opens, and when it was last used; make one, revoke one.

The secret of a new key is in the answer to the form that has made it, and nowhere else: in no address, in
no cookie, and not on the page that one comes back to.
"""

from __future__ import annotations

import hashlib

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.gopher import Gopher
from gopher_cli.model.access.api_keys import LIVE, ListedKey
from gopher_cli.model.access.scopes import ADMIN, ROLES, SCOPES
from gopher_cli.model.errors import NotFound, Refused
from gopher_cli.model.job.ids import VALID_ID, new_id
from gopher_cli.web.authorize import needs
from gopher_cli.web.dashboard.forms.form_body import Form, checked_form
from gopher_cli.web.dashboard.forms.form_values import Faults
from gopher_cli.web.dashboard.forms.key_form import role_of, wanted_key
from gopher_cli.web.dashboard.page_route import PageRoute, redirect
from gopher_cli.web.dashboard.render import page
from gopher_cli.web.server.problems import soon
from gopher_cli.web.services.services import gopher_of, services_of

_A_DAY = 86400.0
router = APIRouter(route_class=PageRoute, dependencies=[Depends(needs(ADMIN))])


@router.get("/keys")
async def keys(request: Request) -> Response:
    """The living first, and the newest of each."""
    gopher = gopher_of(request)
    known = await soon(gopher.api_keys())
    settings = services_of(request).settings
    return page(
        request, "keys.html", keys=sorted(known, key=lambda key: key.standing != LIVE), role_of=role_of,
        live=LIVE, now=await soon(gopher.time_ms()), has_own=bool(settings.api_key),
    )  # fmt: skip


@router.get("/keys/new")
async def ask(request: Request) -> Response:
    return await _form(request, Form({}), {})


@router.post("/keys")
async def make(request: Request) -> Response:
    """The one page that shows the secret. The form, sent again by a reload, makes no second key."""
    form, gopher = await checked_form(request), gopher_of(request)
    asked = wanted_key(form)
    if asked.faults or not VALID_ID.fullmatch(
        form.one("id")
    ):  # without an id of its own it is not a form of ours
        return await _form(request, form, asked.faults, status=422)
    is_first = not await soon(gopher.api_keys())
    if not await _is_new(gopher, form.one("id")):
        message = "This form was sent before. Look whether its key is here: its secret is not told twice."
        return redirect(request, "/keys", message=message, kind="wrong")
    try:
        made = await soon(gopher.create_key(
            asked.name, scopes=asked.scopes, lasts=asked.lasts, rate=asked.rate))  # fmt: skip
    except Refused as error:
        return await _form(request, form, {"": str(error)}, status=409)
    await services_of(request).authenticator.key_cache.anew()
    locks = is_first and request.state.caller.via == "open"
    return page(request, "key_made.html", status=201, key=made.info, secret=made.secret, locks=locks,
                is_admin=ADMIN in made.info.scopes)  # fmt: skip


@router.get("/keys/{id}/revoke")
async def confirm(id: str, request: Request) -> Response:
    return page(request, "key_revoke.html", key=await _known(request, id), role_of=role_of)


@router.post("/keys/{id}/revoke")
async def revoke(id: str, request: Request) -> Response:
    await checked_form(request)
    gone = await soon(gopher_of(request).revoke_key((await _known(request, id)).id))
    await services_of(request).authenticator.key_cache.anew()
    return redirect(request, "/keys", message=f"The key {gone.name} ({gone.id}) opens nothing any more.")


@router.get("/sign-out-all")
async def confirm_sign_out(request: Request) -> Response:
    return page(request, "sign_out_all.html")


@router.post("/sign-out-all")
async def sign_out_all(request: Request) -> Response:
    """Whoever is signed in has to do it again, also who asks for it."""
    await checked_form(request)
    changed = await soon(gopher_of(request).sign_out_all())
    await services_of(request).authenticator.key_cache.anew()
    message = "Everybody is signed out." if changed else "Nobody has ever signed in."
    return redirect(request, "/keys", message=message)


async def _form(request: Request, form: Form, faults: Faults, *, status: int = 200) -> Response:
    """With a new id each time: what was refused may be sent again."""
    gopher = gopher_of(request)
    known = await soon(gopher.api_keys())
    return page(
        request, "key_new.html", status=status, form=form, faults=faults, id=new_id(),
        wrong=list(faults.items()), roles=list(ROLES), scopes=SCOPES, is_first=not known,
        queues=await soon(gopher.queues()), asked=bool(form.one("id")),
    )  # fmt: skip


async def _known(request: Request, id: str) -> ListedKey:
    """Only by its id: what a page names is never ambiguous. Raises NotFound."""
    keys = await soon(gopher_of(request).api_keys())
    if key := next((row for row in keys if row.id == id), None):
        return key
    raise NotFound(f"There is no key {id[:80]!r}.")


async def _is_new(gopher: Gopher, id: str) -> bool:
    """Whether a form comes for the first time, on whichever server."""
    digest = hashlib.sha256(f"a key by form\n{id}".encode()).hexdigest()[:32]
    mark = new_id().encode()
    return await soon(gopher.claim_reply(digest, mark, _A_DAY)) == mark
