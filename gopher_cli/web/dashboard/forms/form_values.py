"""From what was written into a form to a payload, and back again. What is wrong is told by its field."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from gopher_cli.model.errors import BadData
from gopher_cli.model.job.payload import check_json
from gopher_cli.model.text.json_text import exact_value
from gopher_cli.model.text.safe import HOSTILE
from gopher_cli.web.dashboard.forms.form_body import Form
from gopher_cli.web.dashboard.forms.form_fields import Field

WHOLE = "json"  # the input for all of a payload
_INTEGER = re.compile(r"[-+]?[0-9]{1,400}")
_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]{1,3})?")
_JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_KINDS = {
    msgspec.Raw: "number",
    bool: "boolean",
    int: "integer",
    float: "number",
    list: "array",
    dict: "object",
    str: "string",
}
Faults = dict[str, str]


def payload_of(fields: Sequence[Field], form: Form) -> tuple[Any, Faults]:
    """The payload, and what is wrong by the name of the input. JSON of the whole wins where it is given."""
    if (whole := form.one(WHOLE)) or not fields:
        try:
            return _json(whole or "{}"), {}
        except BadData as error:
            return None, {WHOLE: f"the payload: {error}"}
    payload: dict[str, Any] = {}
    faults: Faults = {}
    # Boxes come last: whether they count depends on whether their object is there at all.
    for field in sorted(fields, key=lambda item: item.kind == "boolean"):
        try:
            value = _boolean(field, form, payload) if field.kind == "boolean" else _value(field, form)
        except BadData as error:
            faults[field.name] = f"{field.label}: {error}"
            _object(payload, field.path)  # something was written into it: it is there
            continue
        if field.held or value is not None:
            within = _object(payload, field.path)
            if value is not None:
                within[field.path[-1]] = value
    return payload, faults


def written_in(fields: Sequence[Field], payload: Any) -> dict[str, list[str]]:
    """What has to stand in the inputs for exactly this payload; as JSON where fields cannot say it."""
    texts: dict[str, list[str]] = {}
    for field in fields:
        value = _at(payload, field.path)
        if value is not None and (said := _texts(field, value)):
            texts[field.name] = said
    again, faults = payload_of(fields, Form(texts))
    stays = not any(HOSTILE.search(text) for said in texts.values() for text in said)
    if fields and stays and not faults and _sorted(again) == _sorted(payload):
        return texts
    return {WHOLE: [plain_json(payload)]}


def field_at(fields: Sequence[Field], path: Sequence[str]) -> Field | None:
    """The one that holds what is at this path of the payload, or that the object there begins with."""
    for field in fields:
        shared = min(len(path), len(field.path))
        if shared and tuple(path[:shared]) == field.path[:shared]:
            return field
    return None


def text_of(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def pretty(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def plain_json(value: Any) -> str:
    """As JSON in which nothing hides: what cannot be seen is escaped."""
    return HOSTILE.sub(_escape, pretty(value))


def _escape(char: re.Match[str]) -> str:
    units = char[0].encode("utf-16-be").hex()
    return "".join(f"\\u{units[n : n + 4]}" for n in range(0, len(units), 4))


def is_scalar(kind: str, text: str) -> bool:
    """Whether a text can be read as a value of this type."""
    try:
        _scalar(kind, text)
    except BadData:
        return False
    return True


def _boolean(field: Field, form: Form, payload: Mapping[str, Any]) -> bool | None:
    ticked = form.raw(field.name) is not None
    if not field.held and not isinstance(_at(payload, field.path[:-1]), dict):
        return ticked if ticked != bool(field.default) else None
    return ticked if ticked or field.required or field.default else None


def _value(field: Field, form: Form) -> Any:
    """None is to be left away."""
    if field.kind == "choices":
        picked = [_chosen(field, text) for text in form.all(field.name)]
        return picked if picked or field.required else None
    text = (form.raw(field.name) or "").replace("\r\n", "\n")
    if not text.strip():
        return "" if field.needed and field.kind == "string" else None
    match field.kind:
        case "choice":
            return _chosen(field, text)
        case "list":
            return [_scalar(field.kinds[0], line) for line in text.split("\n") if line.strip()]
        case "mixed":
            return _mixed(field.kinds, text)
        case "json":
            return _json(text)
    return _scalar(field.kind, text)


def _chosen(field: Field, text: str) -> Any:
    if text.isdecimal() and int(text[:9]) < len(field.choices):
        return field.choices[int(text)]
    raise BadData("choose one of the list")


def _scalar(kind: str, text: str) -> Any:
    if kind == "string":
        return text
    text = text.strip()
    if kind == "boolean":
        if text.lower() not in ("true", "false"):
            raise BadData(f"write true or false, not {text[:40]!r}")
        return text.lower() == "true"
    pattern = _INTEGER if kind == "integer" else _NUMBER
    if not pattern.fullmatch(text) or not math.isfinite(number := _number(text)):
        raise BadData(f"{text[:40]!r} is not a {'whole number' if kind == 'integer' else 'number'}")
    return _in_digits(text, number)


def _number(text: str) -> int | float:
    return int(text) if _INTEGER.fullmatch(text) else float(text)


def _in_digits(text: str, number: float) -> Any:
    """The number; where it cannot be all that was written, JSON in the digits of that."""
    is_whole = isinstance(number, int) or Decimal(text) == Decimal(number)
    return number if is_whole or not _JSON_NUMBER.fullmatch(text) else exact_value(text)


def _mixed(kinds: Iterable[str], text: str) -> Any:
    """JSON of these types is what it says; everything else is a text."""
    try:
        mixed = _json(text)
    except BadData:
        return text
    kind = _KINDS.get(type(mixed), "null")
    return mixed if kind in kinds or (kind == "integer" and "number" in kinds) else text


def _json(text: str) -> Any:
    """With the very digits of its numbers. Raises BadData."""
    try:
        check_json(text.encode(), "this", excerpt=False)
    except UnicodeError:
        raise BadData("this is not valid Unicode") from None
    return exact_value(text)


def _texts(field: Field, value: Any) -> list[str]:
    """None of them is an answer too: the field cannot say it, or need not."""
    if field.kind == "boolean":
        return ["true"] if value is True else []
    if field.kind in ("choice", "choices"):
        values = value if field.kind == "choices" and isinstance(value, list) else [value]
        return [
            str(n)
            for n in sorted({field.choices.index(choice) for choice in values if choice in field.choices})
        ]
    if field.kind == "list":
        return ["\n".join(map(text_of, value))] if isinstance(value, list) else []
    return [pretty(value) if field.kind == "json" else text_of(value)]


def _at(payload: Any, path: Iterable[str]) -> Any:
    for part in path:
        payload = payload.get(part) if isinstance(payload, Mapping) else None
    return payload


def _object(payload: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """The object that holds what is at ``path``, made where it is not there."""
    for part in path[:-1]:
        payload = payload.setdefault(part, {})
    return payload


def _sorted(value: Any) -> bytes:
    return msgspec.json.encode(value, order="sorted")
