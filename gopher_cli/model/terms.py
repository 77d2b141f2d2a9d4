"""Under which terms a job runs: what its submitter said, else its handler, else the defaults."""

from __future__ import annotations

from typing import Protocol

import msgspec

from gopher_cli.model.defaults import Defaults
from gopher_cli.model.job import Spec


class Wishes(Protocol):
    """What a handler says of its own jobs; None and the empty text say nothing."""

    @property
    def timeout(self) -> float | None: ...
    @property
    def retries(self) -> int | None: ...
    @property
    def backoff(self) -> str: ...


class HandlerWishes(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A handler's wishes as they travel to a process that does not load it."""

    timeout: float | None = None
    retries: int | None = None
    backoff: str = ""


NO_WISHES = HandlerWishes()


class Terms(msgspec.Struct, frozen=True):
    """Seconds throughout."""

    timeout: float
    max_retries: int
    backoff: str
    retention: float


def terms_of(spec: Spec, handler: Wishes | None, defaults: Defaults) -> Terms:
    """The one place where this is decided."""
    own, options = handler or NO_WISHES, spec.options
    timeout = own.timeout if spec.timeout is None else spec.timeout
    retries = own.retries if spec.max_retries is None else spec.max_retries
    return Terms(
        defaults.timeout if timeout is None else timeout,
        defaults.max_retries if retries is None else retries,
        options.backoff or own.backoff or defaults.backoff,
        defaults.retention if options.retention is None else options.retention,
    )
