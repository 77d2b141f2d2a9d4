"""Logs of the long-running commands: one event, one line, for people or for machines."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from typing import Any, TextIO

from gopher_cli.log_stream import LogStream, stamp
from gopher_cli.model.text.safe import safe

_ODD = re.compile('[ "=]')  # what would make a value look like more than one
_COLOURS = {"DEBUG": "2", "INFO": "", "WARNING": "33", "ERROR": "31", "CRITICAL": "31;1"}


class Console(logging.Formatter):
    """``12:03:04 completed  email 01a2… 12ms``; dim times and coloured levels at a terminal.

    Without ``clock``, as in a file, the time is RFC 3339. ``worker`` is its name, where it has one.
    """

    def __init__(self, *, colour: bool, clock: bool = True, worker: str = "") -> None:
        super().__init__()
        self._worker = {"worker": worker} if worker else {}
        self._colour = colour
        self._clock = clock

    def format(self, record: logging.LogRecord) -> str:
        clock = stamp(record.created, clock=self._clock)
        fields: dict[str, Any] = getattr(record, "fields", {}) | self._worker
        words = " ".join(f"{name}={_plain(value)}" for name, value in fields.items())
        text = f"{safe(record.getMessage())} {words}".rstrip()
        if not self._colour:
            return (
                f"{clock} {text}"
                if record.levelno < logging.WARNING
                else f"{clock} {record.levelname.lower()}: {text}"
            )
        paint = _COLOURS.get(record.levelname, "")
        return f"\x1b[2m{clock}\x1b[0m " + (f"\x1b[{paint}m{text}\x1b[0m" if paint else text)


class Json(logging.Formatter):
    """One JSON object a line, times in RFC 3339; ``worker`` is its name, where it has one."""

    def __init__(self, *, worker: str = "") -> None:
        super().__init__()
        self._worker = {"worker": worker} if worker else {}

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "ts": stamp(record.created, clock=False),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **self._worker,
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return json.dumps(fields, default=str)


def _plain(value: object) -> str:
    text = safe(value)
    return '"' + text.replace('"', '\\"') + '"' if _ODD.search(text) else text


# Not of `getLogger`: a logging configuration of the application can neither disable it nor take its lines.
log = logging.Logger("gopher")
log.parent = logging.getLogger("gopher")  # until it is set up


def set_up(level: str, form: str, stream: TextIO | None = None, *, worker: str = "") -> None:
    """Log to stderr in this form; ``worker`` is the name that its lines have, where it was given one.

    Colours only at a terminal that wants them.
    """
    stream = stream or sys.stderr
    handler = LogStream(stream)
    handler.setFormatter(_formatter(form, stream, worker))
    log.handlers[:] = [handler]
    log.setLevel(level.upper())
    log.propagate = False


def _formatter(form: str, stream: TextIO, worker: str) -> logging.Formatter:
    if form == "json":
        return Json(worker=worker)
    colour = stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return Console(colour=colour, clock=stream.isatty(), worker=worker)


def say(event: str, level: int = logging.INFO, **fields: object) -> None:
    """Raises nothing, whatever others have done to the streams, or to the logger: all work goes on."""
    try:
        if level >= log.level:
            record = logging.LogRecord("gopher", level, "", 0, event, None, None)
            record.fields = fields
            log.handle(record)
    except BaseException:
        return
