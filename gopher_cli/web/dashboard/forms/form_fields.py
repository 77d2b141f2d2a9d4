"""The fields of a form, as a JSON Schema asks for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

SCALARS = ("string", "integer", "number", "boolean")
_MOST = 60  # fields that a form may have
_DEEPEST = 3  # objects within objects; what is deeper is written as JSON
Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """``path`` leads to its value in the payload. ``kind`` is a JSON type, or one of these:

    choice: one of ``choices``; choices: a list of some of them; list: of values of the one type in ``kinds``;
    mixed: a text, or JSON of the other ``kinds``; json: any JSON.

    ``held``: the object that it stands in is always there. ``required``: so is the field, where that object
    is. ``limits`` is the schema itself.
    """

    path: tuple[str, ...]
    kind: str
    required: bool = False
    held: bool = True
    about: str = ""
    default: Any = None
    choices: tuple[Any, ...] = ()
    kinds: tuple[str, ...] = ()
    limits: Schema = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of its input."""
        return "payload/" + "/".join(self.path)

    @property
    def label(self) -> str:
        return ".".join(self.path)

    @property
    def needed(self) -> bool:
        """Without it, no payload fits."""
        return self.required and self.held


def fields_of(schema: Schema) -> list[Field]:
    """The fields of a form; none where the schema is not of an object, or is too large for a form.

    Where it may be an object or something else, such as a text, those of the object: the rest is JSON.
    """
    fields = list(_fields(_object_in(schema) or _resolved(schema, schema), schema))
    return fields if len(fields) <= _MOST else []


def other_kinds(schema: Schema) -> list[str]:
    """What a payload may be beside the object that the form is for: JSON types, in their order."""
    if not _object_in(schema):
        return []
    return [kind for kind in _kinds(_resolved(schema, schema), schema) if kind != "object"]


def _object_in(schema: Schema) -> dict[str, Any]:
    """The object with fields among what a payload may be, where that is one; else empty."""
    some = [_resolved(choice, schema) for choice in _choices(_resolved(schema, schema))]
    objects = [choice for choice in some if choice.get("type") == "object" and choice.get("properties")]
    return objects[0] if len(objects) == 1 else {}


def _fields(schema: Schema, root: Schema, path: tuple[str, ...] = (), held: bool = True) -> Iterator[Field]:
    """Those of an object within the payload stand among the others."""
    needed, properties = schema.get("required"), schema.get("properties")
    needed = needed if isinstance(needed, list) else []
    for name, raw in properties.items() if isinstance(properties, Mapping) else ():
        resolved = _resolved(raw, root)
        if len(path) < _DEEPEST and resolved.get("type") == "object" and resolved.get("properties"):
            yield from _fields(resolved, root, (*path, name), held and name in needed)
        else:
            yield _field((*path, name), resolved, root, required=name in needed, held=held)


def _field(path: tuple[str, ...], schema: Schema, root: Schema, *, required: bool, held: bool) -> Field:
    kind, choices, kinds = _kind(schema, root)
    default = schema.get("default")
    if kind in ("list", "choices") and not isinstance(default, list):
        default = None
    return Field(
        path=path, kind=kind, required=required, held=held, about=str(schema.get("description", ""))[:300],
        default=default, choices=choices, kinds=kinds, limits=schema,
    )  # fmt: skip


def _kind(schema: Schema, root: Schema) -> tuple[str, tuple[Any, ...], tuple[str, ...]]:
    """With the choices there are, or the kinds of JSON that may be written."""
    if choices := _values(schema):
        return "choice", choices, ()
    kind = schema.get("type")
    if isinstance(kind, str) and kind in SCALARS:
        return kind, (), ()
    if kind == "array":
        inner = _resolved(schema.get("items", {}), root)
        if choices := _values(inner):
            return "choices", choices, ()
        if isinstance(one := inner.get("type"), str) and one in SCALARS:
            return "list", (), (one,)
    kinds = _kinds(schema, root)
    if "string" in kinds:
        return "mixed", (), tuple(kind for kind in kinds if kind != "string")
    return "json", (), ()


def _values(schema: Schema) -> tuple[Any, ...]:
    """All that it may be, where that is said."""
    some = [schema["const"]] if "const" in schema else schema.get("enum")
    return tuple(some) if isinstance(some, list) else ()


def _kinds(schema: Schema, root: Schema) -> list[str]:
    """The JSON types between which a value may choose; none where one of them is limited to some values."""
    options = [_resolved(choice, root) for choice in _choices(schema)]
    kinds = [choice.get("type") for choice in options] or schema.get("type")
    if not isinstance(kinds, list) or any(map(_values, options)):
        return []
    return [kind for kind in kinds if isinstance(kind, str)] if all(isinstance(k, str) for k in kinds) else []


def _resolved(schema: Any, root: Schema) -> dict[str, Any]:
    """Without references, and without the null of what may be left away."""
    resolved = dict(schema) if isinstance(schema, Mapping) else {}
    for _ in range(10):
        if isinstance(ref := resolved.get("$ref"), str) and ref.startswith("#/"):
            resolved = _at(root, ref) | {name: resolved[name] for name in resolved if name != "$ref"}
        elif len(some := _choices(resolved)) == 1:
            resolved = dict(some[0]) | {
                name: resolved[name] for name in resolved if name not in ("anyOf", "oneOf")
            }
        else:
            break
    if (
        isinstance(kinds := resolved.get("type"), list)
        and len(some := [k for k in kinds if k != "null"]) == 1
    ):
        resolved["type"] = some[0]
    return resolved


def _at(root: Schema, ref: str) -> dict[str, Any]:
    node: Any = root
    for part in ref[2:].split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        node = node.get(name, {}) if isinstance(node, Mapping) else {}
    return dict(node) if isinstance(node, Mapping) else {}


def _choices(schema: Schema) -> list[Schema]:
    some = schema.get("anyOf") or schema.get("oneOf") or []
    some = some if isinstance(some, list) else []
    return [choice for choice in some if isinstance(choice, Mapping) and choice.get("type") != "null"]
