"""The log of the HTTP server on stderr, in the worker's form: lines for people, or JSON."""

from __future__ import annotations

import logging
import sys
from typing import Any

import msgspec

from gopher_cli import log_stream
from gopher_cli.config import Settings
from gopher_cli.model.text.duration import rfc3339
from gopher_cli.model.text.safe import safe


class Lines(logging.Formatter):
    """``12:00:01 POST /api/v1/jobs 201 3.1ms 127.0.0.1:50312``, without anything that could move a cursor.

    Where no terminal is, as in a file, the time is RFC 3339.
    """

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        if record.levelno >= logging.WARNING:
            message = f"{record.levelname.lower()}: {message}"
        line = f"{log_stream.stamp(record.created, clock=sys.stderr.isatty())} {message}"
        trace = f"\n{self.formatException(record.exc_info)}" if record.exc_info else ""
        return safe(line) + safe(trace, lines=True)


class Objects(logging.Formatter):
    """One JSON object a line; a request has its fields."""

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = getattr(record, "fields", {})
        message: dict[str, Any] = {
            "ts": rfc3339(round(record.created * 1000)),
            "level": record.levelname.lower(),
            "event": "request" if fields else record.getMessage(),
        }
        if record.exc_info:
            message["traceback"] = self.formatException(record.exc_info)
        return msgspec.json.encode(message | fields).decode()


class Stream(log_stream.LogStream):
    """Fields are those of a request here: how many lines are lost stands in the text."""

    def about_the_lost(self, lines: int) -> logging.LogRecord:
        message = f"{lines} {log_stream.LOST}"
        return logging.LogRecord("gopher", logging.WARNING, "", 0, message, None, None)


def log_config(settings: Settings) -> dict[str, Any]:
    """For logging.config: uvicorn's loggers and ours."""
    form = Objects if settings.log_format == "json" else Lines
    level = settings.log_level.upper()
    mine = {"handlers": ["stderr"], "level": level, "propagate": False}
    # What uvicorn says of its own starting and stopping is ours to say.
    quiet = mine | {"level": "DEBUG" if level == "DEBUG" else "WARNING"}
    stream = {
        "class": "gopher_cli.web.server.logs.Stream",
        "formatter": "form",
        "stream": "ext://sys.stderr",
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"form": {"()": form}},
        "handlers": {"stderr": stream},
        "loggers": {"gopher": mine, "uvicorn": quiet},
    }
