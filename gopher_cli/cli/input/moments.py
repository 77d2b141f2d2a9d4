"""--in and --at: when a job is due. Without a zone a time is that of this machine, as people type it."""

from __future__ import annotations

from gopher_cli.cli.input.filters import duration
from gopher_cli.model.errors import Usage
from gopher_cli.model.text.local_time import parse_local

AT_HELP = "such as 2030-01-31T08:00 (time of this machine), or 2030-01-31T08:00:00Z"


def due_of(delay: str | None, at: str | None) -> tuple[float | None, float | None]:
    """What --at says, in seconds since the epoch, and what --in says, in seconds from now. Raises Usage."""
    if delay is not None and at is not None:
        raise Usage("--in and --at both say when", "give one of them, not both")
    if delay is not None:
        return None, duration("--in", delay)
    try:
        return None if at is None else parse_local(at), None
    except ValueError as error:
        raise Usage(f"--at: {error}") from None
