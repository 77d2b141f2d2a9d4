"""How a field looks: which input it is, what the browser checks of it by itself, and what is said of it.

The browser never refuses what the schema allows: where HTML cannot say a limit exactly, it says less, and
the server the rest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from gopher_cli.model.schema.schema_limits import is_multiple, is_number
from gopher_cli.web.dashboard.forms.form_body import Form
from gopher_cli.web.dashboard.forms.form_fields import Field
from gopher_cli.web.dashboard.forms.form_values import Faults, is_scalar, pretty, text_of
from gopher_cli.web.dashboard.forms.html_pattern import in_html

_LONG = 200  # characters: a text that may be longer gets more than a line
_UUID = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_FORMATS = {
    "email": "an e-mail address", "uri": "an address, such as https://example.com", "uuid": "a UUID",
    "date": "a day, such as 2026-01-31", "date-time": "a moment, such as 2026-01-31T12:00:00Z",
    "time": "a time of day, such as 12:00:00Z", "duration": "a duration, such as PT1H",
    "hostname": "the name of a host", "ipv4": "an IPv4 address", "ipv6": "an IPv6 address",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A field as it stands on the page, with what was written into it and what is wrong with that."""

    field: Field
    id: str
    tag: str
    texts: Sequence[str]
    attributes: Mapping[str, str]
    hint: str
    wrong: str

    @property
    def text(self) -> str:
        return self.texts[0] if self.texts else ""

    @property
    def is_short(self) -> bool:
        """Two of them stand side by side."""
        return self.tag in ("select", "box") or self.attributes.get("type") in ("number", "date")


def inputs_of(fields: Sequence[Field], form: Form | None, faults: Faults) -> list[Input]:
    """``form`` is what was sent; None for a form that nobody has filled in yet."""
    return [_input(field, f"f-{n}", form, faults) for n, field in enumerate(fields, 1)]


def grouped(inputs: Sequence[Input]) -> list[tuple[str, list[Input]]]:
    """Those of one object together, with its name; "" for the payload itself."""
    return [
        (".".join(path), list(some)) for path, some in groupby(inputs, key=lambda box: box.field.path[:-1])
    ]


def _input(field: Field, id: str, form: Form | None, faults: Faults) -> Input:
    texts = form.all(field.name) if form else ["true"] if field.default is True else []
    tag, attributes = _tag(field, texts[0] if texts else "")
    if field.kind not in ("boolean", "choices") and field.needed:
        attributes["required"] = "required"
    if field.default is not None and tag in ("input", "textarea"):
        attributes["placeholder"] = _default(field)
    # An input for a day shows no placeholder.
    left = f"default {_default(field)}" if field.default and attributes.get("type") == "date" else ""
    hint = ", ".join(filter(None, (field.about, _hint(field), left)))
    if hint and "pattern" in attributes:
        attributes["title"] = hint  # a browser says it with its refusal
    return Input(field=field, id=id, tag=tag, texts=texts, attributes=attributes, hint=hint,
                 wrong=faults.get(field.name, ""))  # fmt: skip


def _tag(field: Field, text: str) -> tuple[str, dict[str, str]]:
    match field.kind:
        case "boolean":
            return "box", {}
        case "choice":
            return "select", {}
        case "choices":
            return "boxes", {}
        case "integer" | "number":
            return "input", _number(field, text)
        case "list" | "json":
            return "textarea", {"rows": "3" if field.kind == "list" else "4"}
        case "mixed" if {"array", "object"} & set(field.kinds):
            return "textarea", {"rows": "2"}
        case "string" if "\n" in text or _limit(field, "maxLength") > _LONG:
            return "textarea", {"rows": "3"} | _least(field)
    return "input", _text(field, text) if field.kind == "string" else {}


def _number(field: Field, text: str) -> dict[str, str]:
    """What is not a number stays to be seen, which an input for numbers would not do."""
    whole = field.kind == "integer"
    if text and not is_scalar(field.kind, text):
        return {"inputmode": "numeric" if whole else "decimal"}
    attributes = {"type": "number", "step": "1" if whole else "any"}
    limits, step = field.limits, _positive(field.limits.get("multipleOf"))
    least = [limits[name] for name in ("minimum", "exclusiveMinimum") if is_number(limits.get(name))]
    most = [limits[name] for name in ("maximum", "exclusiveMaximum") if is_number(limits.get(name))]
    if least:
        attributes["min"] = _short(math.ceil(max(least)) if whole else max(least))
    if most:
        attributes["max"] = _short(math.floor(min(most)) if whole else min(most))
    # Steps are counted from `min`, or else from what stands there.
    if step and is_multiple(float(attributes.get("min") or text or 0), step):
        attributes["step"] = _short(step)
    return attributes


def _positive(value: Any) -> float:
    """The number that it is; 0 for what is none."""
    return value if is_number(value) and value > 0 else 0


def _text(field: Field, text: str) -> dict[str, str]:
    hint = _least(field)
    match field.limits.get("format"):
        case "email":
            hint["type"] = "email"
        case "uri" | "url":
            hint["type"] = "url"
        case "date" if not text or _is_day(text):
            hint["type"] = "date"
        case "uuid":
            hint["pattern"] = _UUID
    pattern, most = field.limits.get("pattern"), _limit(field, "maxLength")
    if isinstance(pattern, str) and (written := in_html(pattern)):
        hint["pattern"] = written
    elif most and "pattern" not in hint:
        # Not maxlength: that cuts off what is pasted, and counts some characters twice.
        hint["pattern"] = f".{{0,{most}}}"
    return hint


def _least(field: Field) -> dict[str, str]:
    least = _limit(field, "minLength")
    return {"minlength": str(least)} if least else {}


def _limit(field: Field, name: str) -> int:
    """A limit of size; 0 for none."""
    limit = field.limits.get(name)
    return limit if type(limit) is int and limit > 0 else 0


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _default(field: Field) -> str:
    """What is left away is the handler's to decide: it is hinted at."""
    if field.kind == "list":
        return "\n".join(map(text_of, field.default))
    return pretty(field.default) if field.kind == "json" else text_of(field.default)


def _hint(field: Field) -> str:
    """What may be written, in words."""
    match field.kind:
        case "integer":
            return " ".join(filter(None, ("a whole number", _range(field))))
        case "number":
            return " ".join(filter(None, ("a number", _range(field))))
        case "string":
            return ", ".join(filter(None, (_shape(field), _count(field, "Length", "character"))))
        case "list":
            return ", ".join(filter(None, ("one a line", _count(field, "Items", "line"))))
        case "choices":
            return _count(field, "Items", "of them")
        case "mixed":
            return f"a text, or JSON ({', '.join(field.kinds)})"
    return "JSON" if field.kind == "json" else ""


def _shape(field: Field) -> str:
    """Where nobody has described it."""
    pattern = field.limits.get("pattern")
    hint = _FORMATS.get(str(field.limits.get("format")), "")
    return "" if field.about else hint or (f"matching {pattern}" if isinstance(pattern, str) else "")


def _range(field: Field) -> str:
    words = {
        "minimum": "from {}", "exclusiveMinimum": "above {}", "maximum": "up to {}",
        "exclusiveMaximum": "below {}", "multipleOf": "in steps of {}",
    }  # fmt: skip
    limits: dict[str, Any] = {name: field.limits.get(name) for name in words}
    return " ".join(words[name].format(_short(limit)) for name, limit in limits.items() if is_number(limit))


def _count(field: Field, name: str, unit: str) -> str:
    least, most = _limit(field, f"min{name}"), _limit(field, f"max{name}")
    if not least and not most:
        return ""
    count = f"{least} to {most}" if least and most else f"at least {least}" if least else f"at most {most}"
    plural = unit if unit == "of them" or max(least, most) == 1 else f"{unit}s"
    return f"{count} {plural}"


def _short(number: float) -> str:
    return str(int(number)) if float(number).is_integer() and abs(number) < 1e15 else str(number)
