"""What was sent and has not arrived: the system takes megabytes at once, and a narrow line carries them
for a while."""

from __future__ import annotations

import select
import struct
from contextlib import suppress
from typing import Any

LARGE = 16 * 1024  # bytes; what is smaller leaves within any time-out


def unsent(line: Any) -> int:
    """How many bytes of a socket the other side has not got yet; 0 where the system does not tell."""
    with suppress(ImportError, OSError, ValueError):
        from fcntl import ioctl
        from termios import TIOCOUTQ

        return int(struct.unpack("i", ioctl(line.fileno(), TIOCOUTQ, b"\0\0\0\0"))[0])
    return 0


def until_sent(line: Any, seconds: float) -> None:
    """Wait for as long as bytes leave, or until an answer comes. Raises TimeoutError when none moves."""
    left = unsent(line)
    answer = select.poll()  # select knows no descriptor above 1023
    answer.register(line, select.POLLIN)
    while left and not answer.poll(seconds * 1000):
        still = unsent(line)
        if still >= left:
            raise TimeoutError("timed out")
        left = still
