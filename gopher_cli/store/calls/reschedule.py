"""The call that gives jobs another moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gopher_cli.model.select.bulk import Rescheduled
from gopher_cli.store.calls.call import Arg, Call, make_call, text
from gopher_cli.store.keyspace import Keys


def reschedule(
    keys: Keys, ids: Sequence[str], *, due_ms: int | None = None, delay_ms: int = 0, now: str = ""
) -> Call[Rescheduled]:
    """For each id: rescheduled, gone, or the state that forbids it."""
    argv: dict[str, Arg] = {
        "now": now,
        "due": "" if due_ms is None else due_ms,
        "delay": delay_ms if due_ms is None else "",
    }

    def parse(raw: list[Any]) -> Rescheduled:
        at = int(raw[0])
        words = dict(zip(ids, (text(word) for word in raw[1:]), strict=True))
        return Rescheduled(words, max(at, at + delay_ms if due_ms is None else due_ms))

    return make_call("reschedule", keys, argv, parse, ids)
