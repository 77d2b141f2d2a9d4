"""Commands as bytes, packed in C where hiredis is installed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from redis.connection import PythonRespSerializer

_python: Any = PythonRespSerializer(
    6000, lambda value: value if isinstance(value, bytes) else str(value).encode()
)


def _pack(command: tuple[Any, ...]) -> bytes:
    return b"".join(_python.pack(*command))


try:
    from hiredis import pack_command
except ImportError:  # the extra `fast` is not installed
    pack_command = _pack  # type: ignore[assignment]


def pack(commands: Iterable[Sequence[Any]]) -> bytes:
    """Any number of commands, to be sent at once."""
    return b"".join(pack_command(tuple(command)) for command in commands)
