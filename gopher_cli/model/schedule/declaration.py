"""Schedules that code declares, on their way from the application to the worker that sets them."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from gopher_cli.model.job.payload import EMPTY, encode_payload
from gopher_cli.model.schedule.recurrence import make_recurrence
from gopher_cli.model.schedule.schedule import check_schedule_name

_WHEN = ("cron", "tz", "every", "offset", "start", "until", "times", "jitter")


class Declaration(msgspec.Struct, frozen=True, kw_only=True):
    """A recurring job as code declares it: ``payload`` is JSON; ``options``: see Gopher.set_schedule."""

    name: str
    type: str
    payload: str
    options: dict[str, Any]

    @property
    def digest(self) -> str:
        """Another one is another declaration."""
        content = msgspec.json.encode([self.type, self.payload, sorted(self.options.items())])
        return hashlib.blake2b(content, digest_size=8).hexdigest()


def declare(name: str, type: str, payload: Any = EMPTY, **options: Any) -> Declaration:
    """A checked declaration, as far as it can be known without a queue. Raises Usage or BadData."""
    check_schedule_name(name)
    make_recurrence(**{part: options[part] for part in _WHEN if part in options})
    return Declaration(name=name, type=type, payload=bytes(encode_payload(payload)).decode(), options=options)
