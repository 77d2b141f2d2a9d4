"""Files of settings, as text."""

from __future__ import annotations

from pathlib import Path

from gopher_cli.model.errors import BadConfig


def read_settings(path: Path, called: str) -> str:
    """The text of a file that may be missing: then it is empty. Raises BadConfig for what cannot be read."""
    try:
        return _read(path, called)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return ""  # a virtual environment may be called .env


def read_secret(name: str, called: str) -> str:
    """The secret in a file that ``called`` names. Raises BadConfig where there is none, or an empty one."""
    path = expanded(name.strip(), called)
    try:
        secret = _read(path, called).strip()
    except (FileNotFoundError, NotADirectoryError):
        raise BadConfig(f"{called} names {path}, which does not exist") from None
    except IsADirectoryError:
        raise BadConfig(f"{called} names {path}, which is a directory") from None
    if not secret:
        raise BadConfig(
            f"{called} names {path}, which is empty", f"leave {called} out where there is no secret"
        )
    return secret


def expanded(name: str, called: str) -> Path:
    """The path, with ~ as the home of a user. Raises BadConfig where there is no such user."""
    try:
        return Path(name).expanduser()
    except RuntimeError:
        raise BadConfig(f"{called} names {name}, and there is no such home directory") from None


def _read(path: Path, called: str) -> str:
    try:
        # Notepad and PowerShell put a byte order mark in front: it is part of no setting.
        return path.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise
    except UnicodeDecodeError:
        raise BadConfig(f"{called}: {path} is not UTF-8 text", "save it as UTF-8") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise BadConfig(f"{called}: {path} cannot be read: {why}") from None
