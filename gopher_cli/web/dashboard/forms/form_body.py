"""Who may see a page, and whether a form was ours."""

from __future__ import annotations

from urllib.parse import parse_qs

from starlette.requests import Request

from gopher_cli.web.authorize import check_csrf
from gopher_cli.web.server.problems import Problem

_MOST_BYTES = 4 * 1024 * 1024  # a payload of 1 MB, each byte of it as %XX, and then some
_MOST_FIELDS = 2000


class Form:
    """The fields of a form as they were sent: text, several of one name in their order."""

    def __init__(self, fields: dict[str, list[str]]) -> None:
        self._fields = fields

    def one(self, name: str) -> str:
        """The first value, without space around it; empty where there is none."""
        return self._fields.get(name, [""])[0].strip()

    def raw(self, name: str) -> str | None:
        """The first value as it is; None where the field was not sent."""
        return self._fields[name][0] if name in self._fields else None

    def all(self, name: str) -> list[str]:
        return self._fields.get(name, [])


async def checked_form(request: Request) -> Form:
    """What a form of ours says. Raises Problem 403 for one that no page of this session has made."""
    form = await _read(request)
    check_csrf(request, form.one("csrf_token"))
    return form


async def _read(request: Request) -> Form:
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise Problem(415, "a form is sent as application/x-www-form-urlencoded")
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST_BYTES:
            raise Problem(413, "this form is too large")
    try:
        fields = parse_qs(
            body.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict"
        )
    except ValueError as error:
        raise Problem(400, "this form cannot be read") from error
    return Form(fields)
