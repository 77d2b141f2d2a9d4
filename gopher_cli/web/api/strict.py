"""The JSON of a body, read as every door reads JSON; what is wrong with it is a Problem."""

from __future__ import annotations

from typing import Any

import msgspec

from gopher_cli.model import payload
from gopher_cli.model.json_text import doubled_key, is_deep, pointer_to
from gopher_cli.web.problems import Problem

MAX_DEPTH = payload.MAX_DEPTH + 1  # with the job around a payload
_decoder = msgspec.json.Decoder()


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


def _why(text: bytes, error: Exception) -> str:
    if not text.strip():
        return "it is empty"
    if text.startswith(b"\xef\xbb\xbf"):
        return "it begins with a byte order mark"
    return "a byte that is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)


def _too_deep() -> Problem:
    return Problem(400, f"the body is nested more than {MAX_DEPTH} deep, and that is the limit")
