"""Specs and follow-ups as bytes, and back. Trailing defaults are left out: memory is jobs."""

from __future__ import annotations

from typing import Any

import msgspec

from gopher_cli.model.errors import BadData
from gopher_cli.model.job import NO_OPTIONS, Job, Spec

_encode = msgspec.json.Encoder().encode
_decode_spec = msgspec.json.Decoder(Spec).decode
_decode_job = msgspec.json.Decoder(Job).decode


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
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadData(f"the stored record cannot be read: {error}") from error


encode_job = _encode


def decode_job(raw: bytes) -> Job:
    """Raises BadData that names the bad field."""
    try:
        return _decode_job(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadData(f"the stored follow-up cannot be read: {error}") from error
