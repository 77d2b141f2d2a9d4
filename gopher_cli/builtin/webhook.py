"""`webhook`: one signed HTTP request to an address that the job names."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta, Struct

from gopher_cli.context import Context
from gopher_cli.model.job.signals import Discard
from gopher_cli.model.text.duration import parse_duration

if TYPE_CHECKING:
    from gopher_cli.builtin.net import Ask

MAX_READ = 64 * 1024
MAX_TIMEOUT = 60.0


class Webhook(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request. What is not text is sent as JSON; with a secret it is signed."""

    url: Annotated[str, Meta(description="http:// or https:// address; redirects are refused")]
    method: Annotated[str, Meta(description="HTTP method")] = "POST"
    body: Annotated[Any, Meta(description="what to send: text as it is, all else as JSON")] = None
    payload: Annotated[Any, Meta(description="another name for body")] = None
    headers: Annotated[dict[str, str], Meta(description="further headers")] = {}
    timeout: Annotated[
        float | str, Meta(description="for the whole exchange: seconds or 10s; at most 60s")
    ] = 10.0
    secret: Annotated[
        str | list[str], Meta(description="key of the signature; two while one replaces the other")
    ] = ""


def post(payload: Webhook, ctx: Context) -> dict[str, Any]:
    """The status of the answer. 408, 429 and 5xx are tried again; other refusals are final."""
    from gopher_cli.builtin.net import exchange, judge, private_allowed, read_url

    ask = prepare(payload, ctx.job.id, now=time.time())
    shown = read_url(payload.url).shown
    with exchange(ask, allow_private=private_allowed(ctx.settings)) as response:
        status, retry_after = response.status, response.getheader("Retry-After")
        # The answer is measured and dropped: it may come from a place the submitter cannot see.
        size = len(response.read(MAX_READ))
    ctx.log(f"{ask.method} {shown} answered {status}")
    judge(status, retry_after, shown, now=time.time())
    return {"status": status, "webhook_id": ctx.job.id, "bytes": size}


def prepare(hook: Webhook, job_id: str, *, now: float) -> Ask:
    """The request with its standard headers; the id stays the same over all attempts."""
    from gopher_cli.builtin.net import Ask

    body, kind = _body(hook.payload if hook.body is None else hook.body)
    stamp = str(int(now))
    given = {name.lower() for name in hook.headers}
    headers = {"webhook-id": job_id, "webhook-timestamp": stamp}
    if body is not None and "content-type" not in given:
        headers["Content-Type"] = kind
    if secrets := [key for key in _many(hook.secret) if key]:
        signed = [sign(key, job_id, stamp, body or b"") for key in secrets]
        headers["webhook-signature"] = " ".join(signed)
    if clash := given & headers.keys():
        raise Discard(f"the header {min(clash)} is set by gopher itself")
    return Ask(
        method=hook.method.upper(),
        url=hook.url,
        body=body,
        headers=headers | hook.headers,
        timeout=_timeout(hook.timeout),
    )


def sign(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """The value of webhook-signature for one key: v1,base64(HMAC-SHA256(id.timestamp.body))."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(_key(secret), signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode("ascii")


def _key(secret: str) -> bytes:
    """The bytes of a key: base64 after "whsec_", as the standard writes it, else the text."""
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raise Discard("secret begins with whsec_ but the rest is not base64") from None


def _many(given: str | list[str]) -> list[str]:
    return [given] if isinstance(given, str) else given


def _body(given: Any) -> tuple[bytes | None, str]:
    if given is None:
        return None, ""
    try:
        if isinstance(given, str):
            return given.encode(), "text/plain; charset=utf-8"
        return msgspec.json.encode(given), "application/json"
    except UnicodeEncodeError:
        raise Discard("the body holds a lone surrogate, which is not a character") from None


def _timeout(given: float | str) -> float:
    try:
        seconds = parse_duration(given) if isinstance(given, str) else float(given)
    except ValueError:
        raise Discard(f"timeout {str(given)[:40]!r} is not a duration, such as 10s") from None
    if not 0 < seconds <= MAX_TIMEOUT:
        raise Discard(f"timeout has to be between 0 and {MAX_TIMEOUT:g} s")
    return seconds
