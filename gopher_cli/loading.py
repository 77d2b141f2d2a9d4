"""Finding handlers: the built-in ones, packages' entry points, --app module:object, --exec type=command."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

from gopher_cli.handlers import Handler, Registry, Runs
from gopher_cli.model.checks import check_type
from gopher_cli.model.errors import BadConfig, Usage


def load_registry(app: str = "", programs: Iterable[tuple[str, str]] = ()) -> Registry:
    """All handlers of a worker; a later source wins over an earlier one of the same type.

    Raises BadConfig when a module does not import or a program is not there.
    """
    from gopher_cli.builtin import registry as builtin

    registry = Registry()
    registry.update(builtin)
    for found in _entry_points():
        registry.update(found)
    if app:
        registry.update(_load_app(app))
    for type, command in programs:
        registry.add(_program(type, command))
    return registry


def parse_program(text: str) -> tuple[str, str]:
    """``type=command``. Raises Usage."""
    type, equals, command = text.partition("=")
    if not equals or not command.strip():
        raise Usage(f"--exec {text!r} is not type=command", "for example: --exec 'resize=./resize.sh'")
    return check_type(type), command


def _program(type: str, command: str) -> Handler:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise BadConfig(f"--exec {type}={command}: {error}", "quote it as for a shell") from error
    path = shutil.which(words[0]) if words else None
    if path is None:
        program = words[0] if words else command
        raise BadConfig(
            f"the program {program!r} for {type!r} is not there, or not executable",
            f"chmod +x {program}",
        )
    resolved = (str(Path(path).resolve()), *map(_placed, words[1:]))
    return Handler(type=type, call=_not_called, runs=Runs.PROGRAM, command=resolved)


def _placed(word: str) -> str:
    """A program runs in a place of its own: what names a file from here must name it from there too."""
    names_a_file = ("/" in word or "." in word) and Path(word).is_file()
    return str(Path(word).absolute()) if names_a_file else word


def _not_called(*_: Any) -> None:
    raise AssertionError("a program is started, not called")


def _entry_points() -> Iterable[Registry]:
    from importlib.metadata import entry_points

    for point in entry_points(group="gopher.handlers"):
        try:
            yield _registry_of(point.load(), point.value)
        except (Exception, SystemExit) as error:
            raise BadConfig(
                f"the handlers of {point.name} ({point.value}) do not load: {_said(error)}"
            ) from error


def _load_app(path: str) -> Registry:
    module, colon, name = path.partition(":")
    if not colon or not module or not name:
        raise Usage(f"{path!r} is not module:object", "for example: --app shop.jobs:app")
    _look_here_too()
    try:
        found: Any = import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (Exception, SystemExit) as error:
        raise BadConfig(
            f"{path} does not load: {_said(error)}", f"try: python -c 'import {module}'"
        ) from error
    return _registry_of(found, path)


def _look_here_too() -> None:
    """Where we stand there are modules: before what is installed, and never in place of Python's own."""
    try:
        here = str(Path.cwd())
    except OSError:  # somebody has removed it
        return
    if here not in sys.path:
        installed = (n for n, place in enumerate(sys.path) if Path(place).name.endswith("-packages"))
        sys.path.insert(next(installed, len(sys.path)), here)


def _registry_of(found: Any, path: str) -> Registry:
    registry = getattr(found, "registry", found)
    if not isinstance(registry, Registry):
        raise BadConfig(f"{path} is a {type(found).__name__}, not a Gopher or a Registry")
    return registry


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}".rstrip(": ")
