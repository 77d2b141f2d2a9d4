"""When something runs next: instants to come, as clocks there show them, and what is unusual about one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

import msgspec

from gopher_cli.model.schedule.cron import Cron
from gopher_cli.model.schedule.cron_notes import notes_on
from gopher_cli.model.schedule.recurrence import Recurrence, compact
from gopher_cli.model.schedule.schedule_state import ScheduleRow


class NextRun(msgspec.Struct, frozen=True):
    """``instant`` is in seconds since 1970, ``local`` RFC 3339 in its own zone; ``job_id`` is "" where no
    schedule has a name."""

    instant: int
    local: str
    note: str
    job_id: str


def next_runs(when: Recurrence, moment: float, key: str, name: str = "") -> Iterator[NextRun]:
    """All runs later than this moment (epoch seconds). Raises ValueError for a zone unknown here."""
    instants = when.instants(key)
    cron = instants if isinstance(instants, Cron) else None
    while (instant := when.first_after(moment, key)) is not None:
        local = datetime.fromtimestamp(instant, cron.zone if cron else UTC)
        note = notes_on(cron, instant) if cron else ""
        yield NextRun(instant, local.isoformat(), note, f"{name}:{compact(instant)}" if name else "")
        moment = instant


def next_runs_of(row: ScheduleRow, now: float) -> Iterator[NextRun]:
    """Those of a schedule as it stands at ``now`` (epoch s); of one that is paused, as if it were not."""
    schedule, left = row.schedule, None
    if schedule is None or row.state == "over":
        return iter(())
    if schedule.run_limit:
        left = max(0, schedule.run_limit - row.standing.ran)
    moment = row.next / 1000 - 1e-3 if row.next else max(now, row.standing.last / 1000)
    return islice(next_runs(schedule.when, moment, schedule.key, schedule.name), left)
