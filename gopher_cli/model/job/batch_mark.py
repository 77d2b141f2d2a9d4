"""How far a queue has come in a batch: what a later run of the same batch skips, and knows it by."""

from __future__ import annotations

import re

import msgspec

_TEXT = re.compile(r"(\d{1,15});([0-9a-f]{0,32});((?:\d{1,15},)*\d{1,15})?")


class BatchMark(msgspec.Struct, frozen=True):
    """All lines up to ``line`` are done, but for those that were ``refused``.

    ``digest`` is that of the done ones; empty in marks of old.
    """

    line: int = 0
    digest: str = ""
    refused: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"{self.line};{self.digest};{','.join(map(str, self.refused))}"


def read_mark(text: str) -> BatchMark:
    """Raises ValueError."""
    if not (match := _TEXT.fullmatch(text)):
        raise ValueError("a mark is line;digest;refused,refused")
    refused = tuple(int(line) for line in match[3].split(",")) if match[3] else ()
    return BatchMark(int(match[1]), match[2], refused)


def kept_mark(text: str) -> BatchMark:
    """As it is kept, with the time behind it; of old there was only a line."""
    mark = text.rpartition(";")[0]
    return read_mark(mark) if mark.count(";") == 2 else BatchMark(int(text.partition(";")[0]))
