"""Timestamp: a time as verbs tell it, which JSON has in RFC 3339."""

from __future__ import annotations

from typing import Any

import msgspec

from gopher_cli.model.text.humanize import moment, ms_of


class Timestamp(int):
    """Epoch ms; 0 is never. In JSON it is RFC 3339, and null for never."""


class Instant(Timestamp):
    """One that is not never."""


def encode_hook(value: object) -> object:
    """For msgspec: a Timestamp in JSON."""
    if isinstance(value, Timestamp):
        return moment(value)
    raise NotImplementedError(f"{type(value).__name__} is not JSON")


def decode_hook(kind: type[Timestamp], value: Any) -> Timestamp:
    """For msgspec: a Timestamp out of JSON. Raises ValueError for a text that is not RFC 3339."""
    return kind(ms_of(value))


def schema_hook(kind: type[Timestamp]) -> dict[str, Any]:
    """For msgspec: the JSON Schema of a Timestamp."""
    return {"type": "string"} if kind is Instant else {"anyOf": [{"type": "string"}, {"type": "null"}]}


json_of = msgspec.json.Encoder(enc_hook=encode_hook).encode
