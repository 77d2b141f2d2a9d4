"""The JSON of a body, read as every door reads JSON; what is wrong with it is a Problem."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from gopher_cli.model.job import payload
from gopher_cli.model.json_fault import fault_of
from gopher_cli.model.text.json_text import doubled_key, is_deep, pointer_to
from gopher_cli.web.server.problems import Problem

MAX_DEPTH = payload.MAX_DEPTH + 1  # with the job around a payload
_decoder = msgspec.json.Decoder()
T = TypeVar("T")
_WORDS = {
    "int": "a whole number", "float": "a number", "str": "a string", "bool": "true or false",
    "array": "an array", "object": "an object",
}  # fmt: skip


def parse(text: bytes) -> Any:
    """The value of a JSON text.

    Raises Problem: 400 for what is not JSON or too deep, 422 for a key that comes twice.
    """
    try:
        value = _decoder.decode(text)
    except RecursionError:
        raise _too_deep() from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem(400, f"the body is not valid JSON: {_why(text, error)}") from error
    if is_deep(text, MAX_DEPTH):
        raise _too_deep()
    if path := doubled_key(text, value):
        raise Problem(422, f"the key {str(path[-1])[:60]!r} comes twice", pointer=pointer_to(*path))
    return value


def decode(text: bytes, decoder: msgspec.json.Decoder[T], fields: Mapping[str, Sequence[str]]) -> T:
    """The body as it has to be; ``fields`` are the names that an object may have, by the pointer to it.

    Raises Problem 422 with a pointer to the field at fault.
    """
    try:
        return decoder.decode(text)
    except msgspec.ValidationError as error:
        raise misread(error, fields) from None


def fields_of(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """As they are written in JSON."""
    return kind.__struct_encode_fields__


def misread(error: msgspec.ValidationError, fields: Mapping[str, Sequence[str]]) -> Problem:
    """What the decoder found, in our words, with a pointer to the field at fault; ``fields`` as above."""
    fault = fault_of(error)
    at = fault.pointer
    if fault.unknown is not None:
        known = fields.get(at, ())
        near = difflib.get_close_matches(fault.unknown[:64], known, 1)
        hint = f"did you mean {near[0]}?" if near else f"fields: {', '.join(known)}"
        detail = f"there is no field {fault.unknown[:64]!r}"
        return Problem(422, detail, hint=hint, pointer=at + pointer_to(fault.unknown))
    if fault.missing:
        return Problem(422, f"{fault.missing} is missing", pointer=at + pointer_to(fault.missing))
    if fault.kind:
        name = at.lstrip("/").replace("/", ".") or "the body"
        name = f"a value of {name}" if fault.in_each else name
        expected = " or ".join(map(_kind, fault.kinds))
        return Problem(422, f"{name} is {_kind(fault.kind)}, not {expected}", pointer=at)
    return Problem(422, fault.message, pointer=at)


def _kind(word: str) -> str:
    return _WORDS.get(word, word)


def _why(text: bytes, error: Exception) -> str:
    if not text.strip():
        return "it is empty"
    if text.startswith(b"\xef\xbb\xbf"):
        return "it begins with a byte order mark"
    return "a byte that is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)


def _too_deep() -> Problem:
    return Problem(400, f"the body is nested more than {MAX_DEPTH} deep, and that is the limit")
