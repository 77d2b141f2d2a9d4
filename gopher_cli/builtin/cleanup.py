"""`cleanup`: old files of one directory are removed, or only counted."""

from __future__ import annotations

import fnmatch
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct

from gopher_cli.builtin.files import local_path, own_directories
from gopher_cli.context import Context
from gopher_cli.model.job.signals import Discard
from gopher_cli.model.text.duration import parse_duration

_LISTED = 100  # names in the job's log


class Cleanup(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which files go. Empty: gopher's own outbox, reports and exports, after 30 days."""

    # Unknown fields are refused: a misspelt dry_run must not delete.
    directory: Annotated[str, Meta(description="directory to clean; default: gopher's own")] = ""
    older_than: Annotated[str | float, Meta(description="age since the last change: 30d, 12h")] = "30d"
    pattern: Annotated[str, Meta(description="names to match, such as *.log")] = "*"
    recursive: Annotated[bool, Meta(description="also in the directories below")] = False
    dry_run: Annotated[bool, Meta(description="count, and remove nothing")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Old:
    """A file that is old enough, held by its open directory so that nobody can swap the path."""

    name: str
    shown: str
    size: int
    folder: int  # file descriptor


def clean(payload: Cleanup, ctx: Context) -> dict[str, Any]:
    """How many files and bytes went, or would go."""
    before = time.time() - _age(payload.older_than)
    places = _places(payload, ctx)
    files = size = failed = 0
    for place in places:
        for old in find(place, payload.pattern, before, recursive=payload.recursive):
            if files + failed < _LISTED:
                ctx.log(f"{'would remove' if payload.dry_run else 'removing'} {old.shown}")
            if payload.dry_run or _removed(old, ctx):
                files, size = files + 1, size + old.size
            else:
                failed += 1
            if ctx.cancelled:
                raise InterruptedError("the job was cancelled")
    summary = {"directories": [str(place) for place in places], "files": files, "bytes": size}
    return summary | {"failed": failed, "dry_run": payload.dry_run}


def find(top: Path, pattern: str, before: float, *, recursive: bool) -> Iterator[Old]:
    """Regular files last changed before this moment; links are neither followed nor removed."""
    if not top.is_dir():
        return
    for folder, below, names, descriptor in os.fwalk(top, follow_symlinks=False):
        below[:] = sorted(below) if recursive else []
        for name in sorted(fnmatch.filter(names, pattern)):
            facts = _facts(name, descriptor)
            if facts and stat.S_ISREG(facts.st_mode) and facts.st_mtime < before:
                shown = str(Path(folder, name))
                yield Old(name=name, shown=shown, size=facts.st_size, folder=descriptor)


def _facts(name: str, folder: int) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return None  # gone already: another cleaner was here


def _removed(old: Old, ctx: Context) -> bool:
    try:
        os.unlink(old.name, dir_fd=old.folder)
    except FileNotFoundError:
        return True
    except OSError as error:
        ctx.log(f"cannot remove {old.shown}: {error.strerror}")
        return False
    return True


def _age(given: str | float) -> float:
    try:
        seconds = parse_duration(given) if isinstance(given, str) else float(given)
    except ValueError:
        raise Discard(f"older_than {str(given)[:40]!r} is not a duration, such as 30d") from None
    if not seconds >= 0:
        raise Discard("older_than has to be 0 or more")
    return seconds


def _places(payload: Cleanup, ctx: Context) -> list[Path]:
    """The directories to clean. Raises Discard for those that no job should empty."""
    home = ctx.settings.home
    if not payload.directory:
        return own_directories(ctx.settings)
    if "/" in payload.pattern:
        raise Discard("pattern matches names, not paths: leave the / out")
    place = local_path(payload.directory, ctx.settings, "directory")
    if place.is_symlink():
        raise Discard(f"directory {place} is a symbolic link: give the directory itself")
    if not place.is_dir():
        raise Discard(f"directory {place} does not exist")
    for kept in (Path.home(), Path(home)):
        # A parent of a home directory holds it: as bad as the home itself.
        if kept.resolve().is_relative_to(place):
            raise Discard(f"directory {place} is too precious to clean: name one below it")
    if len(place.parts) <= 2 and place != Path("/tmp"):  # noqa: S108
        raise Discard(f"directory {place} belongs to the system: name one below it")
    return [place]
