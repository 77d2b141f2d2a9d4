"""Another time for jobs that wait for theirs."""

from __future__ import annotations

from collections.abc import Sequence

from gopher_cli.model.job.value_checks import check_seconds
from gopher_cli.model.select.actions import RESCHEDULE, Answer
from gopher_cli.model.text.duration import format_duration, rfc3339
from gopher_cli.store import calls
from gopher_cli.verbs.core import Core, in_slices, named


async def reschedule(
    core: Core, queue: str, ids: Sequence[str], *, due: float | None = None, delay: float = 0.0
) -> dict[str, Answer]:
    """Let scheduled and retrying jobs be due at ``due`` (epoch seconds), or in ``delay`` seconds.

    A moment that is over means now. Their attempts stay as they are. Raises Usage for a moment that
    nobody lives to see.
    """
    name, moment = ("delay", delay) if due is None else ("due", due)
    check_seconds(name, moment, to="the year 5138")
    due_ms = None if due is None else round(due * 1000)
    detail = f"in {format_duration(delay)}" if due_ms is None else f"at {rfc3339(due_ms)}"
    done: dict[str, Answer] = {}
    async with core.operation(RESCHEDULE.audit, named(queue, ids), detail) as draft:
        for piece in in_slices(ids):
            call = calls.reschedule(core.keys(queue), piece, due_ms=due_ms, delay_ms=round(delay * 1000))
            done |= await core.store.run(call)
            draft.set_changed(RESCHEDULE.changed(done))
    return done
