"""Is it the input of an earlier run? A digest of all lines up to each, beside those that marks have kept.

It is a sum over the lines, each with its number: so the lines that were refused, and may be put right, can be
left out of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence

from gopher_cli.model.errors import Conflict
from gopher_cli.model.job.batch_mark import BatchMark

_MASK = 2**64 - 1


class Digests:
    """``expected`` are the marks that earlier runs have left, by line, which this one has yet to reach."""

    def __init__(self, batch: str, marks: Collection[BatchMark]) -> None:
        self._batch = batch
        self._sum = 0
        self._sums: dict[int, int] = {}
        self._apart = {line: 0 for mark in marks for line in mark.refused}
        self.expected: dict[int, list[BatchMark]] = {}
        for mark in marks:
            if mark.digest:
                self.expected.setdefault(mark.line, []).append(mark)

    def knows(self, line: int) -> bool:
        return line in self._sums

    def sum_at(self, line: int) -> int:
        """Of all lines up to this one, where it is known."""
        return self._sums.get(line, 0)

    def follow(self, lines: Sequence[tuple[int, bytes]], kept: Collection[int]) -> dict[int, tuple[int, int]]:
        """Read on; of each line what it adds, and the sum with it. Sums of lines before these are forgotten,
        but for ``kept``. Raises Conflict.
        """
        self._sums = {line: sum for line, sum in self._sums.items() if line in kept}
        sums = {}
        for number, line in lines:
            adds = int.from_bytes(hashlib.blake2b(b"%d\n" % number + line, digest_size=8).digest())
            self._sum = (self._sum + adds) & _MASK
            self._sums[number] = self._sum
            sums[number] = adds, self._sum
            if number in self._apart:
                self._apart[number] = adds
            for mark in self.expected.pop(number, ()):
                if mark.digest != digest(self._sum, (self._apart[line] for line in mark.refused)):
                    raise self._another("differs", number)
        return sums

    def end(self) -> None:
        """The input is over. Raises Conflict where an earlier one was longer."""
        if self.expected:
            raise self._another("ends", min(self.expected))

    def _another(self, how: str, line: int) -> Conflict:
        message = (
            f"this is another input than that of the batch {self._batch!r}: it {how} before line {line + 1}"
        )
        return Conflict(f"{message}; nothing of it was stored", "give it a --batch-id of its own")


def digest(sum_: int, left_out: Iterable[int]) -> str:
    """Of lines that sum up to this, without what some of them add."""
    return f"{(sum_ - sum(left_out)) & _MASK:016x}"
