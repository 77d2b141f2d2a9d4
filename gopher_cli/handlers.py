"""The registry: which function or program runs a type of job, and what its payload looks like."""

from __future__ import annotations

import builtins
import functools
import inspect
import typing
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Never, TypeVar

import msgspec

from gopher_cli.declared_schedules import Declared, note, place_of, resolve
from gopher_cli.model.errors import BadConfig, BadData, Usage
from gopher_cli.model.job.payload import EMPTY
from gopher_cli.model.job.value_checks import check_backoff, check_retries, check_timeout, check_type
from gopher_cli.model.schedule.declaration import Declaration
from gopher_cli.model.schema.annotation import decoder, schema_of

OPTIONS = ("timeout", "retries", "backoff", "isolate")
F = TypeVar("F", bound=Callable[..., Any])


class Runs(StrEnum):
    """Where a handler runs."""

    LOOP = "async"
    THREAD = "thread"
    PROCESS = "process"
    PROGRAM = "executable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """What runs one type. ``decode`` turns JSON text into what the function takes, or raises BadData."""

    type: str
    call: Callable[..., Any]
    runs: Runs
    wants_payload: bool = True
    wants_context: bool = False
    decode: Callable[[msgspec.Raw], Any] = msgspec.json.decode
    schema: bytes = b"{}"
    timeout: float | None = None
    retries: int | None = None
    backoff: str = ""
    command: tuple[str, ...] = ()
    place: str = ""  # where it is written: file:line


class TwoHandlers(BadConfig):
    """A type with two handlers: only one of them could run it."""

    def __init__(self, first: Handler, other: Handler) -> None:
        super().__init__(
            f"the type {first.type!r} has two handlers: {first.place} and {other.place}",
            "remove one, or give it another type",
        )


@dataclass(slots=True)
class Registry:
    """Handlers by type. Iterating gives the types in order."""

    handlers: dict[str, Handler] = field(default_factory=dict)
    declared: list[Declared] = field(default_factory=list)
    _types: dict[Callable[..., Any], str] = field(default_factory=dict)  # by the function that runs it

    def handler(
        self,
        type: str,
        *,
        timeout: float | None = None,
        retries: int | None = None,
        backoff: str | None = None,
        isolate: bool = False,
        **unknown: Never,
    ) -> Callable[[F], F]:
        """Register a function for a type of job. ``timeout`` in seconds; ``isolate`` gives it a process.

        The first parameter is the payload, validated against its annotation (a dataclass, TypedDict,
        msgspec Struct, pydantic model, dict, or none); a parameter called ``ctx`` gets the Context.
        Of a dataclass or a TypedDict a payload has no other fields; a Struct and a model decide that
        themselves. Raises Usage, with the name of the type, for an option that makes no sense.
        """
        check_type(type)
        try:
            _check_options(timeout, retries, backoff, unknown)
        except Usage as error:
            raise Usage(f"the handler of {type!r}: {error}", error.hint) from None

        def register(function: F) -> F:
            self._types[function] = type
            self.add(
                _from_function(
                    type,
                    function,
                    isolate=isolate,
                    timeout=timeout,
                    retries=retries,
                    backoff=backoff or "",
                )
            )
            return function

        return register

    def schedule(self, name: str, type: str = "", payload: Any = EMPTY, **options: Any) -> Callable[[F], F]:
        """Declare a recurring job of a type, or of the function of a handler that this decorates.

        The options are those of Gopher.set_schedule. Raises Usage or BadData for what makes no sense.
        """
        declared = note(name, type, payload, options)
        self.declared.append(declared)

        def register(function: F) -> F:
            declared.function = function
            return function

        return register

    def declarations(self) -> list[Declaration]:
        """All schedules that are declared. Raises BadConfig for two of a name, and for a bad payload."""
        declared = resolve(self.declared, self._types)
        for declaration in declared:
            handler = self.get(declaration.type)
            try:
                if handler and handler.wants_payload:
                    handler.decode(msgspec.Raw(declaration.payload.encode()))
            except BadData as error:
                raise BadConfig(f"the payload of the schedule {declaration.name!r}: {error}") from None
        return declared

    def add(self, handler: Handler) -> None:
        """Raises TwoHandlers when another function or program has that type."""
        known = self.handlers.get(handler.type)
        if known is not None and (known.call is not handler.call or known.command != handler.command):
            raise TwoHandlers(known, handler)
        self.handlers[handler.type] = handler

    def update(self, other: Registry) -> None:
        """Add all of another. Raises TwoHandlers."""
        for handler in other.handlers.values():
            self.add(handler)
        self.declared += [declared for declared in other.declared if declared not in self.declared]
        self._types |= other._types

    def overlaid(self, other: Registry) -> Registry:
        """A new one with the handlers of both: those of the other stand for ours of the same type."""
        declared = [*self.declared, *other.declared]
        return Registry({**self.handlers, **other.handlers}, declared, {**self._types, **other._types})

    def get(self, type: str) -> Handler | None:
        return self.handlers.get(type)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self.handlers))

    def __len__(self) -> int:
        return len(self.handlers)

    def schemas(self) -> dict[str, bytes]:
        """The JSON Schema of each type's payload, as workers publish it."""
        return {type: handler.schema for type, handler in self.handlers.items()}


def _check_options(
    timeout: float | None, retries: int | None, backoff: str | None, unknown: Collection[str]
) -> None:
    if timeout is not None:
        check_timeout(timeout)
    if retries is not None:
        check_retries("retries", retries)
    if backoff is not None:
        check_backoff(backoff)
    for name in unknown:
        from gopher_cli.model.schema.json_schema import unknown_field  # late: only errors need it

        raise Usage(f"the option {name} {unknown_field(name, OPTIONS, 'options')}")


def _from_function(type: str, function: Callable[..., Any], *, isolate: bool, **options: Any) -> Handler:
    payload, wants_context, plain = _parameters(type, function)
    inner = _inner(function)
    try:
        hints = typing.get_type_hints(inner) if hasattr(inner, "__annotations__") else {}
    except (NameError, TypeError) as error:
        raise BadConfig(f"the annotations of handler {type!r} cannot be resolved: {error}") from error
    annotation = hints.get(payload, Any) if payload else Any
    # Not through `functools.wraps`: a plain function may well run the coroutine that it wraps to its end.
    is_async = inspect.iscoroutinefunction(inner)
    return Handler(
        type=type,
        call=function if plain else _by_name(function, payload),
        runs=Runs.PROCESS if isolate else Runs.LOOP if is_async else Runs.THREAD,
        wants_payload=payload is not None,
        wants_context=wants_context,
        decode=decoder(type, annotation),
        schema=schema_of(annotation),
        place=_place(function),
        **options,
    )


def _place(function: Callable[..., Any]) -> str:
    """Where a function is written: file:line, or its name where it has no source."""
    inner = _inner(inspect.unwrap(function))
    code = getattr(inner, "__code__", None)
    if code is None:
        return f"{inner.__module__}.{inner.__qualname__}"
    return place_of(code.co_filename, code.co_firstlineno)


def _inner(function: Callable[..., Any]) -> Callable[..., Any]:
    """What a partial calls in the end, or the method of an object that can be called."""
    while isinstance(function, functools.partial):
        function = function.func
    if inspect.isroutine(function) or inspect.isclass(function):
        return function
    return builtins.type(function).__call__


def _parameters(type: str, function: Callable[..., Any]) -> tuple[str | None, bool, bool]:
    """The name of its payload, whether it takes ``ctx``, and whether they go by position in that order.

    Raises Usage when it asks for more than that.
    """
    if inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function):
        raise Usage(f"the handler of {type!r} yields: a handler returns its result")
    parameters = inspect.signature(function).parameters
    given = [p for p in parameters.values() if p.kind is not p.VAR_KEYWORD]
    payload = next((p for p in given if p.name != "ctx"), None)
    for extra in given:
        needed = extra.default is extra.empty and extra.kind is not extra.VAR_POSITIONAL
        if needed and extra is not payload and extra.name != "ctx":
            raise Usage(
                f"the handler of {type!r} asks for {extra.name!r}: it gets its payload and ctx",
                "for example: def send(payload: Email, ctx: Context)",
            )
    taken = [p for p in given if p is payload or p.name == "ctx"]
    names = [p.name for p in taken]
    plain = names[:1] != ["ctx"] or payload is None
    plain = plain and all(p.kind is not p.KEYWORD_ONLY for p in taken)
    return payload.name if payload else None, "ctx" in names, plain


def _by_name(function: Callable[..., Any], name: str | None) -> Callable[..., Any]:
    """For a handler that cannot be called with payload and ctx by position."""

    def call(*given: Any) -> Any:
        names = [name] if name is not None else []
        return function(**dict(zip([*names, "ctx"], given, strict=False)))

    return call
