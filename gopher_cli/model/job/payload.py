"""The payload of a job: JSON text that every reader can read, of 1 MB and 64 levels at most."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from gopher_cli.model.errors import BadData, TooLarge
from gopher_cli.model.text.json_text import Path, doubled_key, is_deep, pointer_to

MAX_PAYLOAD = 1024 * 1024
MAX_DEPTH = 64
EMPTY: msgspec.Raw = msgspec.Raw(b"{}")  # what a job has whose submitter gives no payload

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def encode_payload(payload: object) -> msgspec.Raw:
    """JSON text of any JSON value, or of JSON text as bytes or msgspec.Raw. Raises BadData."""
    if payload is EMPTY:
        return EMPTY
    if isinstance(payload, (msgspec.Raw, bytes, bytearray, memoryview)):
        raw = bytes(payload)
        check_json(raw)
    else:
        raw = _encoded(payload)
    if len(raw) > MAX_PAYLOAD:
        size = len(raw) / 1024 / 1024
        raise TooLarge(
            f"the payload has {size:.2f} MB, and 1 MB is the limit",
            "store the data elsewhere and send its address",
        )
    return msgspec.Raw(raw)


def decode_payload(raw: bytes | msgspec.Raw) -> Any:
    """The value of a stored payload. Raises BadData."""
    try:
        return _decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadData(f"the payload is not valid JSON: {error}") from error


def check_json(raw: bytes, what: str = "the payload", *, excerpt: bool = True) -> None:
    """Raises BadData that says where it stops being JSON, that it is too deep, or which key comes twice.

    ``what`` names the text; with ``excerpt`` the place is shown, in two more lines.
    """
    try:
        value = _decode(raw)
    except RecursionError:
        raise _too_deep(what) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        _check_text(raw, what)
        raise BadData(f"{what} is not valid JSON: {_located(raw, error, excerpt)}") from error
    if is_deep(raw, MAX_DEPTH):
        raise _too_deep(what)
    if path := doubled_key(raw, value):
        raise _doubled(path, what)


def _encoded(payload: Any) -> bytes:
    try:
        raw = _encode(payload)
        # What is read back is what was given, mostly: a Raw within it may be anything, NaN comes back as
        # null, and 1 and "1" as one key.
        value = _decode(raw)
        is_same = bool(value == payload)
        if not is_same and b"null" in raw:
            _check_numbers(payload)
    except RecursionError:
        raise _too_deep() from None
    except Exception as error:  # also what a class of the caller's own may raise
        raise BadData(f"the payload cannot be written as JSON: {error}") from error
    if is_deep(raw, MAX_DEPTH):
        raise _too_deep()
    if not is_same and (path := doubled_key(raw, value)):
        raise _doubled(path)
    return raw


def _check_numbers(payload: Any) -> None:
    """Raises ValueError for NaN and infinities: msgspec would write null."""
    import json  # late: a command line gives text

    plain = msgspec.to_builtins(payload, str_keys=True, enc_hook=lambda _: None)
    try:
        json.dumps(plain, allow_nan=False)
    except ValueError:
        raise ValueError("NaN and infinities are not JSON") from None


def _too_deep(what: str = "the payload") -> TooLarge:
    return TooLarge(f"{what} is nested more than {MAX_DEPTH} deep, and that is the limit")


def _doubled(path: Path, what: str = "the payload") -> BadData:
    inside = pointer_to(*path[:-1])
    where = f" in {inside}" if inside else ""
    message = f"{what} has the key {str(path[-1])[:60]!r} twice{where}"
    return BadData(message, "readers differ about which one counts: leave one out")


def _check_text(raw: bytes, what: str) -> None:
    """Raises BadData for what is no text at all."""
    if not raw.strip():
        raise BadData(f"{what} is empty, and that is not valid JSON", "leave it out for {}")
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        byte = raw[error.start]
        raise BadData(
            f"{what} is not valid JSON: byte 0x{byte:02x} at position {error.start} is not UTF-8"
        ) from None


def _located(raw: bytes, error: Exception, excerpt: bool) -> str:
    import json

    text = raw.decode("utf-8", "replace")
    try:
        json.loads(text)
    except json.JSONDecodeError as found:
        start = max(0, found.pos - 30)
        near = text[start : found.pos + 30].replace("\n", " ").replace("\t", " ")
        message = found.msg.removesuffix(" at").removesuffix(" starting")
        where = f"{message} at line {found.lineno}, column {found.colno}"
        if not excerpt:
            return where
        return f"{where}\n  {near}\n  {' ' * _cells(near[: found.pos - start])}^"
    except (RecursionError, ValueError):
        return str(error)
    lone = re.search(r"\\u[dD][89a-fA-F]", text)  # Python's parser lets these pass
    near = repr(text[lone.start() :][:12]) if lone else ""
    return f"half of a surrogate pair, near {near}" if lone else str(error)


def _cells(text: str) -> int:
    """How wide a terminal shows it: East Asian characters and emoji take two cells, accents none."""
    import unicodedata

    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )
