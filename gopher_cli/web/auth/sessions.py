"""Sessions of the dashboard: a cookie in the place of a key, and the proof that a form was ours."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Mapping
from typing import NamedTuple

from starlette.requests import Request

_COOKIE = "gopher_session_"
LASTS = 12 * 3600  # seconds
# The id of a key, or what stands for API_KEY; when it ends; its own id, by chance; the seal.
_FORM = re.compile(r"([0-9a-f]{10}|environment)\.([0-9]{1,12})\.[A-Za-z0-9_-]{16}\.([0-9a-f]{64})")


class Session(NamedTuple):
    """``ends`` in epoch seconds; ``csrf`` is what its forms have to carry."""

    id: str
    key_id: str
    ends: int
    csrf: str


def cookie_in(request: Request, seal: str) -> str:
    """The text of the cookie of servers with this seal and this prefix; empty where there is none.

    Its name says whose it is: browsers send one host's cookies to every port, and to every path below.
    """
    return request.cookies.get(_name(seal, request), "")


def has_cookie(cookies: Mapping[str, str]) -> bool:
    """Whether one of a gopher is among them, ours or another's."""
    return any(name.startswith(_COOKIE) for name in cookies)


def sealed(seal: str, key_id: str, digest: str, ends: int) -> str:
    """The text of a cookie. It dies with the key whose digest goes into the seal."""
    body = f"{key_id}.{ends}.{secrets.token_urlsafe(12)}"
    return f"{body}.{_mac(seal, 'session', body, digest)}"


def claimed(cookie: str) -> str:
    """The id of the key that a cookie speaks of; nothing is proved yet. Empty for no cookie of ours."""
    match = _FORM.fullmatch(cookie)
    return match[1] if match and int(match[2]) > time.time() else ""


def proved(seal: str, cookie: str, digest: str) -> Session | None:
    """The session, when we have sealed it for the key with this digest."""
    body, _, mac = cookie.rpartition(".")
    if not seal or not hmac.compare_digest(mac, _mac(seal, "session", body, digest)):
        return None
    key_id, ends, id = body.split(".")
    return Session(id, key_id, int(ends), _mac(seal, "form", cookie))


def is_over(session: Session, signed_out: Mapping[str, int]) -> bool:
    """Whether somebody has signed it out: by itself, or with others of its key."""
    return session.id in signed_out or signed_out.get(session.key_id, 0) >= session.ends


def csrf_token(request: Request) -> str:
    """What a form of this visitor has to carry; empty where nobody is signed in, and nothing is needed."""
    session: Session | None = getattr(request.state, "session", None)
    return session.csrf if session else ""


def set_cookie(request: Request, seal: str, value: str, lasts: int, *, secure: bool) -> str:
    """The value of the Set-Cookie header with the text of a cookie, for ``lasts`` seconds."""
    path, only = request.scope["root_path"] or "/", "; Secure" if secure else ""
    return f"{_name(seal, request)}={value}; HttpOnly; Max-Age={lasts}; Path={path}; SameSite=Strict{only}"


def _name(seal: str, request: Request) -> str:
    return f"{_COOKIE}{_mac(seal, 'name', request.scope['root_path'])[:8]}"


def _mac(seal: str, *parts: str) -> str:
    return hmac.new(seal.encode(), "\n".join(parts).encode(), hashlib.sha256).hexdigest()
