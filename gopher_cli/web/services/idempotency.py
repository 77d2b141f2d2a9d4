"""Idempotency-Key: a request that comes again under its key is answered as before, and done once.

Before anything is done, the key is written down with a digest of the request and the id of the job to come.
So whoever dies in between leaves enough behind: the next try uses the same id, and for as long as the key is
known the queue remembers that it was stored, whatever has become of the job. An answer that the same work
gives again needs no record; any other joins the claim when the work is done, for all tries after it.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
import zlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gopher_cli.model.access.scopes import Caller
from gopher_cli.model.errors import GopherError
from gopher_cli.model.job.ids import new_id
from gopher_cli.web.server.problems import Problem, soon
from gopher_cli.web.services.services import Services

_PRINT = 24  # hex digits; older records have more
_KEY = re.compile(r"[!-~]{1,255}")
_QUOTED = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')


class Reply(NamedTuple):
    """An answer as it may be given again. ``id`` is the job's, where it is about one.

    ``anew`` says that the same work under the same claim gives this very answer again.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    id: str = ""
    queue: str = ""
    anew: bool = False

    def response(self) -> Response:
        return Response(self.body, self.status, self.headers)


class Claim(msgspec.Struct, array_like=True, omit_defaults=True):
    """What is written under a key, for as long as it is known: small, because there may be millions.

    ``id`` is that of the job, or what the ids of many begin with.
    """

    print: str
    id: str
    at_ms: int
    nonce: str
    reply: Reply | None = None


Work = Callable[[Claim | None], Awaitable[Reply]]
_read = msgspec.msgpack.Decoder(Claim).decode
_write = msgspec.msgpack.Encoder().encode


def key_of(request: Request) -> str:
    """The Idempotency-Key of a request, bare or quoted; "" without one. Raises Problem 400."""
    given = request.headers.getlist("idempotency-key")
    if not given:
        return ""
    text = given[0].strip()
    if quoted := _QUOTED.fullmatch(text):
        text = re.sub(r"\\(.)", r"\1", quoted[1])
    if len(given) > 1 or not _KEY.fullmatch(text):
        raise Problem(
            400,
            "an Idempotency-Key is 1 to 255 visible ASCII characters, once in a request",
            hint='Idempotency-Key: "8e03978e-40d5-43dd-bc93-6894a57f9324"',
        )
    return text


def _digest(caller: Caller, key: str) -> str:
    """The name of the record: what one caller calls so is not what another does."""
    whose = f"{caller.via}\n{caller.key_id or caller.name}\n{key}"
    return hashlib.sha256(whose.encode()).hexdigest()[:32]


def _print(request: Request, body: bytes) -> str:
    """What is asked for, told apart from anything else. How long its client waits is not part of that."""
    asked = [pair for pair in request.query_params.multi_items() if pair[0] != "wait"]
    head = f"{request.method} {request.url.path}?{urlencode(asked)}\n"
    return hashlib.sha256(head.encode() + body).hexdigest()[:_PRINT]


async def once(services: Services, request: Request, key: str, text: bytes, work: Work) -> Reply:
    """Do the work, or answer what it has come to. Raises Problem 422 for a key of another request."""
    digest, fingerprint = _digest(request.state.caller, key), _print(request, text)
    ours = Claim(fingerprint, new_id(), time.time_ns() // 1_000_000, os.urandom(4).hex())
    gopher, lasts = services.gopher, services.settings.server_idempotency_ttl
    found = _opened(await soon(gopher.claim_reply(digest, _write(ours), lasts)))
    if found.print[:_PRINT] != fingerprint:
        raise Problem(
            422,
            "this Idempotency-Key came with another request before",
            hint="use a new key for each request, and the same one only to send it again",
        )
    again = {"Idempotency-Replayed": "true"} if found.nonce != ours.nonce else {}
    if found.reply is None:
        found.reply = await work(found)
        if not found.reply.anew:
            with suppress(GopherError):  # it is done, and the queue knows that
                await soon(gopher.keep_reply(digest, _packed(found)))
    reply = found.reply
    return reply._replace(headers=reply.headers | again) if again else reply


def _packed(claim: Claim) -> bytes:
    """Answers about many jobs are long, and much the same."""
    return zlib.compress(_write(claim), 1)


def _opened(record: bytes) -> Claim:
    # A deflated record begins with 0x78, an array of msgpack does not.
    return _read(zlib.decompress(record) if record[:1] == b"\x78" else record)
