"""What a job's page gives for submitting it once more does so, when it is pasted into a shell."""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from faults.serving import Served
from worker.processes import PATIENCE, TESTS

from gopher_cli.gopher import Gopher
from gopher_cli.web.dashboard.views.queries import payload_at
from web.conftest import Open
from web.pages import Page, look

pytestmark = pytest.mark.anyio
KEY = "a-key-of-the-environment"
SHORT = b'{"pi":3.14159265358979323846,"odd":"it\'s $HOME `x` \\"q\\" \\u0000","price":10.00}'
LONG = SHORT[:-1] + b',"text":"' + b"'x' " * 5000 + b'"}'


@pytest.fixture
def environ(redis_url: str, namespace: str, tmp_path: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return kept | {
        "REDIS_URL": redis_url, "GOPHER_NAMESPACE": namespace, "HOME": str(tmp_path), "API_KEY": KEY,
        "PYTHONPATH": f"{TESTS}:{TESTS.parent}", "GOPHER_API_KEY": KEY, "SERVER_ROOT_PATH": "/gopher",
    }  # fmt: skip


@pytest.fixture
def served(environ: dict[str, str]) -> Iterator[Served]:
    server = Served(environ, program="web.patient")
    yield server
    server.kill()


@pytest.mark.skipif(not shutil.which("curl"), reason="the commands use curl, and it is not installed here")
@pytest.mark.parametrize("payload", [SHORT, LONG], ids=["short", "long"])
async def test_each_command_of_a_page_submits_the_same_job(
    served: Served, environ: dict[str, str], gopher: Gopher, payload: bytes, tmp_path: Path
) -> None:
    there = httpx2.Client(base_url=f"{served.url}/gopher", headers={"X-API-KEY": KEY}, timeout=PATIENCE)
    body = b'{"type":"odd","queue":"mail","priority":7,"max_retries":2,"timeout":90,"tags":["a b","c"],'
    body += b'"headers":{"x-tenant":"o\'neil"},"payload":' + payload + b"}"
    made = there.post("/api/v1/jobs", content=body, headers={"Content-Type": "application/json"})
    assert made.status_code == 201, made.text
    page = there.get(f"/jobs/{made.json()['job_id']}", headers={"Accept": "text/html"}).text
    commands = re.findall(r'<pre data-copy class="small">(.*?)</pre>', page, re.DOTALL)
    ids = [made.json()["job_id"]]
    for command in map(html.unescape, commands):
        ran = subprocess.run(
            ["bash", "-c", f'gopher() {{ {sys.executable} -m gopher_cli "$@"; }}\n{command}'],
            env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE,
        )  # fmt: skip
        assert ran.returncode == 0, (command[:300], ran.stderr)
        ids += re.findall(r"[0-9a-f-]{36}", ran.stdout)[:1]

    assert len(set(ids)) == 3, ids
    jobs = [await gopher.inspect("mail", id) for id in ids]
    for job in jobs:
        assert (job.type, job.priority, job.max_retries, job.timeout) == ("odd", 7, 2, 90.0)
        assert (list(job.tags), job.headers) == (["a b", "c"], {"x-tenant": "o'neil"})
    if payload is LONG:  # it is not written again, but fetched
        assert {await payload_at(gopher, id, "mail") for id in ids} == {payload}
    assert jobs[0].payload == jobs[1].payload == jobs[2].payload


async def test_curl_calls_the_server_as_the_browser_does(open_api: Open, gopher: Gopher) -> None:
    """With a key in it, plain http through a proxy that speaks https would give that away."""
    id = await gopher.submit("x")
    async with open_api(API_KEY=KEY, TRUSTED_PROXIES="127.0.0.0/8", SERVER_ROOT_PATH="/gopher") as api:
        proxied = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "queue.test:8443"}
        assert "curl -X POST https://queue.test:8443/gopher/api/v1/jobs " in await words(api, id, **proxied)
        assert "curl -X POST https://queue.test/gopher/api/v1/jobs " in await words(
            api, id, Host="queue.test", **{"X-Forwarded-Proto": "https"}
        )
    async with open_api(API_KEY=KEY) as api:  # who is no trusted proxy says nothing
        assert "curl -X POST http://localhost/api/v1/jobs " in await words(api, id, **proxied)


async def words(api: httpx2.AsyncClient, id: str, **headers: str) -> str:
    return (await look(api, f"/jobs/{id}", **{"X-API-KEY": KEY}, **headers)).text


async def test_a_payload_comes_as_a_file(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    id = await gopher.submit("x", {"n": 1}, queue="mail")
    links = [one["href"] for one in Page((await api.get(f"/jobs/{id}")).text).all("a") if "download" in one]
    answer = await api.get(links[0])
    assert (answer.content, answer.headers["content-type"]) == (b'{"n":1}', "application/json")
    assert "attachment" in answer.headers["content-disposition"]
    assert (await api.get("/jobs/none/payload.json")).status_code == 404
