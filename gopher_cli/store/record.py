"""The record of a job: the small part of it that changes, as one line (lua/lib/record/record.lua)."""

from __future__ import annotations

import msgspec


class Record(msgspec.Struct, frozen=True):
    """The small mutable record of a job (lua/lib/record/record.lua). Times in ms; 0 is never."""

    attempts: int = 0
    losses: int = 0
    token: str = ""
    started: int = 0
    ready_at: int = 0
    score: int = 0
    created: int = 0
    finished: int = 0
    lock: str = ""


def read_record(line: bytes | str) -> Record:
    """An empty record for a line that cannot be read: looking must never fail."""
    text = line.decode("utf-8", "replace") if isinstance(line, bytes) else line
    parts = text.split(";")
    try:
        attempts, losses, token, started, ready_at, score, created, finished, lock = parts[:9]
        return Record(
            int(attempts), int(losses), token, int(started or 0), int(ready_at or created),
            int(score), int(created), int(finished or 0), lock,
        )  # fmt: skip
    except ValueError:
        return Record()
