"""A board in shared memory: which jobs a runner has started, so that its supervisor can tell after a crash.

One seat a running job: hard deadline (CLOCK_MONOTONIC, one for all processes; 0 is a free seat),
the queue's number, the id.
"""

from __future__ import annotations

import mmap
import os
import struct

_SEAT = struct.Struct("<dH128s")
_FREE = struct.Struct("<d")


class Board:
    """``fd`` is inherited by the runner; both sides map the same pages."""

    def __init__(self, fd: int, seats: int) -> None:
        self.fd = fd
        self.seats = seats
        self._map = mmap.mmap(fd, seats * _SEAT.size)

    @classmethod
    def create(cls, seats: int) -> Board:
        fd = os.memfd_create("gopher-board") if hasattr(os, "memfd_create") else _unlinked_file()
        os.ftruncate(fd, seats * _SEAT.size)
        return cls(fd, seats)

    def write(self, seat: int, deadline: float, queue: int, id: str) -> None:
        """Note a started job."""
        _SEAT.pack_into(self._map, seat * _SEAT.size, deadline, queue, id.encode())

    def wipe(self, seat: int) -> None:
        _FREE.pack_into(self._map, seat * _SEAT.size, 0.0)

    def read(self) -> list[tuple[float, int, str]]:
        """(deadline, queue, id) of every started job."""
        found = []
        for seat in range(self.seats):
            deadline, queue, id = _SEAT.unpack_from(self._map, seat * _SEAT.size)
            if deadline:
                found.append((deadline, queue, id.rstrip(b"\0").decode("utf-8", "replace")))
        return found

    def close(self) -> None:
        self._map.close()
        os.close(self.fd)


def _unlinked_file() -> int:
    import tempfile

    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
