"""A word that outlives one redirection: what an action has done is told on the page that follows it."""

from __future__ import annotations

import base64
import binascii

from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.model.text.safe import safe

_NAME = "gopher_said"
_MOST = 600
KINDS = ("done", "wrong")


def tell(answer: Response, request: Request, message: str, *, kind: str = "done") -> None:
    """Keep a message for the next page of this visitor, a minute at most."""
    text = base64.urlsafe_b64encode(f"{kind}:{message[:_MOST]}".encode()).decode()
    answer.set_cookie(
        _NAME, text, max_age=60, path=_path(request), httponly=True, samesite="strict"
    )  # fmt: skip


def waiting(request: Request) -> tuple[str, str] | None:
    """(kind, message). A page that only refreshes itself leaves it to the one that people see."""
    kept = request.cookies.get(_NAME, "")
    if not kept or request.headers.get("x-live"):
        return None
    try:
        kind, _, message = base64.urlsafe_b64decode(kept).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return (kind, safe(message)) if kind in KINDS else None


def forget(answer: Response, request: Request) -> None:
    answer.delete_cookie(_NAME, path=_path(request), httponly=True, samesite="strict")


def _path(request: Request) -> str:
    return str(request.scope["root_path"]) or "/"
