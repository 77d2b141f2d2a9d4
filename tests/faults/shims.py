"""Shims of C, put before a process's system calls: a clock that jumps, a slow or full disk, a power failure.

Each test holds a page of memory together with the processes it starts, and turns the faults on and off
in it while they run.
"""

from __future__ import annotations

import atexit
import mmap
import shutil
import struct
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

SOURCES = Path(__file__).parent / "shims"
_MICROS = 1_000_000
_CLOCK, _SYNC, _ROOM = 0, 8, 16  # where in the page; see shims/control.h


@cache
def compiler() -> str:
    """The path of one; "" when there is none: then only servers without faults can be had."""
    return next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), "")


@cache
def built(name: str) -> Path:
    """The shim as a shared library, compiled once for each process of tests."""
    assert compiler(), "these tests compile small shims: install a C compiler (Debian: apt install gcc)"
    library = _folder() / f"{name}.so"
    words = ["-shared", "-fPIC", "-O1", "-Wall", "-o", str(library), str(SOURCES / f"{name}.c"), "-ldl"]
    made = subprocess.run([compiler(), *words], capture_output=True, text=True, check=False)
    assert made.returncode == 0, f"the shim {name} does not compile: {made.stderr}"
    return library


@cache
def _folder() -> Path:
    folder = mkdtemp(prefix="gopher-shims-", dir="/tmp")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def with_disk(shims: Sequence[str] = ()) -> list[str]:
    """These, and the disk behind them, wherever it can be had."""
    return [*shims, *(["disk"] if compiler() else [])]


class Control:
    """The page of one or more shimmed processes. At first no fault is on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.write_bytes(struct.pack("=qqq", 0, 0, -1))
        with path.open("r+b") as file:
            self._page = mmap.mmap(file.fileno(), 24)

    def environ(self, shims: Sequence[str]) -> dict[str, str]:
        """What a process needs in its environment to have these shims."""
        libraries = ":".join(str(built(name)) for name in shims)
        return {"LD_PRELOAD": libraries, "GOPHER_TEST_CONTROL": str(self.path)} if shims else {}

    def set_clock(self, seconds: float) -> None:
        """The processes' clock is this far ahead of the true one, from now on."""
        self._set(_CLOCK, round(seconds * _MICROS))

    def slow_syncs(self, seconds: float) -> None:
        """Each sync of a file takes so much longer; 0 for as long as it takes."""
        self._set(_SYNC, round(seconds * _MICROS))

    def quick_syncs(self) -> None:
        """No sync takes any time: the disk of a machine that has nothing else to do. (Nothing is synced.)"""
        struct.pack_into("=q", self._page, _SYNC, -1)

    def disk_room(self, count: int | None) -> None:
        """So many bytes go to files before the disk is full; None for no end."""
        self._set(_ROOM, -1 if count is None else count)

    def _set(self, at: int, value: int) -> None:
        struct.pack_into("=q", self._page, at, value)
