"""The call that gives jobs another moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gopher_cli.model.select.actions import RESCHEDULE, Answer
from gopher_cli.store.calls.call import Arg, Call, make_call
from gopher_cli.store.calls.operate import done_by
from gopher_cli.store.keyspace import Keys


def reschedule(
    keys: Keys, ids: Sequence[str], *, due_ms: int | None = None, delay_ms: int = 0, now: str = ""
) -> Call[dict[str, Answer]]:
    """Of those that were moved, when they are due."""
    argv: dict[str, Arg] = {
        "now": now,
        "due": "" if due_ms is None else due_ms,
        "delay": delay_ms if due_ms is None else "",
    }

    def parse(raw: list[Any]) -> dict[str, Answer]:
        at = int(raw[0])
        moved = Answer(RESCHEDULE.result, due_ms=max(at, at + delay_ms if due_ms is None else due_ms))
        done = done_by(RESCHEDULE, ids)(raw)
        return done | dict.fromkeys(RESCHEDULE.changed(done), moved)

    return make_call("reschedule", keys, argv, parse, ids)
