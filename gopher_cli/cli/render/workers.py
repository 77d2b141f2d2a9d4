"""Workers as rows: what each does, and how it is."""

from __future__ import annotations

from dataclasses import replace

from gopher_cli.cli.render.styles import plural, short_id, size, span
from gopher_cli.cli.terminal.tables import Column, Listing
from gopher_cli.model.views.stats import WorkerInfo, labels


def columns_of(infos: list[WorkerInfo]) -> list[Column]:
    """For people: with their places where names are shared, and with the versions where they differ."""
    known, (first, *rest) = labels(infos), COLUMNS
    versions = [VERSION] if len({info.version for info in infos}) > 1 else []
    return [replace(first, show=lambda w: known.get(w.id, w.label)), rest[0], *versions, *rest[1:]]


def listing(infos: list[WorkerInfo]) -> Listing:
    return Listing(
        rows=infos, columns=COLUMNS, extra=EXTRA, id=lambda w: w.id,
        empty="no worker is running; start one: gopher worker",
    )  # fmt: skip


def state_of(info: WorkerInfo) -> str:
    return info.state if info.alive else "silent"


def busy(info: WorkerInfo) -> str:
    stuck = f" +{len(info.stuck)} stuck" if info.stuck else ""
    return f"{info.busy}/{info.slots}{stuck}" if info.alive else "-"


def current(info: WorkerInfo) -> str:
    """What it runs, the longest first; what a silent one said last is no news."""
    if not info.alive:
        return "-"
    jobs = sorted(info.current, key=lambda job: -float(job.get("seconds", 0)))
    shown = ", ".join(
        f"{job.get('type')} {short_id(str(job.get('id')))[-6:]} {span(float(job.get('seconds', 0)))}"
        for job in jobs[:3]
    )
    return shown + (f" and {plural(len(jobs) - 3, 'other')}" if len(jobs) > 3 else "")


COLUMNS = [
    Column(name="worker", show=lambda w: w.label, raw=lambda w: w.id, keep=10, most=28, least=12),
    Column(
        name="state",
        show=state_of,
        keep=8,
        style=lambda w: "green" if w.alive and w.state == "running" else "red" if not w.alive else "yellow",
    ),
    Column(name="busy", show=busy, raw=lambda w: w.busy if w.alive else None, keep=9, right=True),
    Column(name="done", show=lambda w: str(w.completed), raw=lambda w: w.completed, keep=5, right=True),
    Column(name="failed", show=lambda w: str(w.failed), raw=lambda w: w.failed, keep=7, right=True),
    Column(name="rss", show=lambda w: size(w.rss_bytes), raw=lambda w: w.rss_bytes, keep=5, right=True),
    Column(
        name="cpu", show=lambda w: f"{w.cpu_percent:.0f}%", raw=lambda w: w.cpu_percent, keep=5, right=True
    ),
    Column(
        name="up", show=lambda w: span(w.uptime_seconds), raw=lambda w: w.uptime_seconds, keep=6, right=True
    ),
    Column(
        name="queues", show=lambda w: ",".join(w.queues), raw=lambda w: w.queues, keep=3, most=24, least=8
    ),
    Column(
        name="running",
        show=current,
        raw=lambda w: [job.get("id") for job in w.current if w.alive],
        keep=2,
        most=60,
        least=16,
        optional=True,
    ),
]
VERSION = Column(name="version", show=lambda w: w.version, keep=9, most=16, style=lambda _: "yellow")
EXTRA = (
    Column(name="name", show=lambda w: w.name or "-", raw=lambda w: w.name),
    Column(name="place", show=lambda w: f"{w.host}:{w.pid}", raw=lambda w: f"{w.host}:{w.pid}"),
    Column(name="version", show=lambda w: w.version, raw=lambda w: w.version),
    Column(
        name="stuck",
        show=lambda w: ",".join(str(job.get("id")) for job in w.stuck),
        raw=lambda w: [job.get("id") for job in w.stuck],
    ),
    Column(name="slots", show=lambda w: str(w.slots), raw=lambda w: w.slots),
    Column(name="types", show=lambda w: ",".join(w.types), raw=lambda w: w.types),
    Column(
        name="heard seconds ago",
        show=lambda w: f"{w.last_heard_seconds:.1f}",
        raw=lambda w: w.last_heard_seconds,
    ),
)
