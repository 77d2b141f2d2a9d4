"""Figures as families of metrics. Global ones: every server tells the same, so do not add servers up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from gopher_cli.model.job.ids import VALID_ID
from gopher_cli.model.numbers.histogram import BOUNDS, Cell
from gopher_cli.model.schedule.expect import Expect
from gopher_cli.model.schedule.schedule_state import ScheduleRow
from gopher_cli.model.totals import Totals
from gopher_cli.model.views.stats import QueueStats, WorkerInfo
from gopher_cli.version import __version__

MOST_TYPES = 200
MOST_QUEUES = 500
MOST_SCHEDULES = 200
MOST_EXPECTS = 2000
# The label of all that is beyond.
OTHER = "_other"
_COUNTERS = {
    "enqueued": "Jobs that were accepted.",
    "completed": "Jobs that completed.",
    "failed": "Jobs that ran out of retries, or failed for good: they went to the dead letter queue.",
    "retried": "Attempts that failed and are to be tried again.",
    "snoozed": "Attempts that put their job off.",
    "cancelled": "Jobs that were cancelled.",
    "lost": "Attempts whose worker or process died.",
    "expired": "Jobs that were kept long enough.",
    "purged": "Jobs that an operator deleted.",
}


def families(figures: Totals) -> Iterator[Metric]:
    """Everything that Redis knows."""
    yield from _of_types(merged(figures.types))
    queues = _bounded(figures.queues)
    yield from _counters(queues)
    yield from _gauges(queues)
    yield from _of_fleet([worker for worker in figures.workers if worker.alive])
    yield from _of_schedules(figures.schedules)
    yield from _of_expects(figures.expects)
    yield GaugeMetricFamily("gopher_redis_up", "Whether Redis answers.", 1)
    yield GaugeMetricFamily(
        "gopher_redis_roundtrip_seconds", "How long Redis takes to answer, the median of five.",
        figures.server.round_trip_seconds,
    )  # fmt: skip
    yield GaugeMetricFamily(
        "gopher_redis_memory_bytes", "Memory that Redis uses.", figures.server.memory_bytes
    )
    yield GaugeMetricFamily(
        "gopher_queues_unreadable", "Queues with keys of a foreign type; see gopher doctor.",
        len(figures.unreadable),
    )  # fmt: skip


def of_this_build() -> Metric:
    info = GaugeMetricFamily("gopher_build_info", "The version that answers; always 1.", labels=["version"])
    info.add_metric([__version__], 1)
    return info


def down() -> Metric:
    return GaugeMetricFamily("gopher_redis_up", "Whether Redis answers.", 0)


def merged(types: Mapping[str, Cell]) -> dict[str, Cell]:
    """The first types by name, and the rest as one, with what is not a type.

    A type that has once come to the rest stays there, for names are only added: so no counter ever falls.
    """
    names = sorted(name for name in types if VALID_ID.fullmatch(name) and name != OTHER)[:MOST_TYPES]
    kept, rest = {name: types[name] for name in names}, Cell()
    for name in types.keys() - kept.keys():
        rest.add(types[name])
    return kept | {OTHER: rest} if len(types) > len(kept) else kept


def _of_schedules(rows: Sequence[ScheduleRow]) -> Iterator[Metric]:
    """By name, so that an alert says which; the first ones, and the ticks of the rest together."""
    ticks = _counter(
        "gopher_schedule_ticks", "Due instants of a schedule, by what became of them.",
        "queue", "schedule", "outcome",
    )  # fmt: skip
    next = _gauge("gopher_schedule_next_seconds", "When it is due next, Unix time.", "queue", "schedule")
    completed = _gauge(
        "gopher_schedule_last_completed_seconds", "When a job of it has last completed, Unix time.",
        "queue", "schedule",
    )  # fmt: skip
    named, rest = rows[:MOST_SCHEDULES], rows[MOST_SCHEDULES:]
    for row in named:
        labels = [row.queue, row.name]
        for outcome in ("ran", "skipped", "missed"):
            ticks.add_metric([*labels, outcome], getattr(row.standing, outcome))
        if row.next is not None:
            next.add_metric(labels, row.next / 1000)
        if row.standing.completed:
            completed.add_metric(labels, row.standing.completed / 1000)
    for outcome in ("ran", "skipped", "missed") if rest else ():
        ticks.add_metric([OTHER, OTHER, outcome], sum(getattr(row.standing, outcome) for row in rest))
    yield from (ticks, next, completed)


def _of_types(types: Mapping[str, Cell]) -> Iterator[Metric]:
    started = _counter(
        "jobqueue_jobs_started", "Attempts that were begun, counted when they end.", "job_type"
    )
    completed = _counter("jobqueue_jobs_completed", "Attempts that completed their job.", "job_type")
    failed = _counter("jobqueue_jobs_failed", "Attempts that failed, retried or not.", "job_type")
    by_status = _histogram(
        "jobqueue_job_duration_seconds",
        "How long attempts ran that completed or failed.",
        "job_type",
        "status",
    )
    duration = _histogram("gopher_job_duration_seconds", "How long attempts ran.", "job_type")
    wait = _histogram(
        "gopher_job_wait_seconds", "How long jobs were ready before an attempt began.", "job_type"
    )
    for type, cell in types.items():
        started.add_metric([type], cell.attempts)
        completed.add_metric([type], cell.completed)
        failed.add_metric([type], cell.retried + cell.failed)
        good = [a - b for a, b in zip(cell.run, cell.failed_run, strict=True)]
        by_status.add_metric([type, "completed"], *_buckets(good, cell.run_ms - cell.failed_run_ms))
        by_status.add_metric([type, "failed"], *_buckets(cell.failed_run, cell.failed_run_ms))
        duration.add_metric([type], *_buckets(cell.run, cell.run_ms))
        wait.add_metric([type], *_buckets(cell.wait, cell.wait_ms))
    yield from (started, completed, failed, by_status, duration, wait)


def _buckets(histogram: Sequence[int], sum_ms: int) -> tuple[list[tuple[str, float]], float]:
    """Cumulated, as Prometheus wants them, and the sum in seconds."""
    buckets, seen = [], 0
    for bound, count in zip((*map(float, BOUNDS), None), histogram, strict=True):
        seen += count
        buckets.append(("+Inf" if bound is None else repr(bound), float(seen)))
    return buckets, max(0, sum_ms) / 1000


def _bounded(queues: Sequence[QueueStats]) -> list[QueueStats]:
    """The first queues by name, the rest as one."""
    ordered = sorted(queues, key=lambda queue: (queue.queue == OTHER, queue.queue))
    rest = ordered[MOST_QUEUES:]
    return [*ordered[:MOST_QUEUES], _as_one(rest)] if rest else ordered


def _as_one(queues: Sequence[QueueStats]) -> QueueStats:
    ages = [queue.oldest_age_seconds for queue in queues if queue.oldest_age_seconds is not None]
    return QueueStats(
        queue=OTHER, paused=any(queue.paused for queue in queues),
        states=_sums(queue.states for queue in queues),
        classes={}, oldest_age_seconds=max(ages, default=None), class_ages={},
        counters=_sums(queue.counters for queue in queues), outbox=sum(queue.outbox for queue in queues),
        unhandled=_sums(queue.unhandled for queue in queues),
    )  # fmt: skip


def _sums(all_counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for counts in all_counts:
        for name, count in counts.items():
            sums[name] = sums.get(name, 0) + count
    return sums


def _counters(queues: Sequence[QueueStats]) -> Iterator[Metric]:
    for name, help in _COUNTERS.items():
        family = _counter(f"gopher_jobs_{name}", help, "queue")
        for queue in queues:
            family.add_metric([queue.queue], max(0, queue.counters.get(name, 0)))
        yield family


def _gauges(queues: Sequence[QueueStats]) -> Iterator[Metric]:
    depth = _gauge("gopher_queue_depth", "Jobs in a queue, by state.", "queue", "state")
    age = _gauge("gopher_queue_oldest_age_seconds", "How long the oldest ready job has waited.", "queue")
    unhandled = _gauge(
        "gopher_queue_unhandled", "Jobs that wait because no worker had a handler.", "queue", "job_type"
    )
    paused = _gauge("gopher_queue_paused", "1 while nothing is leased from this queue.", "queue")
    for queue in queues:
        for state, count in queue.states.items():
            depth.add_metric([queue.queue, state], count)
        age.add_metric([queue.queue], queue.oldest_age_seconds or 0.0)
        paused.add_metric([queue.queue], int(queue.paused))
        for type, count in _most(queue.unhandled).items():
            unhandled.add_metric([queue.queue, type], count)
    yield from (depth, age, paused, unhandled)


def _most(unhandled: Mapping[str, int]) -> dict[str, int]:
    """The hundred types with most jobs, the rest as one."""
    ordered = sorted(unhandled.items(), key=lambda pair: (-pair[1], pair[0]))
    rest = sum(count for _, count in ordered[100:])
    return dict(ordered[:100]) | ({OTHER: rest} if rest else {})


def _of_fleet(workers: Sequence[WorkerInfo]) -> Iterator[Metric]:
    slots, busy = sum(worker.slots for worker in workers), sum(worker.busy for worker in workers)
    yield GaugeMetricFamily("gopher_workers", "Workers that are alive.", len(workers))
    yield GaugeMetricFamily("gopher_worker_slots", "Jobs that they can run at a time.", slots)
    yield GaugeMetricFamily("gopher_worker_slots_busy", "Jobs that they run now.", busy)


def _of_expects(known: Sequence[Expect]) -> Iterator[Metric]:
    """Of very many those that are late longest; one that cannot be read is the doctor's affair."""
    last = _gauge(
        "gopher_expect_last_success_timestamp_seconds",
        "When a job of the type that is expected succeeded last; 0 before the first.", "queue", "expect",
    )  # fmt: skip
    late = _gauge(
        "gopher_expect_late_seconds", "How long an expected success is overdue; 0 in time.", "queue", "expect"
    )
    readable = sorted((expect for expect in known if expect.type), key=lambda expect: -expect.late_seconds)
    for expect in readable[:MOST_EXPECTS]:
        last.add_metric([expect.queue, expect.name], expect.last_success / 1000)
        late.add_metric([expect.queue, expect.name], expect.late_seconds)
    yield from (last, late)


def _counter(name: str, help: str, *labels: str) -> CounterMetricFamily:
    return CounterMetricFamily(name, help, labels=labels)


def _gauge(name: str, help: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, help, labels=labels)


def _histogram(name: str, help: str, *labels: str) -> HistogramMetricFamily:
    return HistogramMetricFamily(name, help, labels=labels)
