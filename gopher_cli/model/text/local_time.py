"""Moments by the clocks of a place: of a time zone, or of this machine where none is named."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gopher_cli.model.text.duration import parse_when

if TYPE_CHECKING:
    from datetime import datetime, tzinfo


def parse_local(text: str, place: tzinfo | None = None) -> float:
    """Seconds since the epoch, as `parse_when`, but without a zone it is the time of this place (of this
    machine, where none is named).

    Raises ValueError also where the clocks there skip that time, or pass it twice.
    """
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
