"""Forks of our processes, made by handlers: none of them runs our jobs, answers for us or reads our words."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from typing import NoReturn

forked = False  # in a fork of this process: cheaper to ask than the system


def _note() -> None:
    global forked
    forked = True


os.register_at_fork(after_in_child=_note)


def leave_if_forked(own: int, error: BaseException | None = None) -> None:
    """Call it where a handler has come back: in a fork of the process ``own`` the program ends here.

    As any program would: by the exit code that it asked for, or with its traceback and 1.
    """
    if os.getpid() != own:
        leave(error)


def leave(error: BaseException | None = None) -> NoReturn:
    """For who has asked."""
    code = 0
    with contextlib.suppress(BaseException):
        code = _code(error)
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
    os._exit(code)  # not sys.exit: the way out leads through what belongs to our parent


def _code(error: BaseException | None) -> int:
    match error:
        case None | SystemExit(code=None):
            return 0
        case SystemExit(code=int(code)):
            return code & 255
        case SystemExit(code=text):
            print(text, file=sys.stderr)
        case _:
            traceback.print_exception(error)
    return 1
