"""The files beside the pages: read once, packed once, and kept by browsers for ever."""

from __future__ import annotations

import gzip
import hashlib
from functools import cache
from pathlib import Path

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.web.server.accept import accepts_gzip
from gopher_cli.web.server.problems import Problem

router = APIRouter(include_in_schema=False)
_PLACE = Path(__file__).parent / "static"
_KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_FOR_EVER = "public, max-age=31536000, immutable"


@cache
def files() -> dict[str, tuple[str, bytes, bytes]]:
    """By name: media type, content, packed content. Nothing outside of this list is ever opened."""
    paths = {path.name: path for path in sorted(_PLACE.iterdir()) if path.suffix in _KINDS}
    return {
        name: (_KINDS[path.suffix], path.read_bytes(), gzip.compress(path.read_bytes(), 9))
        for name, path in paths.items()
    }


@cache
def version() -> str:
    """Changes with any of the files: modules name each other, so they go together."""
    whole = hashlib.blake2b(digest_size=6)
    for name, (_, content, _) in files().items():
        whole.update(name.encode() + b"\0" + content)
    return whole.hexdigest()


@router.get("/static/{stamp}/{name}")
async def asset(stamp: str, name: str, request: Request) -> Response:
    """A page of an older server asks for an older version: it gets today's, and is not to keep it."""
    if name not in files():
        raise Problem(404, "there is nothing at this path")
    kind, content, packed = files()[name]
    headers = {
        "Cache-Control": _FOR_EVER if stamp == version() else "no-cache",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Vary": "Accept-Encoding",
    }
    if accepts_gzip(request.headers):
        return Response(packed, 200, headers | {"Content-Encoding": "gzip"}, media_type=kind)
    return Response(content, 200, headers, media_type=kind)
