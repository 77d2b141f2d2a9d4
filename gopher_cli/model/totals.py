"""Figures: what other systems are told of everything, all of it at one time."""

from __future__ import annotations

from dataclasses import dataclass, field

from gopher_cli.model.numbers.histogram import Cell
from gopher_cli.model.schedule.expect import Expect
from gopher_cli.model.schedule.schedule_state import ScheduleRow
from gopher_cli.model.views.stats import QueueStats, ServerInfo, WorkerInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """``types`` holds every attempt that ever ended, by type. ``unreadable`` queues have foreign keys."""

    queues: list[QueueStats]
    types: dict[str, Cell]
    workers: list[WorkerInfo]
    server: ServerInfo
    unreadable: list[str]
    schedules: list[ScheduleRow] = field(default_factory=list)
    expects: list[Expect] = field(default_factory=list)
