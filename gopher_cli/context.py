"""What a handler is given besides its payload: the job, its log, its progress, and what to do once."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from gopher_cli.model.errors import BadData, Usage
from gopher_cli.model.job.fields import BY_NAME
from gopher_cli.model.job.job import Job, Lease
from gopher_cli.model.job.payload import EMPTY, MAX_PAYLOAD
from gopher_cli.model.job.terms import Terms
from gopher_cli.model.job.value_checks import shown

# Those of Gopher.submit that make sense for a follow-up.
FOLLOW_UP_OPTIONS = ("id", "queue", "due", "delay", "after", *BY_NAME)
_WITHOUT = {
    "durability": "a follow-up is as safe as the outcome of the job that submits it",
    "parent": "the parent of a follow-up is the job that submits it",
}

if TYPE_CHECKING:
    from gopher_cli.config import Settings
    from gopher_cli.gopher import Gopher


class JobInfo(msgspec.Struct, frozen=True):
    """The job as its handler sees it."""

    id: str
    type: str
    queue: str
    priority: int
    max_retries: int
    timeout: float
    tags: tuple[str, ...]
    headers: dict[str, str]
    schedule: str = ""


class Link(Protocol):
    """How a Context reaches the process that holds the lease."""

    @property
    def settings(self) -> Settings: ...
    @property
    def gopher(self) -> Gopher: ...
    def log(self, lease: Lease, text: str) -> None: ...
    def progress(self, lease: Lease, fraction: float, message: str) -> None: ...
    def make(self, lease: Lease, type: str, payload: Any, options: dict[str, Any]) -> Job: ...
    def on_loop(self) -> bool: ...
    async def recall(self, lease: Lease, key: str, value: bytes) -> bytes | None: ...
    def recall_blocking(self, lease: Lease, key: str, value: bytes) -> bytes | None: ...


class Context:
    """Given to a handler that has a parameter called ``ctx``."""

    __slots__ = ("_lease", "_link", "_terms", "cancelled", "follow_ups")

    def __init__(self, lease: Lease, link: Link, terms: Terms) -> None:
        self._lease = lease
        self._terms = terms
        self._link = link
        self.cancelled = False
        self.follow_ups: list[Job] = []

    @property
    def job(self) -> JobInfo:
        lease, spec, terms = self._lease, self._lease.spec, self._terms
        options = spec.options
        return JobInfo(
            lease.id, spec.type, lease.queue, spec.priority, terms.max_retries, terms.timeout,
            options.tags, options.headers, options.schedule,
        )  # fmt: skip

    @property
    def schedule(self) -> str:
        """The name of the schedule that has made this job; "" for any other job."""
        return self._lease.spec.options.schedule

    @property
    def due(self) -> datetime | None:
        """The instant of the schedule that this job is for, in UTC; None for a job by hand, or of none."""
        instant = self._lease.spec.options.instant
        return datetime.fromtimestamp(instant, UTC) if instant else None

    @property
    def attempt(self) -> int:
        """1 for the first run."""
        return self._lease.attempt

    @property
    def token(self) -> str:
        """The fencing token: whoever stores what this job made can refuse an older one."""
        return self._lease.token

    @property
    def settings(self) -> Settings:
        return self._link.settings

    @property
    def gopher(self) -> Gopher:
        """The verbs, for async handlers."""
        return self._link.gopher

    def log(self, text: object) -> None:
        """Keep a line with the job: `gopher inspect` shows the first and the last 32 KB."""
        self._link.log(self._lease, str(text))

    def progress(self, fraction: float, message: str = "") -> None:
        """Say how far it is, from 0 to 1. Costs nothing: only the newest word is sent, now and then."""
        self._link.progress(self._lease, min(max(float(fraction), 0.0), 1.0), message)

    def submit(self, type: str, payload: Any = EMPTY, **options: Any) -> str:
        """A follow-up job, accepted in the same instant as this one completes, or not at all.

        Takes the options of Gopher.submit but ``durability``. Raises Usage or BadData at once, Usage also for
        any other option; answers the new id.
        """
        for name in options:
            if name not in FOLLOW_UP_OPTIONS:
                raise _refused_option(name)
        job = self._link.make(self._lease, type, payload, options)
        self.follow_ups.append(job)
        return job.id

    def once(self, key: str, function: Callable[[], Any]) -> Any:
        """Run ``function`` once per job over all its attempts, and answer its (JSON) result ever after.

        ``key`` is a text that is not empty; Usage otherwise. In an async handler await it.

        A crash between the function's end and its record can still run
        it twice: give the key to the service that you call, where it takes one.
        """
        if self._link.on_loop():
            return self._once_async(key, function)
        known = self._link.recall_blocking(self._lease, _word(key), b"")
        if known is None:
            value = _kept(function())
            known = self._link.recall_blocking(self._lease, _word(key), value) or value
        return msgspec.json.decode(known)

    async def _once_async(self, key: str, function: Callable[[], Any]) -> Any:
        known = await self._link.recall(self._lease, _word(key), b"")
        if known is None:
            made = function()
            value = _kept(await made if inspect.isawaitable(made) else made)
            known = await self._link.recall(self._lease, _word(key), value) or value
        return msgspec.json.decode(known)


def _refused_option(name: str) -> Usage:
    if name in _WITHOUT:
        return Usage(f"ctx.submit does not take {name}: {_WITHOUT[name]}", "leave it out")
    near = get_close_matches(name, FOLLOW_UP_OPTIONS, 1)
    hint = f"did you mean {near[0]}?" if near else f"options: {', '.join(FOLLOW_UP_OPTIONS)}"
    return Usage(f"ctx.submit does not know the option {name}", hint)


def _kept(value: Any) -> bytes:
    """Raises BadData for a value that is too large to be kept; TypeError for one that is no JSON."""
    raw = msgspec.json.encode(value)
    if len(raw) > MAX_PAYLOAD:
        raise BadData(f"ctx.once keeps 1 MB at most, not {len(raw)} bytes")
    return raw


def _word(key: str) -> str:
    if not isinstance(key, str) or not key:  # an empty one could not be found again
        raise Usage(f"ctx.once needs a key that is text, not {shown(key)}")
    return key.encode("unicode_escape").decode().replace(" ", "\\x20")
