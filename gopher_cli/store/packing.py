"""Commands are packed in C where hiredis is installed: redis-py's asyncio client does it in Python."""

from __future__ import annotations

from typing import Any

from redis.asyncio import Connection, SSLConnection, UnixDomainSocketConnection

try:
    from hiredis import pack_command
except ImportError:  # the extra `fast` is not installed
    pack_command = None


def _packed(base: type[Any]) -> type[Any]:
    class Packed(base):  # type: ignore[misc]
        def pack_command(self, *args: Any) -> list[bytes]:
            if pack_command is None or args[0] not in ("EVALSHA", "EVAL"):
                return super().pack_command(*args)  # type: ignore[no-any-return]
            return [pack_command(args)]

    return Packed


TCP, TLS, UNIX = _packed(Connection), _packed(SSLConnection), _packed(UnixDomainSocketConnection)
