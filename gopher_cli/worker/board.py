"""A board in shared memory: which jobs a runner has started, so that its supervisor can tell after a crash.

One slot a running job: hard deadline (CLOCK_MONOTONIC, one for all processes; 0 is a free slot),
the queue's number, whether it runs in a process of its own, whether that is only starting, the id. Before
the slots a byte by which the supervisor holds a runner that does not move: it begins nothing more; and how
many jobs have completed and failed. Behind them what such a runner has ended, and could not tell.
"""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

_SLOT = struct.Struct("<dH??128s")
_FREE = struct.Struct("<d")
_COUNTS = struct.Struct("<QQ")
_AT = 8  # of the counts
_HEAD = _AT + _COUNTS.size
_ENDED = struct.Struct("<H128s")
_MOST = 2048  # of those that have ended


class _Slot(NamedTuple):
    deadline: float
    queue: int
    apart: bool
    starting: bool
    id: str


class Board:
    """``fd`` is inherited by the runner; both sides map the same pages."""

    def __init__(self, fd: int, slots: int) -> None:
        self.fd = fd
        self.slots = slots
        self._end = _HEAD + slots * _SLOT.size
        self._map = mmap.mmap(fd, _size(slots))

    @classmethod
    def create(cls, slots: int) -> Board:
        fd = shared_file("gopher-board")
        os.ftruncate(fd, _size(slots))
        return cls(fd, slots)

    def write(
        self, slot: int, deadline: float, queue: int, id: str, apart: bool = False, starting: bool = False
    ) -> None:
        """Note a job; ``apart`` if it runs in a process of its own, ``starting`` until that may begin it."""
        at = _HEAD + slot * _SLOT.size
        _SLOT.pack_into(self._map, at, deadline, queue, apart, starting, id.encode())

    def wipe(self, slot: int) -> None:
        _FREE.pack_into(self._map, _HEAD + slot * _SLOT.size, 0.0)

    def read(self) -> list[tuple[float, int, str]]:
        """(deadline, queue, id) of every job that has a slot."""
        return [(slot.deadline, slot.queue, slot.id) for slot in self._slots()]

    def begun(self, queue: int) -> list[str]:
        """The jobs of this queue that have begun."""
        return [slot.id for slot in self._slots() if slot.queue == queue and not slot.starting]

    def blamed(self) -> list[tuple[int, str]]:
        """(queue, id) of the jobs that may have brought the runner down: what runs in a process of its own
        only where nothing ran in the runner itself."""
        begun = [slot for slot in self._slots() if not slot.starting]
        inside = [slot for slot in begun if not slot.apart]
        return [(slot.queue, slot.id) for slot in inside or begun]

    def _slots(self) -> list[_Slot]:
        slots = []
        for number in range(self.slots):
            deadline, queue, apart, starting, id = _SLOT.unpack_from(self._map, _HEAD + number * _SLOT.size)
            if deadline:
                slots.append(_Slot(deadline, queue, apart, starting, _text(id)))
        return slots

    @property
    def held(self) -> bool:
        """Whether its runner must begin nothing more."""
        return self._map[0] != 0

    def hold(self, held: bool = True) -> None:
        self._map[0] = held

    def note_ended(self, some: Iterable[tuple[int, str]]) -> None:
        """(queue, id) of what has ended, and Redis does not know of yet: all of it, each time."""
        at = self._end
        for queue, id in islice(some, _MOST):
            _ENDED.pack_into(self._map, at, queue, id.encode())
            at += _ENDED.size
        self._map[1:3] = struct.pack("<H", (at - self._end) // _ENDED.size)

    def kept(self) -> set[tuple[int, str]]:
        """(queue, id) of what has a slot, whether it has ended or not."""
        (count,) = struct.unpack_from("<H", self._map, 1)
        ended = (_ENDED.unpack_from(self._map, self._end + n * _ENDED.size) for n in range(count))
        return {(queue, _text(id)) for queue, id in ended} | {(queue, id) for _, queue, id in self.read()}

    def count(self, completed: int, failed: int) -> None:
        """How many jobs have ended so here, in all: known also where the process dies in the next moment."""
        _COUNTS.pack_into(self._map, _AT, completed, failed)

    def counts(self) -> dict[str, int]:
        completed, failed = _COUNTS.unpack_from(self._map, _AT)
        return {"completed": completed, "failed": failed}

    def close(self) -> None:
        self._map.close()
        os.close(self.fd)


def _size(slots: int) -> int:
    return _HEAD + slots * _SLOT.size + _MOST * _ENDED.size


def _text(id: bytes) -> str:
    return id.rstrip(b"\0").decode("utf-8", "replace")


def shared_file(name: str) -> int:
    """An empty file without a path, for processes that inherit it."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create(name)
    import tempfile

    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
