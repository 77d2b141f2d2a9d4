"""The call that gives jobs another moment."""

from __future__ import annotations

from collections.abc import Sequence

from gopher_cli.store.calls.base import Arg, Call, make_call, text
from gopher_cli.store.keys import Keys


def reschedule(
    keys: Keys, ids: Sequence[str], *, due_ms: int | None = None, delay_ms: int = 0, now: str = ""
) -> Call[dict[str, str]]:
    """For each id: rescheduled, gone, or the state that forbids it."""
    argv: dict[str, Arg] = {
        "now": now,
        "due": "" if due_ms is None else due_ms,
        "delay": delay_ms if due_ms is None else "",
    }
    return make_call(
        "reschedule", keys, argv,
        lambda raw: dict(zip(ids, (text(word) for word in raw[1:]), strict=True)), ids,
    )  # fmt: skip
