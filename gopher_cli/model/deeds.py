"""Deeds on many jobs (cancel, retry, promote, purge): which of a filter's jobs each of them is for."""

from __future__ import annotations

import msgspec

from gopher_cli.model.errors import Usage
from gopher_cli.model.filtering import Filter
from gopher_cli.model.job import JobState

# Which states each deed is for, where the filter names none.
STATES: dict[str, tuple[str, ...]] = {
    "cancel": ("enqueued", "scheduled", "blocked", "retrying", "processing"),
    "retry": ("retrying", "failed"),
    "promote": ("scheduled", "retrying"),
    "purge": tuple(str(state) for state in JobState if state != "processing"),
}


def meant(deed: str, wanted: Filter, target: str = "") -> Filter:
    """The same filter with its states, of which there is one at least: lists of it show the same jobs.

    ``target`` is the queue that retried jobs move to, which dead ones alone can. Raises Usage.
    """
    if deed not in STATES:
        raise Usage(f"no deed {deed[:20]!r}", f"deeds: {', '.join(STATES)}")
    if target and set(wanted.states) - {"failed"}:
        raise Usage("only dead jobs move to another queue", "leave the states away, or say failed")
    states = wanted.states_of(("failed",) if target else STATES[deed])
    if not states:
        raise Usage(
            f"a group has dead jobs only, and there is nothing to {deed} in it",
            "name the states to mean others with such an error",
        )
    return msgspec.structs.replace(wanted, states=states)
