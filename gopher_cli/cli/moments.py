"""--in and --at: when a job is due. Without a zone a time is that of this machine, as people type it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gopher_cli.cli.choosing import duration
from gopher_cli.model.errors import Usage

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

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


def parse_local(text: str, place: tzinfo | None = None) -> float:
    """Seconds since the epoch, as `parse_when`, but without a zone it is the time of this place (of this
    machine, where none is named).

    Raises ValueError also where the clocks there skip that time, or pass it twice.
    """
    from gopher_cli.model.duration import parse_when

    moment = parse_when(text)
    zoneless = _zoneless(text.strip())
    if zoneless is None:
        return moment
    try:
        both = (zoneless.replace(tzinfo=place, fold=fold) for fold in (0, 1))
        first, second = (moment.timestamp() for moment in both)
    except (ValueError, OverflowError, OSError):  # at the ends of the calendar there is no local time
        return moment
    if first != second:
        earlier, later = sorted((first, second))
        how = "comes twice" if first < second else "does not exist"
        how += f" in {place}" if place else " here"
        reason = f"{text!r} {how}, because the clocks change then"
        raise ValueError(f"{reason}: write {local_time(earlier, place)} or {local_time(later, place)}")
    return max(first, 0.0)


def local_time(moment: float, place: tzinfo | None = None) -> str:
    """Seconds since the epoch as RFC 3339 in the time of this place (or machine), with its offset."""
    from datetime import datetime

    return datetime.fromtimestamp(moment).astimezone(place).isoformat(timespec="seconds")


def _zoneless(text: str) -> datetime | None:
    """A time without a zone; None for one that has it, and for seconds since the epoch."""
    if re.fullmatch(r"[0-9.]+", text) and len(text) != 8:
        return None
    from datetime import datetime  # late: few submits have a time

    moment = datetime.fromisoformat(text)
    return None if moment.tzinfo else moment
