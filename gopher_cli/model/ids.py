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
_pool = bytearray()


def _random48() -> int:
    if len(_pool) < 6:
        _pool.extend(os.urandom(6 * 512))
    taken = _pool[-6:]
    del _pool[-6:]
    return int.from_bytes(taken, "big")


def new_id() -> str:
    """A fresh UUIDv7 as text; two calls in one process sort in the order they were made."""
    stamp = _sequence.next(time.time_ns() // 1_000_000)
    ms, count = stamp >> 26, stamp & 0x3FFFFFF
    high, low = count >> 14, count & 0x3FFF  # 12 bits beside the version, 14 beside the variant
    text = f"{ms:012x}7{high:03x}{0x8000 | low:04x}{_random48():012x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


os.register_at_fork(after_in_child=_pool.clear)
