"""How far the runs of a batch have come, queue by queue: what this one skips, and the marks it leaves."""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Collection, Sequence

from gopher_cli.cli.batch.batch_digests import Digests, digest
from gopher_cli.cli.batch.batch_lines import Made
from gopher_cli.model.job.batch_mark import BatchMark

_LISTED = 100  # refused lines that a mark lists; it does not go past the next one
_KNOWN = 1000  # refused lines that a run remembers


class Marks:
    """``earlier`` are those that were there when this run began."""

    def __init__(self, batch: str, earlier: Collection[BatchMark]) -> None:
        self.digests = Digests(batch, earlier)
        self._by_queue: dict[str, BatchMark] = {}
        self._refused: dict[int, Made] = {}
        self._end = sys.maxsize  # the first refused line that is not remembered
        self._last: dict[str, Made] = {}  # by queue whose mark lists a line that was taken after all

    def follow(self, lines: Sequence[tuple[int, bytes]]) -> dict[int, tuple[int, int]]:
        """Raises Conflict for another input than that of earlier runs."""
        return self.digests.follow(lines, {mark.line for mark in self._by_queue.values()})

    def knows(self, queue: str) -> bool:
        return queue in self._by_queue

    def note(self, queue: str, mark: BatchMark) -> None:
        """What earlier runs have left in this queue."""
        self._by_queue[queue] = mark

    def skips(self, queue: str, line: int) -> bool:
        """Was this line stored by an earlier run?"""
        mark = self._by_queue[queue]
        return line <= mark.line and line not in mark.refused

    def refuse(self, line: Made) -> None:
        """A line that is put right must be taken by the next run of the batch."""
        if line.line < self._end and line.line not in self._refused:
            if len(self._refused) < _KNOWN:
                self._refused[line.line] = Made(line.line, adds=line.adds, sum=line.sum)
            else:
                self._end = line.line

    def of(self, lines: Sequence[Made], unsure: Sequence[Made]) -> list[str]:
        """How far the next run may skip in the queue of each line, when these are stored.

        Those behind are known by their ids. ``unsure`` are those of them that may be refused yet.
        """
        apart = {**self._refused, **{line.line: line for line in unsure}}
        queues = {line.job.queue for line in lines if line.job}
        by_queue = {queue: self._apart(queue, apart) for queue in queues}
        return [str(self._mark(line, by_queue[line.job.queue])) for line in lines if line.job]

    def taken(self, lines: Sequence[Made], unsure: Sequence[Made]) -> None:
        """What became of these is known now: those that were taken stay in no mark as refused."""
        doubted = {line.job.queue for line in unsure if line.job and not line.error}
        for line in lines:
            if line.job and (line.job.queue in doubted or line.job.queue in self._last):
                self._last[line.job.queue] = line

    def settled(self) -> list[tuple[str, str]]:
        """The last marks, by queue, without the lines that were taken: none of those runs twice."""
        return [(queue, self.of([line], ())[0]) for queue, line in self._last.items()]

    def _apart(self, queue: str, refused: dict[int, Made]) -> list[Made]:
        """What this queue cannot skip. A line that it had stored before was refused too late to matter."""
        mark = self._by_queue[queue]
        return [refused[n] for n in sorted(refused) if n > mark.line or n in mark.refused]

    def _mark(self, one: Made, apart: Sequence[Made]) -> BatchMark:
        assert one.job is not None
        before = self._by_queue[one.job.queue]
        line, sum = one.line, one.sum  # the last line that may be skipped, and what all up to it come to
        if len(apart) > _LISTED and apart[_LISTED].line <= line:
            first = apart[_LISTED]
            line, sum = first.line - 1, first.sum - first.adds
        is_known = True
        if line <= before.line or line >= self._end:
            line, is_known = before.line, self.digests.knows(before.line)
            sum = self.digests.sum_at(line)
        left = apart[: bisect_right(apart, line, key=lambda made: made.line)]
        digits = digest(sum, (made.adds for made in left)) if is_known else ""
        return BatchMark(line, digits, tuple(made.line for made in left))
