"""A form made of a JSON Schema, and the payload made of what was written into it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from gopher_cli.model.errors import BadData
from gopher_cli.web.dashboard.guard import Form

_INTEGER = re.compile(r"[-+]?[0-9]{1,400}")
_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]{1,3})?")
_SCALARS = ("string", "integer", "number", "boolean")
_MOST_FIELDS = 60
Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """``path`` leads to its value in the payload. ``kind`` is a JSON type, choice, list or json.

    ``items`` is the type of a list's members, ``choices`` what a choice may be.
    """

    path: tuple[str, ...]
    kind: str
    required: bool = False
    about: str = ""
    default: Any = None
    choices: tuple[Any, ...] = ()
    items: str = ""

    @property
    def name(self) -> str:
        """The name of its input."""
        return "payload/" + "/".join(self.path)

    @property
    def label(self) -> str:
        return ".".join(self.path)

    @property
    def written(self) -> str:
        """The default, as the input hints at it: what is left away is the handler's to decide."""
        if self.default is None:
            return ""
        if self.kind == "list":
            return "\n".join(_text(one) for one in self.default)
        return _pretty(self.default) if self.kind == "json" else _text(self.default)


def fields_of(schema: Schema) -> list[Field]:
    """The fields of a form; none where the schema is of no object, or is too large for a form."""
    fields = list(_fields(_resolved(schema, schema), schema))
    return fields if len(fields) <= _MOST_FIELDS else []


def _fields(schema: Schema, root: Schema, path: tuple[str, ...] = ()) -> Iterator[Field]:
    """Those of an object within the payload stand among the others; what is deeper is JSON."""
    needed, properties = schema.get("required"), schema.get("properties")
    for name, raw in properties.items() if isinstance(properties, Mapping) else ():
        one = _resolved(raw, root)
        if not path and one.get("type") == "object" and one.get("properties"):
            yield from _fields(one, root, (name,))
        else:
            required = not path and isinstance(needed, list) and name in needed
            yield _field((*path, name), one, root, required=required)


def _field(path: tuple[str, ...], schema: Schema, root: Schema, *, required: bool) -> Field:
    about = str(schema.get("description", ""))[:300]
    default = schema.get("default")
    choices = schema.get("enum")
    if isinstance(choices, list) and choices:
        return Field(path, "choice", required, about, default, tuple(choices))
    kind = schema.get("type")
    if kind in _SCALARS:
        return Field(path, kind, required, about, default)
    inner = _resolved(schema.get("items", {}), root)
    if kind == "array" and inner.get("type") in _SCALARS and not inner.get("enum"):
        shown = default if isinstance(default, list) else None
        return Field(path, "list", required, about, shown, items=inner["type"])
    return Field(path, "json", required, about, default)


def _resolved(schema: Any, root: Schema) -> dict[str, Any]:
    """Without references, and without the null of what may be left away."""
    found = dict(schema) if isinstance(schema, Mapping) else {}
    for _ in range(10):
        if isinstance(ref := found.get("$ref"), str) and ref.startswith("#/"):
            found = _at(root, ref) | {name: found[name] for name in found if name != "$ref"}
        elif len(some := _choices(found)) == 1:
            found = dict(some[0]) | {name: found[name] for name in found if name not in ("anyOf", "oneOf")}
        else:
            break
    return found


def _at(root: Schema, ref: str) -> dict[str, Any]:
    found: Any = root
    for part in ref[2:].split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        found = found.get(name, {}) if isinstance(found, Mapping) else {}
    return dict(found) if isinstance(found, Mapping) else {}


def _choices(schema: Schema) -> list[Schema]:
    some = schema.get("anyOf") or schema.get("oneOf") or []
    some = some if isinstance(some, list) else []
    return [one for one in some if isinstance(one, Mapping) and one.get("type") != "null"]


def payload_of(fields: list[Field], form: Form) -> Any:
    """Raises BadData that names the field. A JSON text of the whole, where one is given, wins."""
    whole = form.one("json")
    if whole or not fields:
        return _json(whole or "{}", "the payload")
    payload: dict[str, Any] = {}
    for field in fields:
        said = form.raw(field.name)
        value = _value(field, said)
        if value is not None:
            _put(payload, field.path, value)
    return payload


def _value(field: Field, said: str | None) -> Any:
    """None is to be left away."""
    if field.kind == "boolean":
        ticked = said is not None
        return ticked if ticked or field.required or field.default else None
    text = (said or "").replace("\r\n", "\n")
    if not text.strip():
        return "" if field.required and field.kind == "string" else None
    if field.kind == "choice":
        return _chosen(field, text)
    if field.kind == "list":
        return [_scalar(field.items, line, field.label) for line in text.split("\n") if line.strip()]
    return _json(text, field.label) if field.kind == "json" else _scalar(field.kind, text, field.label)


def _chosen(field: Field, text: str) -> Any:
    if text.isdecimal() and int(text[:9]) < len(field.choices):
        return field.choices[int(text)]
    raise BadData(f"{field.label}: choose one of the list")


def _scalar(kind: str, text: str, label: str) -> Any:
    if kind == "string":
        return text
    text = text.strip()
    if kind == "boolean":
        if text.lower() not in ("true", "false"):
            raise BadData(f"{label}: write true or false, not {text[:40]!r}")
        return text.lower() == "true"
    wanted = _INTEGER if kind == "integer" else _NUMBER
    if not wanted.fullmatch(text):
        raise BadData(f"{label}: {text[:40]!r} is no {'whole number' if kind == 'integer' else 'number'}")
    return int(text) if _INTEGER.fullmatch(text) else float(text)


def _json(text: str, label: str) -> Any:
    try:
        return msgspec.json.decode(text.encode())
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadData(f"{label}: this is no JSON: {error}") from error


def _put(payload: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for part in path[:-1]:
        payload = payload.setdefault(part, {})
    payload[path[-1]] = value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _pretty(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
