"""What a program or an isolated handler may use: memory, processes, open files, and no core dump."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gopher_cli.config import Settings

_MEGABYTE = 1024 * 1024
# RLIMIT_NPROC counts all processes of the user: this much beyond what the whole machine runs now. The
# count that matters is the keeper's own; this one ends what forks faster than that can count.
_HEADROOM = 4
_prlimit: Callable[..., object] | None = getattr(resource, "prlimit", None)


@dataclass(frozen=True, slots=True)
class ResourceLimits:
    """``memory`` in megabytes of address space. 0 is no limit."""

    memory: int = 0
    processes: int = 0
    files: int = 0

    def put_on(self, pid: int = 0) -> None:
        """Of a process that has just begun (its exec is over, and its loader at work), or of this one.

        From outside where that can be: what runs between fork and exec makes a start ten times as slow.
        """
        for what, most in self._wanted():
            pair = _within(what, most)
            with contextlib.suppress(OSError, ValueError):
                if pid and _prlimit:
                    _prlimit(pid, what, pair)
                elif not pid:
                    resource.setrlimit(what, pair)

    def before_exec(self) -> Callable[[], None] | None:
        """For subprocess's preexec_fn, where limits cannot be set from outside."""
        return None if _prlimit else self.put_on

    def _wanted(self) -> list[tuple[int, int]]:
        limits = [(resource.RLIMIT_CORE, 0)]
        if self.memory:
            limits.append((resource.RLIMIT_AS, self.memory * _MEGABYTE))
        if self.files:
            limits.append((resource.RLIMIT_NOFILE, self.files))
        if self.processes and (running := _running()):
            limits.append((resource.RLIMIT_NPROC, running + _HEADROOM * self.processes))
        return limits


def limits_of(settings: Settings) -> ResourceLimits:
    return ResourceLimits(settings.job_memory, settings.job_processes, settings.job_files)


def _within(what: int, most: int) -> tuple[int, int]:
    """Hard as well as soft, and never more than we have ourselves."""
    _, hard = resource.getrlimit(what)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    return most, most


def _running() -> int:
    """Threads on this machine; 0 where nobody tells."""
    try:
        return int(Path("/proc/loadavg").read_text(encoding="ascii").split()[3].partition("/")[2])
    except (OSError, ValueError, IndexError):
        return 0
