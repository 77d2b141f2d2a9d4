"""The log of the HTTP server on stderr, in the worker's form: lines for people, or JSON."""

from __future__ import annotations

import logging
import re
from typing import Any

import msgspec

from gopher_cli.config import Settings
from gopher_cli.model.duration import rfc3339
from gopher_cli.model.safe import safe

# A key of ours wherever it stands, and what its name says is one.
_KEY = re.compile(r"(gk_[0-9a-f]{1,10}_)[A-Za-z0-9_%-]+")
_NAMED_KEY = re.compile(r"([?&][^=&]*(?:key|token|secret|password|auth)[^=&]*=)[^&]*", re.IGNORECASE)


class Lines(logging.Formatter):
    """``12:00:01 POST /api/v1/jobs 201``, without anything that could move a cursor."""

    def format(self, record: logging.LogRecord) -> str:
        request = _request(record)
        said = " ".join(map(str, request.values())) if request else record.getMessage()
        if record.levelno >= logging.WARNING:
            said = f"{record.levelname.lower()}: {said}"
        line = f"{self.formatTime(record, '%H:%M:%S')} {said}"
        trace = f"\n{self.formatException(record.exc_info)}" if record.exc_info else ""
        return safe(line) + safe(trace, lines=True)


class Objects(logging.Formatter):
    """One JSON object a line; a request has its fields."""

    def format(self, record: logging.LogRecord) -> str:
        request = _request(record)
        said: dict[str, Any] = {
            "ts": rfc3339(round(record.created * 1000)),
            "level": record.levelname.lower(),
            "event": "request" if request else record.getMessage(),
        }
        if record.exc_info:
            said["traceback"] = self.formatException(record.exc_info)
        return msgspec.json.encode(said | request).decode()


def _request(record: logging.LogRecord) -> dict[str, Any]:
    """The fields of a line of the access log; nothing for any other."""
    args = record.args
    if record.name != "uvicorn.access" or not isinstance(args, tuple) or len(args) != 5:
        return {}
    client, method, path, _, status = args
    return {"method": method, "path": without_keys(str(path)), "status": status, "client": client}


def without_keys(path: str) -> str:
    """An address as it may be written down: some people send keys in it, though they open nothing there."""
    return _NAMED_KEY.sub(r"\1***", _KEY.sub(r"\1***", path))


def log_config(settings: Settings) -> dict[str, Any]:
    """For logging.config: uvicorn's loggers and ours."""
    form = Objects if settings.log_format == "json" else Lines
    level = settings.log_level.upper()
    mine = {"handlers": ["stderr"], "level": level, "propagate": False}
    # What uvicorn says of its own starting and stopping is ours to say.
    quiet = mine | {"level": "DEBUG" if level == "DEBUG" else "WARNING"}
    stream = {
        "class": "logging.StreamHandler",
        "formatter": "form",
        "stream": "ext://sys.stderr",
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"form": {"()": form}},
        "handlers": {"stderr": stream},
        "loggers": {"gopher": mine, "uvicorn.access": mine, "uvicorn": quiet},
    }
