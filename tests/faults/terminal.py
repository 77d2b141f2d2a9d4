"""A terminal of any width, and what a program shows on it."""

from __future__ import annotations

import os
import pty
import struct
from collections.abc import Callable
from fcntl import ioctl
from termios import TIOCSWINSZ
from typing import Any


def at_terminal(program: Callable[..., Any], *words: str, columns: int = 80) -> tuple[int, str]:
    """The exit code, and what was shown until the end."""
    leader, follower = pty.openpty()
    ioctl(follower, TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = program(*words, stdin=follower, stdout=follower, stderr=follower)
    os.close(follower)
    shown = b""
    while True:
        try:
            block = os.read(leader, 65536)
        except OSError:  # so Linux says that the last writer is gone
            block = b""
        if not block:
            break
        shown += block
    os.close(leader)
    return process.wait(60), shown.decode("utf-8", "replace")
