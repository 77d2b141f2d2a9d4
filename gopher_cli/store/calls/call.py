"""A Call: what to send, and what the answer means. It does no I/O; ``store.redis`` sends it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar

from gopher_cli.store.keyspace import Keys
from gopher_cli.store.scripts import Script, load

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Arg = str | bytes | int | float


@dataclass(frozen=True, slots=True)
class Call(Generic[T_co]):
    """One script with its keys and arguments. ``answer`` reads what Redis says."""

    script: Script
    keys: tuple[str, ...]
    argv: Sequence[Arg]
    answer: Callable[[Any], T_co]


def make_call(
    name: str,
    keys: Keys,
    argv: Mapping[str, Arg],
    answer: Callable[[Any], T],
    items: Sequence[Arg] = (),
    **special: str,
) -> Call[T]:
    """Order keys and arguments as the script's header names them; ``items`` follow.

    ``special`` gives keys that are not named by the keyspace alone (held, place).
    Raises KeyError for an argument that the script names and the caller does not give.
    """
    script = load(name)
    ordered = (
        tuple(special[k] if k in special else keys[k] for k in script.keys)
        if special
        else _keys(script, keys)
    )
    return Call(script, ordered, [*(argv[a] for a in script.argv), *items], answer)


@cache
def _keys(script: Script, keys: Keys) -> tuple[str, ...]:
    return tuple(keys[name] for name in script.keys)


def evalsha(call: Call[Any], *, whole: bool = False) -> tuple[Any, ...]:
    """The command for a Call; ``whole`` sends the script itself, for a server that does not know it."""
    script = ("EVAL", call.script.source) if whole else ("EVALSHA", call.script.sha)
    return (*script, len(call.keys), *call.keys, *call.argv)


def pairs(flat: Sequence[Any], size: int = 2) -> list[Sequence[Any]]:
    return [flat[i : i + size] for i in range(0, len(flat), size)]


def text(raw: bytes | str) -> str:
    return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw


def mapping(raw: Any) -> dict[str, bytes]:
    """HGETALL as a dictionary, in either protocol."""
    items = raw.items() if isinstance(raw, dict) else zip(raw[::2], raw[1::2], strict=True)
    return {text(name): value for name, value in items}
