"""A client that openapi-python-client makes of the document: each of its calls works against a server."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx2
import pytest
from faults.serving import Served
from redis import Redis
from worker.processes import PATIENCE

from gopher_cli.gopher import Gopher
from gopher_cli.store import calls
from gopher_cli.store.keyspace import fleet_of
from web.operated import in_every_state

pytestmark = pytest.mark.anyio
KEY = "the-key-of-the-generated-client"
NAME = "generated_client"


@pytest.fixture
def url(redis_url: str, namespace: str, tmp_path: Path) -> Iterator[str]:
    server = Served(
        {
            "REDIS_URL": redis_url, "GOPHER_NAMESPACE": namespace, "GOPHER_HOME": str(tmp_path / "home"),
            "HOME": str(tmp_path), "PATH": os.environ["PATH"], "REDIS_TIMEOUT": "60s", "API_KEY": KEY,
        }
    )  # fmt: skip
    yield server.url
    server.process.terminate()
    server.process.wait()


@pytest.fixture
def package(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """What a program would import."""
    if importlib.util.find_spec("openapi_python_client") is None:
        pytest.fail("openapi-python-client is missing: pip install --no-deps openapi-python-client")
    (tmp_path / "document.json").write_bytes(httpx2.get(f"{url}/openapi.json").content)
    (tmp_path / "config.yml").write_text("post_hooks: []\n")
    made = subprocess.run(
        [
            sys.executable, "-m", "openapi_python_client", "generate", "--path", "document.json",
            "--output-path", NAME, "--meta", "none", "--config", "config.yml",
        ],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=PATIENCE * 2,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    # It makes no bodies of lines; there is nothing else that it does not understand.
    assert made.stderr.count("WARNING") == 1 and "x-ndjson" in made.stderr, made.stderr
    monkeypatch.syspath_prepend(tmp_path)
    return importlib.import_module(NAME)


class Client:
    """Calls of the generated client by the names of their operations."""

    def __init__(self, package: ModuleType, url: str, document: dict[str, Any]) -> None:
        self._models = importlib.import_module(f"{package.__name__}.models")
        self._client = package.AuthenticatedClient(
            base_url=url, token=KEY, prefix="", auth_header_name="X-API-KEY", raise_on_unexpected_status=True,
            timeout=package.client.httpx.Timeout(PATIENCE),
        )  # fmt: skip
        self._modules = {
            about["operationId"]: f"{package.__name__}.api.{about['tags'][0]}.{about['operationId']}"
            for methods in document["paths"].values()
            for about in methods.values()
        }
        self.left = set(self._modules)

    def model(self, kind: str, /, **said: Any) -> Any:
        return getattr(self._models, kind).from_dict(said)

    def __call__(self, name: str, *args: Any, status: int = 200, client: Any = None, **said: Any) -> Any:
        """What the call answers, in its own types."""
        module = importlib.import_module(self._modules[name])
        answer = module.sync_detailed(*args, client=client or self._client, **said)
        assert answer.status_code == status, (name, answer.status_code, answer.content)
        assert not type(answer.parsed).__name__.startswith("Problem"), (name, answer.parsed)
        self.left.discard(name)
        return answer.parsed if status != 304 else None

    def etag(self, id: str) -> str:
        return self.etag_of(f"/api/v1/jobs/{id}")

    def etag_of(self, path: str) -> str:
        return str(self._client.get_httpx_client().get(path).headers["etag"])

    def with_key(self, secret: str) -> Any:
        return type(self._client)(
            base_url=self._client._base_url, token=secret, prefix="", auth_header_name="X-API-KEY"
        )


async def a_worker(gopher: Gopher, name: str) -> None:
    about = {"host": "here", "pid": 7, "version": "1", "state": "running", "slots": 2, "busy": 0,
             "queues": ["default"], "types": ["x"], "name": name}  # fmt: skip
    await gopher.store.run(calls.beat(fleet_of(gopher.namespace), f"{name}-id", json.dumps(about).encode()))


async def test_every_call_of_a_generated_client_works(
    url: str, package: ModuleType, gopher: Gopher, redis: Redis, tmp_path: Path
) -> None:
    call = Client(package, url, json.loads((tmp_path / "document.json").read_text()))
    ids = await in_every_state(gopher, tags=["red"])
    await gopher.publish_types({"x": b'{"type":"object"}'})
    submits(call)
    looks(call, ids)
    await works(call, ids, gopher)
    expects(call)
    schedules(call)
    keys_and_events(call, lambda: bool(redis.keys(f"{gopher.namespace}:{{default}}:events*")))
    assert call.left == set()


def submits(call: Client) -> None:
    job = call.model("JobRequest", type="y", payload={"n": 1})
    made = call("submit_job", body=job, status=201, idempotency_key="k", wait=0, prefer="wait=0")
    assert (made.status, made.links.additional_properties["self"]) == (
        "enqueued", f"/api/v1/jobs/{made.job_id}",
    )  # fmt: skip
    assert call("submit_job", body=[job, job]).accepted == 2
    assert call("submit_jobs", body=[job], atomic=True).items[0].status == "enqueued"
    marked = call.model("JobRequest", type="y", id="line-1", mark="1;;")
    assert call("submit_jobs", body=call.model("SubmitJobsJsonBodyType1", jobs=[marked.to_dict()]),
                batch="b").accepted == 1  # fmt: skip
    assert [one.mark for one in call("get_batch_marks", batch="b", queue="default").items] == ["1;;"]
    assert call("put_batch_mark", body=call.model("MarkView", queue="default", mark="2;;"), batch="b").mark
    assert call("submit_job_classic", body=job, status=201).status == "enqueued"
    assert call("submit_job_plain", body=job, status=201).status == "Pending"


def looks(call: Client, ids: dict[str, str]) -> None:
    done = ids["completed"]
    job = call("get_job", done, queue="default", wait=0.5, prefer="wait=1")
    assert (job.status, job.result, job.tags) == ("completed", {"sum": 42}, ["red"])
    assert call("get_job", done, if_none_match=call.etag(done), status=304) is None
    assert call("get_result", done, wait=0.1) == {"sum": 42}
    assert call("get_log", done) == "" and call("get_log", done, follow=True) == ""
    assert call("get_attempts", ids["failed"]).items[0].outcome == "failed"
    assert call("get_job_plain", done).status == "Completed"
    assert call("find_job", id=done[-12:]).job_id == done
    page = call("list_jobs", state=["failed", "completed"], tag="red", limit=1)
    assert len(page.items) == 1 and page.next_cursor
    assert (
        len(call("list_jobs", state=["failed", "completed"], tag="red", cursor=page.next_cursor).items) == 1
    )
    assert [one.job_id for one in call("list_dlq", queue=["default"]).items] == [ids["failed"]]
    assert call("list_failure_groups").items[0].count == 1
    assert call("get_queue", "default").queue == "default" and call("list_queues").items
    assert call("get_stats", queue=["default"]).backlog > 0 and call("get_history", minutes=5)
    assert call("list_types").items[0].type_ == "x" and call("list_job_types").types == ["x"]
    assert call("get_queue_stats").queue_size > 0 and call("get_root").version
    assert "gopher_redis_up 1" in call("metrics")
    assert call("health").status == "healthy" and call("livez") and call("readyz", verbose="1").checks


async def works(call: Client, ids: dict[str, str], gopher: Gopher) -> None:
    for id in (ids["scheduled"], ids["retrying"]):
        moved = call("reschedule_job", id, body=call.model("Moment", delay="2h"), if_match=call.etag(id))
        assert moved.outcome == "rescheduled" and moved.due_at
    assert call("promote_job", ids["scheduled"]).outcome == "enqueued"
    assert call("retry_job", ids["failed"], source="failed").changed
    assert call("cancel_job", ids["enqueued"], queue="default").outcome == "cancelled"
    assert call("delete_job", ids["enqueued"]).outcome == "deleted"
    assert call("retry_jobs", body=call.model("Again", state=["retrying"])).changed == 1
    assert call("cancel_jobs", body=call.model("Meant", type="y", limit=2)).changed == 2
    assert call("purge_jobs", body=call.model("Meant", state="cancelled", dry_run=True)).matched > 0
    again = {"all": True, "rate": "1000/s", "target": "slow"}
    assert call("requeue_dlq", body=call.model("Again", **again)).changed == 0
    assert call("requeue_dlq_plain").requeued == 0
    assert call("purge_queue", "default", body=call.model("Meant", type="y")).changed > 0
    for pause, resume in (("pause_queue", "resume_queue"), ("put_pause_queue", "put_resume_queue")):
        assert call(pause, "default").paused and not call(resume, "default").paused
    await gopher.announce(["spare"])
    assert call("remove_queue", "spare").queue == "spare"
    await a_worker(gopher, "w1")
    assert call("list_workers").items[0].name == "w1"
    for order in ("quiet_worker", "resume_worker", "stop_worker"):
        assert call(order, "w1")


def expects(call: Client) -> None:
    body = call.model("ExpectRequest", type="y", every="25h", grace=60)
    made = call("put_expect", "default", "nightly", body=body, status=201)
    assert (made.outcome, made.every, made.type_) == ("new", 90_000, "y")
    assert [one.name for one in call("list_expects", queue=["default"]).items] == ["nightly"]
    assert call("get_expect", "default", "nightly").state in ("waiting", "on_time")
    assert call("delete_expect", "default", "nightly").name == "nightly"


def schedules(call: Client) -> None:
    body = call.model("ScheduleRequest", type="y", cron="0 3 * * *", tz="Europe/Berlin", payload={"n": 1})
    one = ("default", "nightly")
    made = call("put_schedule", *one, body=body, if_none_match="*", status=201)
    assert (made.outcome, made.state) == ("created", "active") and made.next_run
    recurring = call.model("JobRequest", type="y", recurring={"every": "1h", "name": "hourly"})
    assert call("submit_job", body=recurring, status=201).schedule == "hourly"
    assert [one.name for one in call("list_schedules", queue=["default"]).items] == ["hourly", "nightly"]
    seen = call("get_schedule", *one)
    assert seen.cron == "0 3 * * *" and seen.payload == {"n": 1} and seen.last_run is None
    etag = call.etag_of("/api/v1/schedules/default/nightly")
    assert call("get_schedule", *one, if_none_match=etag, status=304) is None
    assert len(call("get_next_runs", *one, count=2).items) == 2
    asked = call.model("PreviewRequest", every=60, count=1)
    assert call("preview_schedule", body=asked).description == "every minute"
    paused = call("pause_schedule", *one, body=call.model("PauseRequest", reason="deploy"), if_match=etag)
    assert (paused.outcome, paused.changed) == ("paused", True)
    assert call("get_schedule", *one).paused.reason == "deploy"
    assert call("resume_schedule", *one).state == "active"
    id = call("run_schedule", *one, idempotency_key="run", status=201).job_id
    assert call("get_schedule", *one).last_run.job_id == id
    past = call.model("BackfillRequest", to="2026-01-03", **{"from": "2026-01-01"})
    assert len(call("backfill_schedule", *one, body=past).made) == 2
    assert call("delete_schedule", *one, if_match=etag).outcome == "removed"


def keys_and_events(call: Client, is_watched: Callable[[], bool]) -> None:
    made = call("create_key", body=call.model("KeyRequest", name="eyes", role="viewer"), status=201)
    assert call("list_keys").items[0].name == "eyes"
    heard: list[str] = []
    watching = threading.Thread(
        target=lambda: heard.append(
            call("watch_events", queue=["default"], client=call.with_key(made.secret))
        )
    )
    watching.start()
    end = time.monotonic() + PATIENCE
    while not is_watched():
        assert time.monotonic() < end
        time.sleep(0.01)
    # The stream ends with the key.
    assert call("revoke_key", made.id).state == "revoked"
    watching.join(PATIENCE)
    assert heard and heard[0].startswith("retry: 2000")
    assert call("list_audit", limit=5).items
    assert isinstance(call("sign_out_all").changed, bool)
