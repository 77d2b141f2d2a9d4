"""Finding handlers: the built-in ones, packages' entry points, --app module:object, --exec type=command."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterable
from importlib import import_module
from inspect import getattr_static
from pathlib import Path
from traceback import walk_tb
from types import ModuleType
from typing import Any

from gopher_cli.declared_schedules import place_of
from gopher_cli.handlers import Handler, Registry, Runs, TwoHandlers
from gopher_cli.model.errors import BadConfig, GopherError, Usage
from gopher_cli.model.job.value_checks import check_type

_OURS = str(Path(__file__).parent) + os.sep
_PYTHON = str(Path(os.__file__).parent) + os.sep
ALL = "all"  # the built-in handlers
_QUOTED = r"""'[^']*'|"(?:[^"\\]|\\.)*"|\\."""
# Pipes, lists, redirections, the background, substitutions, variables, and the homes of users.
_OF_A_SHELL = (
    r"\|\|?|&&|;|[0-9]*[<>]+(?:&[0-9-]+)?|&(?=\s|$)|`|\$(?:[({?@*#]|\w+)|(?:^|\s)~(?=[\w/.-]|\s|$)|^\w+="
)


def load_registry(app: str = "", programs: Iterable[tuple[str, str]] = (), builtin: str = "") -> Registry:
    """All handlers of a worker: what its apps and programs bring, or all that is installed.

    ``app`` names modules or module:object, with commas between them; ``builtin`` names built-in handlers
    that are served too, or is ``all``. Where nothing is named, the built-in ones and those of packages are
    served. A type has one handler; one of an app or a package stands for the built-in one.

    Raises BadConfig when a module does not import, a program is not there or a type has two handlers, and
    Usage for a name that is not one.
    """
    named = Registry()
    for name in () if builtin == ALL else _listed(builtin):
        named.add(_builtin(name))
    for path in _listed(app):
        named.update(_load_app(path))
    for type, command in programs:
        named.add(_program(type, command))
    if not len(named) and not app and not builtin:
        return _builtins().overlaid(_packages())
    return _builtins().overlaid(named) if builtin == ALL else named


def _listed(text: str) -> list[str]:
    """The parts between the commas, each once."""
    return list(dict.fromkeys(filter(None, (part.strip() for part in text.split(",")))))


def _builtins() -> Registry:
    from gopher_cli.builtin import registry

    return registry


def _builtin(name: str) -> Handler:
    handler = _builtins().get(name)
    if handler is None:
        raise Usage(f"there is no built-in handler {name!r}", f"all, or some of: {', '.join(_builtins())}")
    return handler


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
    _check_for_shell(type, command)
    path = shutil.which(words[0]) if words else None
    if path is None:
        program = words[0] if words else command
        raise BadConfig(
            f"the program {program!r} for {type!r} is not there, or not executable",
            f"chmod +x {program}",
        )
    resolved = (str(Path(path).resolve()), *map(_placed, words[1:]))
    return Handler(
        type=type, call=_not_called, runs=Runs.PROGRAM, command=resolved, place=f"--exec {type}={command}"
    )


def _check_for_shell(type: str, command: str) -> None:
    """Raises BadConfig for what only a shell understands: the program would get it as a word."""
    bare = re.sub(_QUOTED, "_", command)
    if syntax := re.search(_OF_A_SHELL, bare):
        raise BadConfig(
            f"--exec {type}={command}: {syntax[0].strip()!r} is for a shell, and no shell runs this",
            f"write {type}=sh -c {shlex.quote(command)}; or quote what is no more than a word",
        )


def _placed(word: str) -> str:
    """A program runs in a place of its own: what names a file from here must name it from there too."""
    try:
        names_a_file = ("/" in word or "." in word) and Path(word).is_file()
    except OSError:  # such as a name that is too long for one
        return word
    return str(Path(word).absolute()) if names_a_file else word


def _not_called(*_: Any) -> None:
    raise AssertionError("a program is started, not called")


def _packages() -> Registry:
    """What installed packages bring by their entry points."""
    from importlib.metadata import entry_points

    registry = Registry()
    for point in entry_points(group="gopher.handlers"):
        try:
            registry.update(_registry_of(point.load(), point.value))
        except TwoHandlers:
            raise
        except (Exception, SystemExit) as error:
            raise BadConfig(
                f"the handlers of {point.name} ({point.value}) do not load: {_said(error)}"
            ) from error
    return registry


def _load_app(path: str) -> Registry:
    module, colon, name = path.partition(":")
    if not all(map(str.isidentifier, module.split("."))) or (colon and not name):
        raise Usage(f"{path!r} is not module:object", "for example: --app shop.jobs:app")
    _look_here_too()
    try:
        found: Any = import_module(module)
        for part in name.split(".") if name else ():
            found = getattr(found, part)
    except TwoHandlers:
        raise
    except (Exception, SystemExit) as error:
        raise BadConfig(
            f"{path} does not load: {_said(error)}", f"try: python -c 'import {module}'"
        ) from error
    return _registry_of(found, path) if colon else _only_registry(found, path)


def _only_registry(module: ModuleType, path: str) -> Registry:
    """The registry of the one Gopher in a module. Raises BadConfig where there is none, or several."""
    names: dict[int, str] = {}
    registries: dict[int, Registry] = {}
    for name, value in vars(module).items():
        registry = value if isinstance(value, Registry) else getattr_static(value, "registry", None)
        if isinstance(registry, Registry):
            names.setdefault(id(registry), name)
            registries[id(registry)] = registry
    if not registries:
        raise BadConfig(f"there is no Gopher in {path}", "write there: app = Gopher()")
    if len(registries) > 1:
        choice = " ".join(f"--app {path}:{name}" for name in names.values())
        raise BadConfig(f"{path} has several: {', '.join(names.values())}", f"name those you mean: {choice}")
    return next(iter(registries.values()))


def _look_here_too() -> None:
    """Where we stand there are modules: before what is installed, and never in place of Python's own."""
    try:
        here = str(Path.cwd())
    except OSError:  # somebody has removed it
        return
    if here not in sys.path:
        installed = (n for n, place in enumerate(sys.path) if Path(place).name.endswith("-packages"))
        sys.path.insert(next(installed, len(sys.path)), here)


def _registry_of(value: Any, path: str) -> Registry:
    registry = getattr(value, "registry", value)
    if not isinstance(registry, Registry):
        raise BadConfig(f"{path} is a {type(value).__name__}, not a Gopher or a Registry")
    return registry


def _said(error: BaseException) -> str:
    """What went wrong in one line, behind the line of the application where it did."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{place_of(error.filename, error.lineno or 1)}: {type(error).__name__}: {error.msg}"
    text = str(error).splitlines()[0] if str(error) else ""
    kind = "" if isinstance(error, GopherError) else type(error).__name__
    return ": ".join(filter(None, (_where(error), kind, text)))


def _where(error: BaseException) -> str:
    """The line of the application that was run last; of a package, where no other line was; or nothing."""
    lines = [(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)]
    packages = [(file, line) for file, line in lines if "-packages" in file and not file.startswith(_OURS)]
    own = [(file, line) for file, line in lines if "-packages" not in file]
    own = [(file, line) for file, line in own if not file.startswith(("<", _OURS, _PYTHON))]
    places = own or packages
    return place_of(*places[-1]) if places else ""
