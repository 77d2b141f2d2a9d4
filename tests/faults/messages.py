"""Where one message of Redis's protocol ends and the next begins: nothing of what is in them."""

from __future__ import annotations

from collections.abc import Iterator


def messages(buffer: bytearray, *, framed: bool) -> Iterator[bytes]:
    """Take the whole messages out of what has arrived."""
    while buffer:
        try:
            end = _end(buffer, 0) if framed else len(buffer)
        except ValueError:  # the rest is on its way
            return
        message = bytes(buffer[:end])
        del buffer[:end]
        yield message


def _end(data: bytearray, at: int) -> int:
    """Where the message ends that begins here. Raises ValueError when that has not arrived."""
    line = data.index(b"\r\n", at)
    kind, after = data[at : at + 1], line + 2
    if kind not in (b"*", b"$"):
        return after
    size = int(data[at + 1 : line])
    if kind == b"$":
        after += size + 2 if size >= 0 else 0
    for _ in range(size if kind == b"*" else 0):
        after = _end(data, after)
    if after > len(data):
        raise ValueError
    return after
