"""/metrics as Prometheus reads it: with its own parser, while work is done, and while Redis is away."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import builders
import httpx2
import pytest
from driver import Queue
from prometheus_client.openmetrics.parser import text_string_to_metric_families as modern
from prometheus_client.parser import text_string_to_metric_families as plain
from worker.processes import until

from gopher_cli.gopher import Gopher
from gopher_cli.model.numbers.histogram import Cell
from gopher_cli.model.schedule.schedule_state import ScheduleRow, Standing
from gopher_cli.web.metrics import exposition, families
from gopher_cli.web.metrics.families import MOST_SCHEDULES, MOST_TYPES, OTHER, merged
from gopher_cli.web.server.traffic import Traffic
from web.conftest import Open
from web.keyring import Clock

pytestmark = pytest.mark.anyio
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(text: str, read=plain) -> Samples:
    found: Samples = {}
    for family in read(text):
        assert family.documentation, family.name
        for one in family.samples:
            key = (one.name, frozenset(one.labels.items()))
            assert key not in found, f"{key} is told twice"
            found[key] = one.value
    return found


def value(found: Samples, name: str, **labels: str) -> float:
    return found[name, frozenset(labels.items())]


@pytest.fixture
def scrape(open_api: Open):
    """What a server tells that has not yet told anything."""

    async def told(**environ: str) -> Samples:
        async with open_api(**environ) as client:
            answer = await client.get("/metrics")
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
            return samples(answer.text)

    return told


@pytest.fixture
def queue(gopher: Gopher, redis, namespace: str) -> Queue:
    """A queue whose clock the test moves."""
    return Queue(redis, namespace)


async def work(gopher: Gopher, queue: Queue, *outcomes, type: str = "mail", run_us: int = 2_000_000) -> None:
    await gopher.announce(["default"])
    for outcome in outcomes:
        queue.submit(builders.job(type=type))
        queue.settle(builders.settlement(*queue.reserve(), outcome, run_us=run_us))


async def test_the_families_that_others_look_for_are_there(gopher, queue, scrape) -> None:
    await work(gopher, queue, builders.success(), builders.success(), builders.failure(), builders.discard())

    found = await scrape()

    assert value(found, "jobqueue_jobs_started_total", job_type="mail") == 4
    assert value(found, "jobqueue_jobs_completed_total", job_type="mail") == 2
    assert value(found, "jobqueue_jobs_failed_total", job_type="mail") == 2
    of = {"job_type": "mail", "status": "completed"}
    assert value(found, "jobqueue_job_duration_seconds_bucket", le="2.5", **of) == 2
    assert value(found, "jobqueue_job_duration_seconds_bucket", le="1.0", **of) == 0
    assert value(found, "jobqueue_job_duration_seconds_sum", **of) == 4
    assert value(found, "jobqueue_job_duration_seconds_count", job_type="mail", status="failed") == 2
    assert value(found, "gopher_job_duration_seconds_count", job_type="mail") == 4
    assert value(found, "gopher_job_wait_seconds_bucket", job_type="mail", le="+Inf") == 4


async def test_queues_workers_and_the_server_tell_how_they_stand(gopher, queue, scrape) -> None:
    await work(gopher, queue, builders.success(), builders.failure(), builders.discard())
    queue.submit(builders.job("two"), builders.job("later", delay=60.0))
    queue.cancel("later")
    queue.pause()
    await gopher.beat("w", {"slots": 5, "busy": 2, "state": "running"})

    found = await scrape()

    totals = {name: value(found, f"gopher_jobs_{name}_total", queue="default") for name in (
        "enqueued", "completed", "failed", "retried", "cancelled", "expired", "purged", "lost", "snoozed",
    )}  # fmt: skip
    assert totals == {
        "enqueued": 5, "completed": 1, "failed": 1, "retried": 1, "cancelled": 1, "expired": 0, "purged": 0,
        "lost": 0, "snoozed": 0,
    }  # fmt: skip
    for state, count in {"enqueued": 1, "retrying": 1, "failed": 1, "completed": 1, "processing": 0}.items():
        assert value(found, "gopher_queue_depth", queue="default", state=state) == count
    assert value(found, "gopher_queue_paused", queue="default") == 1
    assert value(found, "gopher_queue_oldest_age_seconds", queue="default") > 0
    told = [value(found, f"gopher_{name}") for name in ("workers", "worker_slots", "worker_slots_busy")]
    assert told == [1, 5, 2]
    assert value(found, "gopher_redis_up") == 1
    assert 0 < value(found, "gopher_redis_roundtrip_seconds") < 60
    assert value(found, "gopher_redis_memory_bytes") > 100_000
    assert any(name == "gopher_build_info" for name, _ in found)
    assert not [name for name, _ in found if name.endswith("_created")]


async def test_no_counter_ever_falls_however_old_the_work_gets(gopher, queue, scrape) -> None:
    before: Samples = {}
    for step in (
        0,
        builders.minute,
        2 * builders.hour,
        builders.day,
        3 * builders.day,
        3 * builders.day,
        30 * builders.day,
    ):
        queue.later(step)
        queue.expire()
        await work(gopher, queue, builders.success(), builders.failure(), run_us=step + 1)
        after = await scrape()
        growing = ("_total", "_count", "_bucket", "_sum")
        for key, was in before.items():
            if key[0].startswith(("gopher_job", "jobqueue")) and key[0].endswith(growing):
                assert after[key] >= was, key
        before = after
    assert value(before, "jobqueue_jobs_started_total", job_type="mail") == 14
    assert len(queue.whole().cells) < 7


async def test_buckets_only_rise_and_end_with_all(gopher, queue, scrape) -> None:
    for run_us in (10, 3_000, 70_000_000, 10**12):
        await work(gopher, queue, builders.success(), builders.failure(), run_us=run_us)

    found = await scrape()

    for name in ("jobqueue_job_duration_seconds", "gopher_job_duration_seconds", "gopher_job_wait_seconds"):
        by_series: dict[frozenset, list[tuple[float, float]]] = {}
        for (of, labels), count in found.items():
            if of == f"{name}_bucket":
                le = float(dict(labels)["le"])
                rest = frozenset(pair for pair in labels if pair[0] != "le")
                by_series.setdefault(rest, []).append((le, count))
        assert by_series
        for rest, buckets in by_series.items():
            counts = [count for _, count in sorted(buckets)]
            assert counts == sorted(counts)
            assert counts[-1] == found[f"{name}_count", rest]


async def test_openmetrics_for_those_who_ask_for_it(api: httpx2.AsyncClient, gopher, queue) -> None:
    await work(gopher, queue, builders.success())
    await api.get("/health")
    for accept in (
        "application/openmetrics-text;version=1.0.0",
        "text/plain;q=0.5, application/openmetrics-text;version=x",
    ):
        answer = await api.get("/metrics", headers={"Accept": accept})

        assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
        assert value(samples(answer.text, modern), "jobqueue_jobs_completed_total", job_type="mail") == 1


async def test_requests_are_counted_by_the_template_of_their_route(open_api: Open) -> None:
    async with open_api() as client:
        for path in ("/api/v1/jobs/one", "/api/v1/jobs/two", "/nowhere/1", "/nowhere/2", "/health"):
            await client.get(path)
        await client.request("BREW", "/health")
        await client.post("/api/v1/jobs", json={"type": "mail", "payload": {}})
        found = samples((await client.get("/metrics")).text)

    of = "gopher_http_requests_total"
    assert value(found, of, method="GET", route="/api/v1/jobs/{id}", code="404") == 2
    assert value(found, of, method="GET", route="(none)", code="404") == 2
    assert value(found, of, method="GET", route="/health", code="200") == 1
    assert value(found, of, method="POST", route="/api/v1/jobs", code="201") == 1
    assert value(found, of, method="other", route="/health", code="405") == 1
    assert value(found, "gopher_http_request_duration_seconds_count", method="GET", route="/health") == 1
    assert value(found, "process_resident_memory_bytes") > 1_000_000


async def test_without_redis_it_says_so_and_tells_of_itself(scrape, tmp_path) -> None:
    found = await scrape(REDIS_URL=f"unix://{tmp_path}/nobody")

    assert value(found, "gopher_redis_up") == 0
    assert value(found, "process_resident_memory_bytes") > 1_000_000
    assert not [name for name, _ in found if name.startswith("jobqueue")]


async def test_schedules_are_told_by_name_with_their_next_instant_and_last_success(
    gopher: Gopher, queue: Queue, scrape
) -> None:
    assert not [name for name, _ in await scrape() if "schedule" in name]
    now = queue.now // 60_000 * 60_000
    await gopher.set_schedule("s", "mail", every=60, now=str(now))
    await gopher.set_schedule("paused", "mail", every=60, now=str(now))
    await gopher.pause_schedule("paused", now=str(now))
    queue.now = now + 10 * 60_000
    await gopher.tick("default", now=queue.at)
    (lease,) = queue.reserve()
    queue.settle(builders.settlement(lease, builders.success()))
    found = await scrape()

    names = {"queue": "default", "schedule": "s"}
    for outcome, count in {"ran": 1, "skipped": 0, "missed": 9}.items():
        assert value(found, "gopher_schedule_ticks_total", **names, outcome=outcome) == count
    assert value(found, "gopher_schedule_next_seconds", **names) == queue.now / 1000 + 60
    assert value(found, "gopher_schedule_last_completed_seconds", **names) == queue.now / 1000
    assert (
        "gopher_schedule_next_seconds",
        frozenset({"queue": "default", "schedule": "paused"}.items()),
    ) not in found


def test_many_schedules_are_bounded_and_none_of_their_ticks_is_left_uncounted() -> None:
    rows = [ScheduleRow(f"s{n}", "q", "active", standing=Standing(ran=1)) for n in range(MOST_SCHEDULES + 3)]
    (ticks, *_) = families._of_schedules(rows)
    ran = [sample.value for sample in ticks.samples if sample.labels["outcome"] == "ran"]

    assert len(ran) == MOST_SCHEDULES + 1 and sum(ran) == MOST_SCHEDULES + 3


async def test_many_types_are_bounded_and_none_of_them_is_left_uncounted() -> None:
    one = Cell(completed=1)
    types = {f"type-{n:04}": one for n in range(MOST_TYPES + 50)} | {OTHER: one, "no name\n": one}

    found = merged(types)

    assert len(found) == MOST_TYPES + 1
    assert found[OTHER].completed == 52
    more = merged(types | {"a-new-one": one})
    assert more[OTHER].completed == 53
    assert merged({"mail": one}) == {"mail": one}


async def test_an_answer_serves_all_who_ask_within_a_second(
    api: httpx2.AsyncClient, gopher, queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(exposition, "time", clock.module())
    first = (await api.get("/metrics")).text
    await work(gopher, queue, builders.success())

    assert (await api.get("/metrics")).text == first
    clock.ahead += 1
    assert (await api.get("/metrics")).text != first


async def test_it_needs_a_key_where_there_are_keys(open_api: Open) -> None:
    async with open_api(API_KEY="secret-secret-secret-secret-1234") as client:
        assert (await client.get("/metrics")).status_code == 401
        key = {"X-API-KEY": "secret-secret-secret-secret-1234"}
        assert (await client.get("/metrics", headers=key)).status_code == 200


async def test_without_redis_a_server_that_surely_asks_for_a_key_tells_nobody(
    open_api: Open, tmp_path
) -> None:
    nobody = f"unix://{tmp_path}/nobody"
    async with open_api(REDIS_URL=nobody, API_KEY="secret-secret-secret-secret-1234") as client:
        assert (await client.get("/metrics")).status_code == 401
        assert (await client.get("/metrics", headers={"X-API-KEY": "gk_wrong"})).status_code in (401, 503)
        right = {"X-API-KEY": "secret-secret-secret-secret-1234"}
        assert value(samples((await client.get("/metrics", headers=right)).text), "gopher_redis_up") == 0
    async with open_api(REDIS_URL=nobody, METRICS_OPEN="yes", AUTH="required") as client:
        assert value(samples((await client.get("/metrics")).text), "gopher_redis_up") == 0


async def test_a_blocked_loop_is_felt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gopher_cli.web.server.traffic._BEAT", 0.01)
    traffic = Traffic()
    feeling = asyncio.create_task(traffic.feel_lag())
    await asyncio.sleep(0)
    time.sleep(0.05)  # this is the fault

    await until(lambda: traffic.registry.get_sample_value("gopher_event_loop_lag_seconds"))

    feeling.cancel()


async def test_a_metric_is_in_the_documentation(open_api: Open) -> None:
    text = (Path(__file__).parents[3] / "docs" / "http.md").read_text()
    async with open_api() as client:
        told = {family.name for family in plain((await client.get("/metrics")).text)}

    assert [name for name in told if f"`{name}" not in text and not name.startswith("process_")] == []
