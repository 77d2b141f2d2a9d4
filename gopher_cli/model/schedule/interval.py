"""A fixed distance between instants, on a grid that is the same for all. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, floor

import msgspec


class Interval(msgspec.Struct, frozen=True):
    """Instants are the multiples of ``every`` since 1970, and ``offset`` later. Whole seconds."""

    every: int
    offset: int = 0

    def after(self, instant: float) -> int:
        """The first instant later than this one."""
        return (floor(instant) - self.offset) // self.every * self.every + self.every + self.offset

    def before(self, instant: float) -> int:
        """The last instant earlier than this one."""
        return (ceil(instant) - self.offset - 1) // self.every * self.every + self.offset

    def between(self, first: float, last: float) -> Iterator[int]:
        """All instants later than the first, and not later than the last, in order."""
        return iter(self._range(first, last))

    def count(self, first: float, last: float) -> int:
        """How many instants are later than the first, and not later than the last."""
        return len(self._range(first, last))

    def _range(self, first: float, last: float) -> range:
        return range(self.after(first), floor(last) + 1, self.every)
