"""A board in shared memory: which jobs a runner has started, so that its supervisor can tell after a crash.

One slot a running job: hard deadline (CLOCK_MONOTONIC, one for all processes; 0 is a free slot),
the queue's number, the id.
"""

from __future__ import annotations

import mmap
import os
import struct

_SLOT = struct.Struct("<dH128s")


class Board:
    """``fd`` is inherited by the runner; both sides map the same pages."""

    def __init__(self, fd: int, slots: int) -> None:
        self.fd = fd
        self._map = mmap.mmap(fd, slots * _SLOT.size)
        self._free = list(range(slots - 1, -1, -1))
        self._slots = slots

    @classmethod
    def create(cls, slots: int) -> Board:
        fd = os.memfd_create("gopher-board") if hasattr(os, "memfd_create") else _unlinked_file()
        os.ftruncate(fd, slots * _SLOT.size)
        return cls(fd, slots)

    def write(self, deadline: float, queue: int, id: str) -> int:
        """Note a started job; answers its slot."""
        slot = self._free.pop()
        _SLOT.pack_into(self._map, slot * _SLOT.size, deadline, queue, id.encode())
        return slot

    def wipe(self, slot: int) -> None:
        struct.pack_into("<d", self._map, slot * _SLOT.size, 0.0)
        self._free.append(slot)

    def read(self) -> list[tuple[float, int, str]]:
        """(deadline, queue, id) of every started job."""
        found = []
        for slot in range(self._slots):
            deadline, queue, id = _SLOT.unpack_from(self._map, slot * _SLOT.size)
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
