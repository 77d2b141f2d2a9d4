"""Logs of the long-running commands: one event, one line, for people or for machines."""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Any, TextIO

_COLOURS = {"DEBUG": "2", "INFO": "", "WARNING": "33", "ERROR": "31", "CRITICAL": "31;1"}


class Console(logging.Formatter):
    """``12:03:04 completed  email 01a2… 12ms``; dim times and coloured levels at a terminal."""

    def __init__(self, *, colour: bool) -> None:
        super().__init__()
        self._colour = colour

    def format(self, record: logging.LogRecord) -> str:
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        fields: dict[str, Any] = getattr(record, "fields", {})
        words = " ".join(f"{name}={_plain(value)}" for name, value in fields.items())
        text = f"{one_line(record.getMessage())} {words}".rstrip()
        if not self._colour:
            return (
                f"{clock} {text}"
                if record.levelno < logging.WARNING
                else f"{clock} {record.levelname.lower()}: {text}"
            )
        paint = _COLOURS.get(record.levelname, "")
        return f"\x1b[2m{clock}\x1b[0m " + (f"\x1b[{paint}m{text}\x1b[0m" if paint else text)


class Json(logging.Formatter):
    """One JSON object a line, times in RFC 3339."""

    def format(self, record: logging.LogRecord) -> str:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        said = {
            "ts": f"{stamp}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            said["traceback"] = self.formatException(record.exc_info)
        return json.dumps(said, default=str)


def one_line(text: str) -> str:
    """No control character of a job's data reaches the terminal or breaks a line."""
    return "".join(
        c if c.isprintable() else f"\\x{ord(c):02x}" if ord(c) < 256 else f"\\u{ord(c):04x}" for c in text
    )


def _plain(value: object) -> str:
    text = one_line(str(value))
    return f'"{text}"' if " " in text else text


def set_up(level: str, form: str, stream: TextIO | None = None) -> None:
    """Log to stderr in this form. Colours only at a terminal that wants them."""
    import os

    stream = stream or sys.stderr
    colour = stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Json() if form == "json" else Console(colour=colour))
    logger = logging.getLogger("gopher")
    logger.handlers[:] = [handler]
    logger.setLevel(level.upper())
    logger.propagate = False


log = logging.getLogger("gopher")


def say(event: str, level: int = logging.INFO, **fields: object) -> None:
    if log.isEnabledFor(level):
        log.log(level, event, extra={"fields": fields})
