"""A turn: one process of a worker has it at a time, and it is free again when that process has died."""

from __future__ import annotations

import fcntl

from gopher_cli.worker.board import shared_file


class ProcessLock:
    """``fd`` is inherited by the runners. Within a process it is had once, too."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._mine = False

    @classmethod
    def create(cls) -> ProcessLock:
        return cls(shared_file("gopher-turn"))

    def take(self) -> bool:
        """Whether it is ours now."""
        if self._mine:
            return False
        try:
            fcntl.lockf(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        self._mine = True
        return True

    def leave(self) -> None:
        fcntl.lockf(self.fd, fcntl.LOCK_UN)
        self._mine = False
