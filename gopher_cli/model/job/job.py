"""A job, the states it passes through, and the lease under which it runs.

The values that pass through the hot path are msgspec Structs: as frozen and slotted as a
dataclass, and made in C, some ten times faster.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum

import msgspec

PRIORITIES = {"high": 8, "normal": 5, "low": 2}
CLASSES = ("high", "normal", "low")


class JobState(StrEnum):
    ENQUEUED = "enqueued"
    SCHEDULED = "scheduled"
    BLOCKED = "blocked"
    PROCESSING = "processing"
    RETRYING = "retrying"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


# What other systems call them.
STATE_ALIASES = {"pending": "enqueued", "running": "processing", "dead": "failed", "dlq": "failed"}
FINAL = (JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED)


class Options(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What few jobs need. Seconds throughout.

    ``schedule`` is the name of the schedule that has made it, for its ``instant`` (epoch s; 0: by hand).
    """

    backoff: str = ""
    unique_key: str = ""
    unique_for: float = 0.0
    retention: float | None = None
    after: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    headers: dict[str, str] = {}
    parent: str = ""
    schedule: str = ""
    instant: int = 0


NO_OPTIONS = Options()


class Spec(msgspec.Struct, frozen=True, array_like=True):
    """What is to be done: written once, opaque to Redis. ``payload`` is the JSON text itself.

    None is what the submitter did not say; see terms.py for what counts then.
    """

    type: str
    payload: msgspec.Raw
    priority: int = 5
    max_retries: int | None = None
    timeout: float | None = None
    options: Options = NO_OPTIONS


class Job(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A job to submit. ``due`` is epoch seconds, ``delay`` seconds by Redis's clock; 0 means now.

    ``once`` names the request that it comes from: for ``once_for`` seconds that is stored once, whatever has
    become of the job. ``stored`` is its spec as a newer gopher has written it, with fields that we do not
    know.
    """

    id: str
    queue: str
    spec: Spec
    due: float = 0.0
    delay: float = 0.0
    once: str = ""
    once_for: float = 0.0
    stored: bytes = b""

    @property
    def lock(self) -> str:
        """The digest under which its unique key is locked, or an empty text."""
        key = self.spec.options.unique_key
        return hashlib.blake2b(key.encode(), digest_size=12).hexdigest() if key else ""


class Lease(msgspec.Struct, frozen=True):
    """The right to run one attempt: every write about the job carries the token."""

    id: str
    queue: str
    token: str
    attempt: int
    losses: int
    spec: Spec

    @property
    def worker(self) -> str:
        return self.token.partition(":")[0]


def class_of(priority: int) -> str:
    """The class that a priority is polled with: high from 7, normal from 4, else low."""
    return "high" if priority >= 7 else "normal" if priority >= 4 else "low"
