"""Every error gopher raises on purpose, and the exit code each one earns.

* GopherError          1
  x Refused            1   understood, and declined in the present state
    - LeaseLost        1   another worker holds the job now
  x Usage              2   a flag or a value that makes no sense
  x NotFound           3   no such job, queue or file
  x Conflict           5   the state of the job does not allow it
    - Ambiguous        5   several queues have a job of this id
    - Changed          5   it is not any more as the caller has seen it
    - TooMany          2   there are as many as there may be
    - Unfinished       5   another job has to end first
  x BadData           65   a payload or record that cannot be read
    - TooLarge        65   it has more than there may be
  x Unavailable       69   Redis (or the API) does not answer
  x TryLater          75   refused for now: read-only, loading, no room on the disk
    - MemoryFull      75   nothing more can be stored; what is there can be worked off
  x Denied            77   wrong password, or a right is missing
  x BadConfig         78   a setting that cannot work
    - Outdated        78   the data is of another major version of gopher
"""

from __future__ import annotations

from collections.abc import Sequence

from gopher_cli.model.hints import Hint


class GopherError(Exception):
    """Base of everything gopher raises on purpose.

    ``hint`` is what to do next in a shell, ``http_hint`` what a client of the API can do.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str | Hint = "") -> None:
        super().__init__(message)
        self.hint, self.http_hint = hint if isinstance(hint, Hint) else (hint, hint)


class Refused(GopherError):
    """The request is well formed, and the present state forbids it."""


class LeaseLost(Refused):
    """Another worker holds the job now: this attempt may change nothing."""


class Usage(GopherError):
    """A flag or a value that makes no sense."""

    exit_code = 2


class NotFound(GopherError):
    """No such job, queue or file."""

    exit_code = 3


class Conflict(GopherError):
    """The job is in a state that does not allow this."""

    exit_code = 5


class Ambiguous(Conflict):
    """Jobs of one id in several ``queues``: the request has to name one."""

    def __init__(self, message: str, queues: Sequence[str]) -> None:
        super().__init__(message, f"name the queue: -Q {queues[0]}")
        self.queues = list(queues)


class Changed(Conflict):
    """It is not any more as the caller has seen it."""


class TooMany(Conflict):
    """There are as many as there may be: this one more is refused."""

    exit_code = 2


class Unfinished(Conflict):
    """The job ``job_id`` has to end first."""

    def __init__(self, message: str, hint: str | Hint = "", job_id: str = "") -> None:
        super().__init__(message, hint)
        self.job_id = job_id


class BadData(GopherError):
    """A payload or a stored record that cannot be read."""

    exit_code = 65


class TooLarge(BadData):
    """It is larger, or nested deeper, than the limit."""


class Unavailable(GopherError):
    """Redis did not answer."""

    exit_code = 69


class TryLater(GopherError):
    """Redis answered, and refuses writes for now."""

    exit_code = 75


class MemoryFull(TryLater):
    """Nothing more can be stored, and what is there can be worked off."""


class Unconfirmed(TryLater):
    """It is stored, and neither a disk nor a replica has confirmed it in time."""


class Denied(GopherError):
    """Redis refused the user or the command."""

    exit_code = 77


class BadConfig(GopherError):
    """A setting that cannot work."""

    exit_code = 78


class TooMuch(BadConfig):
    """A level of durability that these servers cannot give; nothing is stored. Its words name no address."""


class Outdated(BadConfig):
    """The stored data is of another major version of gopher: this one may not touch it."""
