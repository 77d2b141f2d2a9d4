"""What a program is given to read, and pipes for what it writes."""

from __future__ import annotations

import asyncio
import os

CHUNK = 65536


class Pipe:
    """What a program writes. ``ours`` is read here; ``theirs`` is its end, closed once it has it."""

    def __init__(self, ours: asyncio.StreamReader, transport: asyncio.ReadTransport, theirs: int) -> None:
        self.ours = ours
        self.theirs = theirs
        self._transport = transport

    @classmethod
    async def open(cls) -> Pipe:
        loop = asyncio.get_running_loop()
        read, write = os.pipe()
        try:
            file = os.fdopen(read, "rb", 0)
            reader = asyncio.StreamReader(CHUNK)
            transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), file)
        except BaseException:
            os.close(write)
            raise
        return cls(reader, transport, write)

    def pass_on(self) -> None:
        """The program has its end now."""
        os.close(self.theirs)
        self.theirs = -1

    def close(self) -> None:
        """Whoever may still hold it, we do not."""
        if self.theirs >= 0:
            self.pass_on()
        self._transport.close()


def as_file(payload: bytes) -> int:
    """Not a pipe: a program need not read its input, and nobody waits for it to."""
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create("payload")
    else:
        import tempfile

        with tempfile.TemporaryFile() as file:
            fd = os.dup(file.fileno())
    try:
        with open(fd, "wb", closefd=False) as file:
            file.write(payload)
        os.lseek(fd, 0, os.SEEK_SET)
    except BaseException:
        os.close(fd)
        raise
    return fd
