"""Run the program: parse, act, and turn every way to end into an exit code."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TextIO

from gopher_cli.cli.terminal.color import wants_color
from gopher_cli.cli.terminal.encoding import fit
from gopher_cli.cli.terminal.environment import says_yes
from gopher_cli.model.errors import BadConfig, GopherError, Usage
from gopher_cli.model.text.safe import safe

INTERRUPTED, BROKEN_PIPE = 130, 141
# What a file says that takes no more.
_UNWRITTEN = (errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def run(args: Sequence[str]) -> int:
    """The exit code of ``gopher ARGS``."""
    for stream in (sys.stdout, sys.stderr):
        fit(stream)
    try:
        code = _act(args)
        sys.stdout.flush()
        _let_go(sys.stderr)
    except BrokenPipeError:
        return _hung_up()
    except OSError as error:
        return _unwritten(args, error)
    except KeyboardInterrupt:
        return INTERRUPTED
    return code


def _let_go(stream: TextIO) -> None:
    """What it does not take is no reason for another exit code, at the very end."""
    try:
        stream.flush()
    except (OSError, ValueError):
        _to_nowhere(stream)


def _act(args: Sequence[str]) -> int:
    from typer.exceptions import Abort, Exit, TyperException

    from gopher_cli.cli.shell.entries import root

    try:
        _check_text(args)
        answer = root().main(list(args), prog_name="gopher", standalone_mode=False)
    except GopherError as error:
        return _failed(args, error)
    except TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            print(error.ctx.get_help())  # type: ignore[attr-defined]
            return 0
        from gopher_cli.cli.shell.usage_errors import explained  # late: only errors need it

        return _failed(args, explained(error, args))
    except Exit as error:
        return error.exit_code
    except Abort:
        return INTERRUPTED
    except Exception as error:
        if type(error).__name__ == "HungUp":
            raise BrokenPipeError from None
        if isinstance(error, OSError) and error.errno in _UNWRITTEN:
            raise
        return _surprised(args, error)
    return answer if isinstance(answer, int) else 0


def _check_text(args: Sequence[str]) -> None:
    """Raises Usage for bytes that are not text: Python hands them to us as lone surrogates."""
    for arg in args:
        if any("\ud800" <= char <= "\udfff" for char in arg):
            raw = arg.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
            raise Usage(f"the argument '{safe(raw)}' is not UTF-8", "put such bytes into a file, as base64")


def _failed(args: Sequence[str], error: GopherError) -> int:
    if _debugs(args):
        import traceback

        traceback.print_exception(error)
    say_error(args, str(error), error.hint, error.exit_code, type(error).__name__)
    return error.exit_code


def say_error(args: Sequence[str], message: str, hint: str, code: int, name: str) -> None:
    """What and why on one line, the next command on another; or one line of JSON."""
    with suppress(OSError):
        sys.stdout.flush()
    if _wants_json(args):
        import json

        fields = {"code": name, "message": message, "hint": hint, "exit_code": code}
        print(json.dumps({"error": fields}), file=sys.stderr)
        return
    color = wants_color(_value(args, "--color"), sys.stderr)
    head, tail = ("\x1b[31mgopher:\x1b[0m", "\x1b[36mhint:\x1b[0m") if color else ("gopher:", "hint:")
    print(f"{head} {safe(message, lines=True)}", file=sys.stderr)
    if hint:
        print(f"{tail} {safe(hint, lines=True)}", file=sys.stderr)


def _surprised(args: Sequence[str], error: Exception) -> int:
    if _debugs(args):
        import traceback

        traceback.print_exception(error)
    message = f"{type(error).__name__}: {error}".splitlines()[0]
    hint = "this is a bug in gopher; add --debug to see where, and please report it"
    say_error(args, f"something went wrong: {message}", hint, 1, "Bug")
    return 1


def _debugs(args: Sequence[str]) -> bool:
    if "--debug" in args:
        return True
    with suppress(BadConfig):  # told already, or not what this error is about
        return says_yes("GOPHER_DEBUG")
    return False


def _wants_json(args: Sequence[str]) -> bool:
    chosen = _value(args, "--output") or _value(args, "-o") or os.environ.get("GOPHER_OUTPUT")
    joined = any(arg in ("--json", "-ojson", "-ondjson") for arg in args)
    return joined or chosen in ("json", "ndjson")


def _value(args: Sequence[str], name: str) -> str | None:
    """The value of an option as it was typed: an error may come before anything is parsed."""
    for index, arg in enumerate(args):
        if arg.startswith(name + "="):
            return arg.partition("=")[2]
        if arg == name and index + 1 < len(args):
            return args[index + 1]
    return None


def _unwritten(args: Sequence[str], error: OSError) -> int:
    hint = "what was asked for may be done: look before you do it again"
    say_error(args, f"cannot write: {error.strerror or error}", hint, 1, "Unwritten")
    _hung_up()
    return 1


def _hung_up() -> int:
    """The reader of our pipe is gone: no damage, and none from the interpreter at its end."""
    for stream in (sys.stdout, sys.stderr):
        _to_nowhere(stream)
    return BROKEN_PIPE


def _to_nowhere(stream: TextIO) -> None:
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
