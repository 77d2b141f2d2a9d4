"""Specs and follow-ups as bytes, and back. Trailing defaults are left out: memory is jobs."""

from __future__ import annotations

from typing import Any

import msgspec

from gopher_cli.model.errors import BadData
from gopher_cli.model.job.job import NO_OPTIONS, Job, Spec

_encode = msgspec.json.Encoder().encode
_decode_spec = msgspec.json.Decoder(Spec).decode


class _Envelope(msgspec.Struct):
    """A follow-up on its way, with its spec unopened."""

    id: str
    queue: str
    spec: msgspec.Raw
    due: float = 0.0
    delay: float = 0.0


_open_envelope = msgspec.json.Decoder(_Envelope).decode


def encode_spec(spec: Spec) -> bytes:
    if spec.options is not NO_OPTIONS and spec.options != NO_OPTIONS:
        return _encode(spec)
    fields: list[Any] = [spec.type, spec.payload]
    if spec.timeout is not None:
        fields += [spec.priority, spec.max_retries, spec.timeout]
    elif spec.max_retries is not None:
        fields += [spec.priority, spec.max_retries]
    elif spec.priority != 5:
        fields.append(spec.priority)
    return _encode(fields)


def decode_spec(raw: bytes) -> Spec:
    """Raises BadData that names the bad field."""
    try:
        return _decode_spec(raw)
    except Exception as error:  # whatever it is: no reader may end of it
        raise BadData(f"the stored record cannot be read: {error}") from error


def revived(id: str, queue: str, raw: bytes) -> Job:
    """A job of a stored spec, to be stored again with every field that it has. Raises BadData."""
    spec = decode_spec(raw)
    known = raw in (encode_spec(spec), _encode(spec))
    return Job(id=id, queue=queue, spec=spec, stored=b"" if known else raw)


encode_job = _encode


def decode_job(raw: bytes) -> Job:
    """Raises BadData that names the bad field. What a newer gopher has added to its spec is kept."""
    try:
        envelope = _open_envelope(raw)
        job = revived(envelope.id, envelope.queue, bytes(envelope.spec))
        return msgspec.structs.replace(job, due=envelope.due, delay=envelope.delay)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, TypeError) as error:
        raise BadData(f"the stored follow-up cannot be read: {error}") from error
