"""The program in this process: arguments in; exit code, stdout and stderr out."""

from __future__ import annotations

import io
import os
import sys
from dataclasses import dataclass, field
from typing import Any

import pytest

from gopher_cli.cli.shell.run import run

# What an environment may hold that changes what the program prints.
CLEAN = (
    "NO_COLOR",
    "FORCE_COLOR",
    "CLICOLOR_FORCE",
    "GOPHER_OUTPUT",
    "GOPHER_DEBUG",
    "GOPHER_ASSUME_YES",
    "CI",
    "COLUMNS",
)


@dataclass(frozen=True)
class Ran:
    """``code``, and what was said on either stream."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@dataclass
class Cli:
    """``tty`` makes stdout and stderr terminals, of ``columns``."""

    patch: pytest.MonkeyPatch
    env: dict[str, str] = field(default_factory=dict)

    def __call__(self, *args: str, stdin: str | bytes = b"", tty: bool = False, columns: int = 100) -> Ran:
        out, err = (Terminal(), Terminal()) if tty else (io.StringIO(), io.StringIO())
        with self.patch.context() as patch:
            for name, value in {**self.env, "COLUMNS": str(columns)}.items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            patch.setattr(sys, "stdin", _pipe(stdin if isinstance(stdin, bytes) else stdin.encode()))
            code = run(args)
            sys.stdin.close()
        return Ran(code, out.getvalue(), err.getvalue())

    def id(self, *args: str) -> str:
        """Submit, and answer the id."""
        ran = self("submit", "-q", *args)
        assert ran.code == 0, ran.err
        return ran.out.strip()


def _pipe(raw: bytes) -> Any:
    if len(raw) > 60_000:
        raise ValueError("too much for a pipe that nobody reads yet")
    reader, writer = os.pipe()
    os.write(writer, raw)
    os.close(writer)
    return os.fdopen(reader)
