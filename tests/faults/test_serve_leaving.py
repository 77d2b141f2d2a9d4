"""`gopher serve` is told to end: what is open is finished. And it is asked without measure: it refuses."""

from __future__ import annotations

import asyncio
import http.client
import signal
import subprocess
from contextlib import suppress

import httpx2
import pytest
from faults.serving import Serve, Served
from worker.processes import PATIENCE, until

from gopher_cli.gopher import Gopher

pytestmark = pytest.mark.anyio
JOBS = "/api/v1/jobs"
HEAD = b"POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 12\r\n"


async def test_who_is_leaving_says_so_at_once_and_serves_meanwhile(serve: Serve, gopher: Gopher) -> None:
    served = serve(SERVER_DRAIN="60s")
    async with httpx2.AsyncClient(base_url=served.url, timeout=PATIENCE) as http:
        before = await http.get("/readyz")
        served.process.send_signal(signal.SIGTERM)
        await until(lambda: _is_leaving(http))
        job = await http.post(JOBS, json={"type": "t"})
        # Told twice, it waits no more; two signals within half a second are one.
        while served.process.poll() is None:
            served.process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(served.process.wait, 0.6)
        code = served.process.returncode

    assert (before.status_code, job.status_code, code) == (200, 201, 0)


async def _is_leaving(http: httpx2.AsyncClient) -> bool:
    answer = await http.get("/readyz")
    return answer.status_code == 503 and answer.json()["reasons"] == ["draining"]


async def test_open_requests_are_finished(serve: Serve, gopher: Gopher) -> None:
    served = serve()
    async with httpx2.AsyncClient(base_url=served.url, timeout=PATIENCE) as http:
        waits = asyncio.create_task(http.post(f"{JOBS}?wait=1", json={"type": "t", "id": "mine"}))
        await until(lambda: _stored(gopher))
        served.process.send_signal(signal.SIGTERM)
        answer = await waits
        code = await asyncio.to_thread(served.process.wait, PATIENCE)

    assert (answer.status_code, answer.json()["job_id"], code) == (201, "mine", 0)


async def _stored(gopher: Gopher) -> bool:
    return (await gopher.depth("default")).sizes["ready_normal"] == 1


@pytest.mark.parametrize(
    "head",
    [
        HEAD + b"".join(b"X-%d: a\r\n" % n for n in range(120)) + b"\r\n",
        HEAD + b"X-A: " + b"a" * 20_000 + b"\r\n\r\n",
        HEAD + b"X-A: " + b"a" * 200_000,
        b"GET /" + b"a" * 200_000,
    ],
    ids=["many headers", "a long header", "a header without end", "a path without end"],
)
async def test_a_head_without_measure_is_refused(serve: Serve, head: bytes) -> None:
    served = serve()

    said = await _answered(served, head)

    assert said[9:12] in (b"431", b"400", b"414"), said
    async with httpx2.AsyncClient(base_url=served.url, timeout=PATIENCE) as http:
        assert (await http.get("/livez")).status_code == 200


async def _answered(served: Served, head: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    try:
        writer.write(head)
        async with asyncio.timeout(PATIENCE):
            return await reader.readline()
    finally:
        writer.close()


async def test_who_waits_for_a_job_is_answered_when_the_server_ends(serve: Serve, gopher: Gopher) -> None:
    served = serve()
    job = "POST /api/v1/jobs?wait=30 HTTP/1.1\r\nHost: localhost\r\n"
    body = "Content-Type: application/json\r\nContent-Length: 24\r\n\r\n" + '{"type":"t","id":"mine"}'
    one = await _asked(served, job + body)
    await until(lambda: _stored(gopher))
    paths = ["mine?wait=30", "mine/result?wait=30", "mine/log?follow"]
    others = [
        await _asked(served, f"GET {JOBS}/{path} HTTP/1.1\r\nHost: localhost\r\n\r\n") for path in paths
    ]
    async with httpx2.AsyncClient(base_url=served.url, timeout=PATIENCE) as http:
        await http.get("/livez")  # it has heard those before this one
    served.process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(PATIENCE):
        answers = [await reader.read() for reader in (one, *others)]
    code = await asyncio.to_thread(served.process.wait, PATIENCE)

    assert [answer[9:12] for answer in answers] == [b"201", b"200", b"404", b"200"]
    assert code == 0
    assert not [line for line in served.said if "Traceback" in line or "Cancel" in line], served.said


async def _asked(served: Served, request: str) -> asyncio.StreamReader:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(request.encode())
    await writer.drain()
    _kept.append(writer)  # else the connection ends with it
    return reader


_kept: list[asyncio.StreamWriter] = []


async def test_head_is_answered_everywhere_on_one_connection_and_without_a_traceback(
    serve: Serve, gopher: Gopher
) -> None:
    served = serve()

    def ask() -> list[tuple[str, int, bool]]:
        line = http.client.HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE)
        line.connect()
        sock, heard = line.sock, []
        for path in HEADS:
            line.request("HEAD", path)
            answer = line.getresponse()
            assert answer.read() == b""
            heard.append((path, answer.status, line.sock is sock))
        line.request("GET", "/livez")
        answer = line.getresponse()
        heard.append((answer.read()[:1].decode(), answer.status, line.sock is sock))
        return heard

    heard = await asyncio.to_thread(ask)
    served.process.send_signal(signal.SIGTERM)
    await asyncio.to_thread(served.process.wait, PATIENCE)

    expected = [(path, 404 if "no" in path else 200, True) for path in HEADS]
    assert heard == [*expected, ("{", 200, True)]
    assert not [line for line in served.said if "Traceback" in line or "Exception" in line], served.said


HEADS = [
    "/", "/livez", "/readyz", "/health", "/metrics", "/openapi.json", JOBS, f"{JOBS}/none",
    "/api/v1/stats", "/api/v1/queues", "/api/v1/events", "/nowhere",
]  # fmt: skip
