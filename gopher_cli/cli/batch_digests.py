"""Is it the input of an earlier run? A digest of all lines up to each, beside those that marks have kept."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence

from gopher_cli.model.errors import Conflict


class Digests:
    """``expected`` are those that earlier runs have left, by line, which this one has yet to reach."""

    def __init__(self, batch: str, marks: Iterable[tuple[int, str]]) -> None:
        self._batch = batch
        self._hash = hashlib.blake2b(digest_size=8)
        self._by_line: dict[int, str] = {}
        self.expected = {line: digest for line, digest in marks if digest}

    def at(self, line: int) -> str:
        """Of all lines up to this one; empty where it is no longer known."""
        return self._by_line.get(line, "")

    def follow(self, lines: Sequence[tuple[int, bytes]], kept: Collection[int]) -> None:
        """Read on. Digests of lines before these are forgotten, but for ``kept``. Raises Conflict."""
        last = lines[0][0] - 1
        self._by_line = {n: digest for n, digest in self._by_line.items() if n == last or n in kept}
        for number, line in lines:
            self._hash.update(b"%d\n" % len(line) + line)
            self._by_line[number] = digest = self._hash.copy().hexdigest()
            if self.expected.pop(number, digest) != digest:
                raise self._another("differs", number)

    def end(self) -> None:
        """The input is over. Raises Conflict where an earlier one was longer."""
        if self.expected:
            raise self._another("ends", min(self.expected))

    def _another(self, how: str, line: int) -> Conflict:
        said = (
            f"this is another input than that of the batch {self._batch!r}: it {how} before line {line + 1}"
        )
        return Conflict(f"{said}; nothing of it was stored", "give it a --batch-id of its own")
