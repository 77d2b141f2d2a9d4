"""What the doctor says of workers and their queues, as values: no server is asked."""

from __future__ import annotations

from typing import Any

import pytest

from gopher_cli.model.views.stats import Timing, TypeStats, WindowStats, WorkerInfo
from gopher_cli.store.calls import Depth
from gopher_cli.store.keyspace import PLACES
from gopher_cli.verbs.doctor import worker_findings

NOW = 1_800_000_000_000


def info(name: str = "w", **about: Any) -> WorkerInfo:
    base: dict[str, Any] = {
        "id": name, "name": name, "host": "h", "pid": 1, "version": "1", "state": "running", "alive": True,
        "last_heard_seconds": 0.1, "uptime_seconds": 9.0, "queues": ["q"], "types": ["x"], "slots": 2,
        "busy": 0, "processes": 1, "rss_bytes": 1, "cpu_percent": 0.0, "completed": 0, "failed": 0,
    }  # fmt: skip
    return WorkerInfo(**base | about)


def depth(*, paused: float = -1, waits: int = 3, age: float = 1.0) -> Depth:
    sizes = dict.fromkeys(PLACES, 0) | {"ready_normal": waits}
    since = NOW - round(paused * 1000) if paused >= 0 else 0
    return Depth(NOW, since, sizes, {"normal": NOW - round(age * 1000)} if waits else {}, {}, 0)


def named(found: Any) -> dict[str, str]:
    return {one.name: str(one.severity) for one in found}


@pytest.mark.parametrize(("seconds", "severity"), [(5, "note"), (3599, "note"), (3700, "warning")])
def test_a_paused_queue_with_a_backlog_is_told_at_once_and_is_trouble_after_an_hour(
    seconds: float, severity: str
) -> None:
    assert named(worker_findings.of_queue("q", depth(paused=seconds), [info()])) == {
        "paused with a backlog": severity
    }
    assert not worker_findings.of_queue("q", depth(paused=seconds, waits=0), [info()])


def job(seconds: float, type: str = "report") -> dict[str, Any]:
    return {"id": "j", "type": type, "queue": "q", "seconds": seconds}


@pytest.mark.parametrize(
    ("seconds", "said"),
    [((500, 3), None), ((500, 20), "note"), ((500, 70), "warning")],
)
def test_slots_are_busy_for_as_long_as_the_youngest_job_in_them_runs(
    seconds: tuple[float, float], said: str | None
) -> None:
    full = info(busy=2, current=[job(one) for one in seconds], youngest_seconds=min(seconds))
    wanted = {"all slots are busy": said} if said else {}
    assert named(worker_findings.of_queue("q", depth(), [full])) == wanted
    assert not worker_findings.of_queue("q", depth(), [full, info("free")]), "another one has room"
    assert not worker_findings.of_queue("q", depth(waits=0), [full]), "nothing waits for it"
    quiet = info("quiet", state="quiet")
    assert named(worker_findings.of_queue("q", depth(), [full, quiet])) == wanted, (
        "one that is quiet has no room"
    )


def test_of_many_jobs_that_run_only_the_oldest_are_known_and_none_is_counted() -> None:
    full = info(busy=16, slots=16, current=[job(500)] * 10, youngest_seconds=70)

    assert worker_findings.of_queue("q", depth(), [full])[0].meaning.endswith("was free for 1m10s: report")
    assert not worker_findings.of_queue(
        "q", depth(), [info(busy=16, slots=16, current=[job(500)] * 10, youngest_seconds=1)]
    )


def test_workers_that_lack_types_of_their_queue_are_named() -> None:
    found = worker_findings.of_queue("q", depth(), [info("new", types=["x", "y"]), info("old")])

    assert named(found) == {"workers that lack types": "note"}
    assert found[0].examples == ("old lacks y",)


def test_other_versions_than_the_usual_one_are_named() -> None:
    found = worker_findings.crew(crew := [info("a"), info("b"), info("c", version="0.9")], crew)

    assert named(found) == {"workers": "ok", "versions": "note"}
    assert found[1].examples == ("c 0.9",)


def test_quiet_workers_are_told_with_the_way_back() -> None:
    (_, found) = worker_findings.crew(crew := [info("a", state="quiet")], crew)

    assert (found.name, found.fix) == ("quiet workers", "gopher workers resume a")


def type_of(name: str, completed: int, failed: int) -> TypeStats:
    window = WindowStats(window="5m", completed=completed, retried=failed // 2, failed=failed - failed // 2,
                         per_second=1.0, success_rate=None, run=Timing(), wait=Timing())  # fmt: skip
    return TypeStats(type=name, windows=[window])


def test_a_type_most_of_whose_attempts_fail_is_trouble() -> None:
    types = [type_of("fine", 60, 40), type_of("few", 0, 9), type_of("bad", 4, 6), type_of("worse", 0, 50)]

    (found,) = worker_findings.failing(types)
    assert (found.severity, found.fix) == ("warning", "gopher list-failed --groups -t worse")
    assert found.examples == ("worse 50 of 50 attempts", "bad 6 of 10 attempts")
    assert not worker_findings.failing(types[:2])


def test_poison_is_named() -> None:
    (found,) = worker_findings.poison("q", ["one", "two"], more=False)

    assert (found.count, found.examples, found.fix) == (2, ("one", "two"), "gopher inspect one")
    assert not worker_findings.poison("q", [], more=True)
