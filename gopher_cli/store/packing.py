"""Commands as bytes, packed in C where hiredis is installed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from redis.connection import PythonRespSerializer

try:
    from hiredis import pack_command as _pack
except ImportError:  # the extra `fast` is not installed
    _python = PythonRespSerializer(
        6000, lambda value: value if isinstance(value, bytes) else str(value).encode()
    )

    def _pack(command: tuple[Any, ...]) -> bytes:
        return b"".join(_python.pack(*command))


def pack(commands: Iterable[Sequence[Any]]) -> bytes:
    """Any number of commands, to be sent at once."""
    return b"".join(_pack(tuple(command)) for command in commands)
