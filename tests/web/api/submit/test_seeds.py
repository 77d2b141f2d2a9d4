"""The requests of the systems that gopher stands in for, as written there, against a real server."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import builders
import httpx2
import pytest
from faults.serving import Served
from worker.processes import PATIENCE, TESTS

from gopher_cli.gopher import Gopher
from web.operated import end, take

pytestmark = pytest.mark.anyio
Curl = Callable[..., tuple[int, Any]]
JSON = ("-H", "Content-Type: application/json")


@pytest.fixture
def served(redis_url: str, namespace: str, tmp_path: Path) -> Iterator[Served]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    mine = {
        "REDIS_URL": redis_url,
        "GOPHER_NAMESPACE": namespace,
        "GOPHER_HOME": str(tmp_path / "home"),
        "HOME": str(tmp_path),
        "PYTHONPATH": f"{TESTS}:{TESTS.parent}",
        "API_KEY": "your-secret-key",
    }
    server = Served(kept | mine, program="web.patient")
    yield server
    server.kill()


@pytest.fixture
def curl(served: Served) -> Curl:
    """``curl(path, words)``: the status, and the body as JSON or as text; the words are curl's."""

    def run(path: str, *words: str, key: str = "your-secret-key") -> tuple[int, Any]:
        said = dict(zip(words[::2], words[1::2], strict=True))
        name, _, value = said.get("-H", "Accept: */*").partition(": ")
        answer = httpx2.request(
            said.get("-X", "GET"),
            f"{served.url}{path}",
            content=said.get("-d"),
            headers={"X-API-KEY": key, name: value},
            follow_redirects=True,
            timeout=PATIENCE,
        )
        try:
            return answer.status_code, answer.json()
        except ValueError:
            return answer.status_code, answer.text

    return run


async def test_every_request_of_the_seeds_works_as_it_is_written(curl: Curl, gopher: Gopher) -> None:
    status, said = curl(
        "/api/v1/jobs",
        "-X",
        "POST",
        *JSON,
        "-d",
        """{
  "type": "email",
  "payload": {"to":"user@example.com","subject":"Hello","body":"Test email"},
  "priority": "high",
  "max_retries": 3
}""",
    )
    assert (status, said["status"]) == (201, "enqueued")

    status, said = curl(
        "/api/v1/jobs",
        "-X",
        "POST",
        *JSON,
        "-d",
        """{
  "type": "report",
  "payload": {"report_type":"daily_summary"},
  "execute_at":"2025-10-01T10:00:00Z"
}""",
    )
    assert (status, said["type"]) == (201, "report")

    status, said = curl(
        "/api/v1/jobs",
        "-X",
        "POST",
        *JSON,
        "-d",
        """{
  "type": "cleanup",
  "payload": {},
  "recurring": {"cron_expression":"0 0 * * *"}
}""",
    )
    assert (status, said["status"], said["type"]) == (201, "scheduled", "cleanup")
    assert said["job_id"] == f"{said['schedule']}:{said['next_run'][:10].replace('-', '')}T000000Z"

    status, said = curl(
        "/api/v1/jobs",
        "-X",
        "POST",
        *JSON,
        "-d",
        """{
"type": "email",
"payload": {
"to": "user@example.com",
"subject": "Welcome!",
"body": "Thanks for signing up",
"from": "noreply@example.com"
},
"max_attempts": 3,
"priority": 5
}""",
    )
    assert status == 201
    assert (await gopher.inspect("default", said["job_id"])).max_retries == 2

    status, said = curl(
        "/api/v1/jobs",
        "-X",
        "POST",
        *JSON,
        "-d",
        """{
"type": "data_process",
"payload": {
"source_url": "https://api.example.com/data",
"operation": "transform",
"filters": {"status": "active"},
"destination": "s3://bucket/output"
},
"max_attempts": 5,
"priority": 8
}""",
    )
    assert status == 201
    assert (await gopher.inspect("default", said["job_id"])).priority == 8

    status, said = curl(f"/api/v1/jobs/{said['job_id']}")
    assert status == 200
    assert {"job_id", "status", "started_at", "completed_at", "attempts"} <= set(said)
    assert said["attempts"] == 0 and said["started_at"] is None

    status, said = curl(
        "/api/jobs",
        "-X",
        "POST",
        *JSON,
        "-d",
        """{
"type": "email",
"payload": {
"to": "user@example.com",
"subject": "Welcome!",
"body": "Thank you for signing up."
},
"priority": "high",
"retries": 3
}""",
    )
    assert status == 201 and set(said) == {"job_id", "status"} and said["status"] == "enqueued"

    status, said = curl("/api/v1/stats")
    assert status == 200
    flat = {word: said[word] for word in ("pending", "running", "completed", "failed", "total")}
    assert flat == {"pending": 5, "running": 0, "completed": 0, "failed": 0, "total": 5}

    status, said = curl("/api/v1/queue/stats")
    assert (status, said["queue_size"], said["queues"]["default"]["size"]) == (200, 5, 5)
    assert said["jobs"]["total_processed"] == 0
    assert curl("/api/v1/jobs/types") == (200, {"types": []})

    status, said = curl("/health")
    assert (status, said["status"]) == (200, "healthy")
    status, said = curl("/metrics")
    assert status == 200 and "jobqueue_jobs_completed_total" in said
    status, said = curl("/")
    assert status == 200 and "<html" in said


async def test_a_job_of_the_plain_dialect_goes_through_its_states(curl: Curl, gopher: Gopher) -> None:
    body = '{\n"type": "email",\n"payload": "user@example.com"\n}'
    assert curl("/job", "-X", "POST", *JSON, "-d", body, key="wrong")[0] == 401

    status, said = curl("/job", "-X", "POST", *JSON, "-d", body)
    id = said["job_id"]
    assert (status, said["status"]) == (201, "Pending")
    assert curl(f"/job/{id}")[1] == {
        "id": id,
        "job_id": id,
        "type": "email",
        "payload": "user@example.com",
        "status": "Pending",
        "retries": 0,
        "max_retries": (await gopher.inspect("default", id)).max_retries,
        "error": None,
        "created_at": curl(f"/job/{id}")[1]["created_at"],
    }
    leases = await take(gopher)
    assert curl(f"/job/{id}")[1]["status"] == "InProcess"
    await end(gopher, leases, builders.discard())
    assert curl(f"/job/{id}")[1]["status"] == "Failed"

    assert curl("/job/requeue-dlq", "-X", "POST", key="wrong")[0] == 401
    assert curl("/job/requeue-dlq", "-X", "POST") == (200, {"requeued": 1, "more": False})
    assert curl(f"/job/{id}")[1]["status"] == "Pending"
    assert curl("/job/nowhere")[0] == 404
