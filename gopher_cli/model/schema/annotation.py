"""What the annotation of a payload means: a compiled reader of JSON, and a JSON Schema."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from gopher_cli.model.errors import BadData


def decoder(type: str, annotation: Any) -> Callable[[msgspec.Raw], Any]:
    """A compiled reader of payloads: JSON text to a value of this annotation, or BadData."""
    if hasattr(annotation, "model_validate_json"):
        read: Callable[[Any], Any] = lambda raw: annotation.model_validate_json(bytes(raw))  # noqa: E731
    else:
        read = msgspec.json.Decoder(annotation).decode

    def decode(raw: msgspec.Raw) -> Any:
        try:
            return read(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError, RecursionError) as error:
            message = "; ".join(str(error).splitlines()[:4])
            raise BadData(f"the payload does not fit {type}: {message}") from error

    known = _only_fields(annotation)
    return decode if known is None else _closed(type, decode, known)


def _closed(
    type: str, decode: Callable[[msgspec.Raw], Any], known: tuple[str, ...]
) -> Callable[[msgspec.Raw], Any]:
    """The same, and no other field than these: msgspec would pass over it, and the default would count."""
    fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
    names = frozenset(known)

    def decode_closed(raw: msgspec.Raw) -> Any:
        value = decode(raw)
        for name in fields(raw).keys() - names:
            from gopher_cli.model.schema.json_schema import unknown_field  # late: only errors need it

            raise BadData(f"the payload does not fit {type}: {name} {unknown_field(name, known)}")
        return value

    return decode_closed


def _only_fields(annotation: Any) -> tuple[str, ...] | None:
    """The fields of a dataclass or a TypedDict; None for what decides by itself what else may be there."""
    import msgspec.inspect  # late: only those who run jobs need it

    if hasattr(annotation, "model_validate_json"):
        return None
    try:
        kind = msgspec.inspect.type_info(annotation)
    except Exception:  # what msgspec cannot describe
        return None
    if not isinstance(kind, (msgspec.inspect.DataclassType, msgspec.inspect.TypedDictType)):
        return None
    return tuple(field.encode_name for field in kind.fields)


def schema_of(annotation: Any) -> bytes:
    """JSON Schema of an annotation; {} when it says nothing or cannot be described."""
    try:
        if hasattr(annotation, "model_json_schema"):
            return msgspec.json.encode(annotation.model_json_schema())
        if annotation is Any:
            return b"{}"
        schema = msgspec.json.schema(annotation)
        _close(schema, annotation)
        return msgspec.json.encode(schema)
    except Exception:  # a pydantic model may have parts that JSON Schema knows nothing of
        return b"{}"


def _close(schema: dict[str, Any], annotation: Any) -> None:
    """Let no other field be in the dataclasses and TypedDicts of a schema, however deep they are."""
    import msgspec.inspect

    # By their names, as msgspec writes them into the schema.
    closed = {
        part.cls.__name__: part
        for part in _parts(msgspec.inspect.type_info(annotation))
        if isinstance(part, (msgspec.inspect.DataclassType, msgspec.inspect.TypedDictType))
    }
    for name, part in schema.get("$defs", {}).items():
        if name in closed and part.get("type") == "object":
            part["additionalProperties"] = False


def _parts(kind: Any, seen: set[int] | None = None) -> Iterator[Any]:
    """A type of msgspec and all types in it, each once."""
    seen = set() if seen is None else seen
    if isinstance(kind, tuple):
        for part in kind:
            yield from _parts(part, seen)
    elif isinstance(kind, (msgspec.inspect.Type, msgspec.inspect.Field)) and id(kind) not in seen:
        seen.add(id(kind))
        if isinstance(kind, msgspec.inspect.Type):
            yield kind
        for name in kind.__struct_fields__:
            yield from _parts(getattr(kind, name), seen)
