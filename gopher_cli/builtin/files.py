"""Files of handlers: which paths are allowed, and how a file appears whole or not at all."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import unquote, urlsplit

from gopher_cli.model.job.signals import Discard

if TYPE_CHECKING:
    from gopher_cli.config import Settings

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_OWN = ("reports", "exports")  # in the home directory of gopher
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


def safe_name(text: str) -> str:
    """A file name made from a job's own text: itself when harmless, else its hash.

    People choose job ids and report types, and "../../x" is one that they may choose.
    """
    if _SAFE.fullmatch(text):
        return text
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def scheme_of(text: str) -> str:
    """The scheme of a URL, in small letters; empty for a path."""
    match = _SCHEME.match(text)
    return match[1].lower() if match else ""


def local_path(text: str, settings: Settings, what: str = "source") -> Path:
    """The absolute path that a payload names; a file:// URL is one too. Raises Discard."""
    path = Path(_plain_path(text, what)).expanduser().absolute()
    # The last part is not followed: a link is replaced, not written through.
    path = path.parent.resolve() / path.name
    _allow(path, settings, what)
    return path


def existing_file(text: str, settings: Settings) -> Path:
    """As local_path, for a file that has to be there already."""
    path = local_path(text, settings).resolve()
    _allow(path, settings, "source")
    if not path.exists():
        raise Discard(f"source {path} does not exist")
    if not path.is_file():
        raise Discard(f"source {path} is not a regular file")
    return path


@contextmanager
def replacing(target: Path) -> Iterator[BinaryIO]:
    """Open a file that becomes ``target`` when the block ends well, and vanishes when not."""
    if target.is_dir():
        raise Discard(f"destination {target} is a directory: name a file in it")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.parent / f".{secrets.token_hex(8)}.part"
    # Not mkstemp: its 0600 would hide the result from those whom the umask lets read.
    descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _plain_path(text: str, what: str) -> str:
    if not text or "\0" in text:
        raise Discard(f"{what} is empty or holds a NUL: give the path of a file")
    scheme = scheme_of(text)
    if not scheme:
        return text
    url = urlsplit(text)
    if scheme != "file" or url.netloc not in ("", "localhost"):
        also = ", or an http(s):// URL" if what == "source" else ""
        raise Discard(f"{what} {scheme}://… is not supported: give a path or a file:/// URL{also}")
    return unquote(url.path)


def _allow(path: Path, settings: Settings, what: str) -> None:
    """Keep to ``handler_paths``: who may submit a job need not own the worker's files."""
    roots = settings.handler_paths or own_directories(settings)
    if not any(path.is_relative_to(Path(root).resolve()) for root in roots):
        raise Discard(f"{what} {path} is outside of handler_paths: add its directory to HANDLER_PATHS")


def own_directories(settings: Settings) -> list[Path]:
    """Where built-in handlers write when a job names no place: mails, reports, exports."""
    return [Path(settings.outbox), *(Path(settings.home, name) for name in _OWN)]
