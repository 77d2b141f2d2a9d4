"""The JSON of a body, read as every door reads JSON; what is wrong with it is a Problem."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from gopher_cli.model import payload
from gopher_cli.model.json_text import doubled_key, is_deep, pointer_to
from gopher_cli.web.problems import Problem

MAX_DEPTH = payload.MAX_DEPTH + 1  # with the job around a payload
_decoder = msgspec.json.Decoder()
T = TypeVar("T")
_PATH = re.compile(r" - at `(.+)`$")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.+)`")
_KINDS = re.compile(r"Expected `(.+)`, got `(.+)`")
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
        raise misread(str(error), fields) from None


def fields_of(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """As they are written in JSON."""
    return kind.__struct_encode_fields__


def misread(said: str, fields: Mapping[str, Sequence[str]]) -> Problem:
    """What the decoder says, in our words, with a pointer to the field that it means; ``fields`` as above."""
    place = _PATH.search(said)
    at, said = _pointer(place[1]) if place else "", _PATH.sub("", said)
    if found := _UNKNOWN.fullmatch(said):
        known = fields.get(at, ())
        near = difflib.get_close_matches(found[1][:64], known, 1)
        hint = f"did you mean {near[0]}?" if near else f"fields: {', '.join(known)}"
        return Problem(
            422, f"there is no field {found[1][:64]!r}", hint=hint, pointer=at + pointer_to(found[1])
        )
    if found := _MISSING.fullmatch(said):
        return Problem(422, f"{found[1]} is missing", pointer=at + pointer_to(found[1]))
    if found := _KINDS.fullmatch(said):
        wanted = " or ".join(_kind(kind) for kind in found[1].split(" | ") if kind != "null")
        name = at.lstrip("/").replace("/", ".") or "the body"
        name = f"a value of {name}" if place and "[...]" in place[1] else name
        return Problem(422, f"{name} is {_kind(found[2])}, not {wanted}", pointer=at)
    return Problem(422, said, pointer=at)


def _kind(word: str) -> str:
    return _WORDS.get(word, word)


def _pointer(path: str) -> str:
    """``$.tags[0]`` as ``/tags/0``; ``[...]`` stands for some key or other."""
    return path.removeprefix("$").replace("[...]", "").replace("[", "/").replace("]", "").replace(".", "/")


def _why(text: bytes, error: Exception) -> str:
    if not text.strip():
        return "it is empty"
    if text.startswith(b"\xef\xbb\xbf"):
        return "it begins with a byte order mark"
    return "a byte that is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)


def _too_deep() -> Problem:
    return Problem(400, f"the body is nested more than {MAX_DEPTH} deep, and that is the limit")
