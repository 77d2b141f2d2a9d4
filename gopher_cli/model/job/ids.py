"""Job ids: UUID version 7 (RFC 9562, 5.7), so that they sort by the time they were made."""

from __future__ import annotations

import os
import re
import time

VALID_ID = re.compile(r"[A-Za-z0-9_.:\-]{1,128}")
VALID_NAME = re.compile(r"[A-Za-z0-9_.\-]{1,64}")


class _Sequence:
    """Within one process ids only grow, also inside a millisecond and when a clock steps back."""

    def __init__(self) -> None:
        self._last = 0

    def next(self, now_ms: int) -> int:
        if now_ms > self._last >> 26:
            # 48 bits of time, then a counter of 26 that starts low at random, with room to grow.
            self._last = now_ms << 26 | int.from_bytes(os.urandom(3), "big")
        else:
            self._last += 1
        return self._last


_sequence = _Sequence()
_pool: list[str] = []  # of twelve random digits each


def _random() -> str:
    while True:
        try:
            return _pool.pop()
        except IndexError:
            digits = os.urandom(6 * 512).hex()
            _pool.extend(digits[at : at + 12] for at in range(0, len(digits), 12))


def new_id() -> str:
    """A fresh UUIDv7 as text; two calls in one process sort in the order they were made."""
    stamp = _sequence.next(time.time_ns() // 1_000_000)
    # 48 bits of time, 12 of the count beside the version, and 14 beside the variant.
    text = f"{stamp >> 26:012x}7{stamp >> 14 & 0xFFF:03x}{0x8000 | stamp & 0x3FFF:04x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:]}-{_random()}"


os.register_at_fork(after_in_child=_pool.clear)
