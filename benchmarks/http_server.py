"""`gopher serve` with one route more, that reads its body and answers without doing anything."""

from __future__ import annotations

import os
import sys

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gopher_cli.config import Settings
from gopher_cli.web import serve
from gopher_cli.web.app import create_app

# As long as the answer to a submit.
_SAID = b'{"job_id":"%s","status":"enqueued","created_at":"%s","type":"t","queue":"q","links":{"self":"%s"}}'
_ANSWER = _SAID % (b"0" * 36, b"2030-01-01T00:00:00.000Z", b"/api/v1/jobs/" + b"0" * 36)


async def nothing(request: Request) -> Response:
    await request.body()
    return Response(_ANSWER, 201, {"Location": "/" * 49}, media_type="application/json")


def with_nothing(settings: Settings, *, exposed: bool = False) -> FastAPI:
    app = create_app(settings, exposed=exposed)
    app.router.routes.insert(0, Route("/nothing", nothing, methods=["POST"]))
    return app


if __name__ == "__main__":
    vars(serve)["create_app"] = with_nothing
    sys.exit(serve.run_server(Settings.resolve(os.environ)))
