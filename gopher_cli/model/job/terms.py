"""Under which terms a job runs: what its submitter said, else its handler, else the defaults."""

from __future__ import annotations

from typing import Protocol

import msgspec

from gopher_cli.model.job.defaults import Defaults
from gopher_cli.model.job.job import Spec


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


# A job whose result nobody wants is remembered for a minute: a submit or a settlement that is sent
# again after a lost answer must find it, or it would run twice.
MEMORY = 60.0


class Terms(msgspec.Struct, frozen=True):
    """Seconds throughout. ``retention`` is for the job; its result is kept only where that is wished."""

    timeout: float
    max_retries: int
    backoff: str
    retention: float
    keeps_result: bool = True


def terms_of(spec: Spec, handler: Wishes | None, defaults: Defaults) -> Terms:
    """The one place where this is decided."""
    own, options = handler or NO_WISHES, spec.options
    timeout = own.timeout if spec.timeout is None else spec.timeout
    retries = own.retries if spec.max_retries is None else spec.max_retries
    retention = defaults.retention if options.retention is None else options.retention
    return Terms(
        defaults.timeout if timeout is None else timeout,
        defaults.max_retries if retries is None else retries,
        options.backoff or own.backoff or defaults.backoff,
        retention or MEMORY,
        bool(retention),
    )


class TypeTerms(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The terms of a type's jobs in a worker, where their submitter says nothing: `HandlerWishes` filled up.

    ``handler`` names those that are the handler's word; the others are of the worker's settings.
    """

    timeout: float
    retries: int
    backoff: str
    handler: tuple[str, ...] = ()


_NOTHING_SAID = Spec("any", msgspec.Raw(b"null"))


def terms_of_type(wishes: Wishes, defaults: Defaults) -> TypeTerms:
    """What a worker publishes of a type."""
    terms = terms_of(_NOTHING_SAID, wishes, defaults)
    given = {"timeout": wishes.timeout, "max_retries": wishes.retries, "backoff": wishes.backoff or None}
    return TypeTerms(
        timeout=terms.timeout, retries=terms.max_retries, backoff=terms.backoff,
        handler=tuple(name for name, value in given.items() if value is not None),
    )  # fmt: skip


def sources_of(spec: Spec, published: TypeTerms | None) -> dict[str, str]:
    """Whose word each of a job's terms is: submit, handler or settings."""
    given = {
        "timeout": spec.timeout,
        "max_retries": spec.max_retries,
        "backoff": spec.options.backoff or None,
    }
    handler = published.handler if published else ()
    return {
        name: "submit" if value is not None else "handler" if name in handler else "settings"
        for name, value in given.items()
    }
