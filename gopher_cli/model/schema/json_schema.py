"""Does a payload fit the JSON Schema that a worker has published? The part that helps people: which
field is missing, which is of a wrong type, which is beyond its limits. What it does not understand, it lets
pass.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from gopher_cli.model.errors import BadData
from gopher_cli.model.hints import SEE_TYPES
from gopher_cli.model.schema.schema_limits import beyond

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "integer": (int,), "number": (int, float),
    "boolean": (bool,), "null": (type(None),),
}  # fmt: skip
_DEEPEST = 20
_MOST_FAULTS = 20  # that are looked for
_TOLD = 3  # of them in one line
Schema = Mapping[str, Any]
Path = tuple[str | int, ...]


class Fault(NamedTuple):
    """What is wrong with one value: ``path`` leads to it, or to where it should be."""

    path: Path
    said: str

    def __str__(self) -> str:
        return f"{_named_path(self.path)} {self.said}"


class Misfit(BadData):
    """A payload that does not fit the schema of its type: ``faults`` are all, the message tells the first."""

    def __init__(self, type: str, faults: Sequence[Fault]) -> None:
        message = "; ".join(map(str, faults[:_TOLD]))
        more = f"; and {len(faults) - _TOLD} more" if len(faults) > _TOLD else ""
        hint = SEE_TYPES.put(f"see: gopher types {type}")
        super().__init__(f"the payload does not fit {type}: {message}{more}", hint)
        self.faults = faults


def check_payload(type: str, schema: Schema, payload: Any) -> None:
    """Raises Misfit for every value at fault, twenty at most."""
    if first := list(islice(faults(schema, payload), _MOST_FAULTS)):
        raise Misfit(type, first)


def misfits(schema: Schema, payload: Any) -> Iterator[str]:
    """Every fault in words, such as "to is missing" or "n is a string, not an integer"."""
    yield from map(str, faults(schema, payload))


def faults(schema: Schema, payload: Any) -> Iterator[Fault]:
    yield from _faults(schema, payload, schema, (), 0)


def _faults(schema: Schema, value: Any, root: Schema, path: Path, depth: int) -> Iterator[Fault]:
    schema = _resolved(schema, root)
    if depth > _DEEPEST:
        return
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        fit = [one for one in choices if _is_any(value, _kinds(_resolved(one, root)))]
        tried = [list(_faults(choice, value, root, path, depth + 1)) for choice in fit]
        if not tried:
            yield _no_choice(choices, value, root, path)
        elif all(tried):
            yield from min(tried, key=len)
        return
    kinds = _kinds(schema)
    if not _is_any(value, kinds):
        yield Fault(path, f"is {_named(value)}, not {' or '.join(_article(kind) for kind in kinds)}")
        return
    if (allowed := schema.get("enum")) and value not in allowed:
        yield Fault(path, f"is not one of {', '.join(map(str, allowed))}")
    for fault in beyond(schema, value):
        yield Fault(path, fault)
    if isinstance(value, dict):
        yield from _fields(schema, value, root, path, depth)
    items = schema.get("items")
    if isinstance(value, list) and isinstance(items, Mapping):
        for index, item in enumerate(value[:1000]):
            yield from _faults(items, item, root, (*path, index), depth + 1)


def _fields(
    schema: Schema, value: Mapping[str, Any], root: Schema, path: Path, depth: int
) -> Iterator[Fault]:
    known = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield Fault((*path, name), "is missing")
    for name, field in value.items():
        if name in known:
            yield from _faults(known[name], field, root, (*path, name), depth + 1)
        elif schema.get("additionalProperties") is False:
            yield Fault((*path, name), unknown_field(name, known))


def unknown_field(name: str, known: Collection[str], kind: str = "fields") -> str:
    """What is said of a field that is not one of those; ``kind`` is what they are called."""
    from difflib import get_close_matches  # late: only errors need it

    near = get_close_matches(name, known, 1)
    return "is not known; " + (f"did you mean {near[0]}?" if near else f"{kind}: {', '.join(known)}")


def _resolved(schema: Schema, root: Schema) -> Schema:
    for _ in range(_DEEPEST):
        ref = schema.get("$ref", "") if isinstance(schema, Mapping) else ""
        if not ref.startswith("#/"):
            break
        node: Any = root
        for part in ref[2:].split("/"):
            node = node.get(part, {}) if isinstance(node, Mapping) else {}
        schema = node
    return schema if isinstance(schema, Mapping) else {}


def _kinds(schema: Schema) -> list[str]:
    kinds = schema.get("type", [])
    listed = [kinds] if isinstance(kinds, str) else list(kinds)
    return [kind for kind in listed if kind in _TYPES]


def _is_any(value: Any, kinds: Sequence[str]) -> bool:
    return not kinds or any(_is(value, kind) for kind in kinds)


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES[kind])


def _no_choice(choices: list[Schema], value: Any, root: Schema, path: Path) -> Fault:
    kinds = [kind for choice in choices for kind in _kinds(_resolved(choice, root))]
    expected = " or ".join(dict.fromkeys(_article(kind) for kind in kinds))
    return Fault(path, f"is {_named(value)}" + (f", not {expected}" if expected else ", which does not fit"))


def _named(value: Any) -> str:
    return _article(next((kind for kind in _TYPES if _is(value, kind)), "value"))


def _article(kind: str) -> str:
    return "null" if kind == "null" else f"{'an' if kind[0] in 'aio' else 'a'} {kind}"


def _named_path(path: Path) -> str:
    """``inner.list[0]``; the whole payload is "it"."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).removeprefix(".") or "it"
