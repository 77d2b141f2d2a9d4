"""Accept, Accept-Encoding and Allow: the q of a client counts, and a 405 names all methods."""

from __future__ import annotations

import gzip
import threading
from typing import Any

import httpx2
import pytest
from starlette.datastructures import Headers

from gopher_cli.gopher import Gopher
from gopher_cli.web.api.support import openapi
from gopher_cli.web.server.accept import accepts_gzip, prefers

pytestmark = pytest.mark.anyio
OPEN_METRICS = "application/openmetrics-text"
PROMETHEUS = (
    f"{OPEN_METRICS};version=1.0.0;q=0.5,{OPEN_METRICS};version=0.0.1;q=0.4,text/plain;q=0.3,*/*;q=0.2"
)


@pytest.mark.parametrize(
    ("said", "accepted"),
    [
        ("gzip", True), ("GZIP", True), ("x-gzip", True), ("br, gzip;q=0.5", True), ("*", True),
        ("identity;q=0.1, *", True),
        ("gzip;q=0.5, identity;q=0.5", True), ("gzip;q=0", False),
        ("gzip; Q=0.000, br", False), ("*;q=0", False),
        ("gzip;q=0, *", False), ("identity", False), ("", False), ("gzipped", False),
        ("br;q=1, notgzip", False), ("identity, gzip;q=0.5", False), ("identity, *;q=0.1", False),
    ],
)  # fmt: skip
def test_gzip_is_sent_where_it_is_accepted_and_nowhere_else(said: str, accepted: bool) -> None:
    assert accepts_gzip(Headers({"accept-encoding": said})) is accepted
    assert not accepts_gzip(Headers({}))


@pytest.mark.parametrize(
    ("said", "modern"),
    [
        (OPEN_METRICS, True), (PROMETHEUS, True), (f"text/plain, {OPEN_METRICS}", True), ("*/*", False),
        (f"{OPEN_METRICS};q=0, text/plain", False), (f"{OPEN_METRICS};q=0.1, text/plain;q=0.9", False),
        (f"{OPEN_METRICS};q=0", False), ("text/plain", False), ("", False),
        (f"{OPEN_METRICS};q=0.1, text/*", False), (f"{OPEN_METRICS};q=0.1, */*", False),
        (f"{OPEN_METRICS}, */*;q=0.1", True), (f"{OPEN_METRICS}, text/plain;q=0, */*", True),
    ],
)  # fmt: skip
async def test_the_format_of_metrics_is_the_one_that_is_liked_best(
    api: httpx2.AsyncClient, said: str, modern: bool
) -> None:
    assert prefers(Headers({"accept": said}), [OPEN_METRICS], "text/plain") is modern
    answer = await api.get("/metrics", headers={"Accept": said})

    assert answer.headers["content-type"].startswith(OPEN_METRICS if modern else "text/plain")


@pytest.mark.parametrize("path", ["/metrics", "/openapi.json", "/api/v1/jobs?limit=50", "/jobs"])
async def test_a_large_answer_is_compressed_for_who_accepts_it_and_for_nobody_else(
    api: httpx2.AsyncClient, gopher: Gopher, path: str
) -> None:
    for n in range(30):
        await gopher.submit("x", n)
    sizes = {}
    for said in ("gzip", "gzip;q=0", "identity"):
        async with api.stream("GET", path, headers={"Accept-Encoding": said}) as answer:
            raw = b"".join([piece async for piece in answer.aiter_raw()])
        assert answer.headers.get("content-encoding", "") == ("gzip" if said == "gzip" else "")
        assert "accept-encoding" in answer.headers["vary"].lower()
        assert int(answer.headers["content-length"]) == len(raw)
        sizes[said] = len(raw)
        assert gzip.decompress(raw) if said == "gzip" else raw
    assert sizes["gzip"] * 2 < sizes["identity"]


PATHS = [
    "/api/v1/jobs", "/api/v1/jobs/some", "/api/v1/jobs/some/cancel", "/metrics",
    "/api/v1/queues/q/pause", "/job", "/api/v1/keys", "/jobs", "/queues/q/pause", "/static/1/gopher.css",
]  # fmt: skip


async def test_options_names_what_the_document_names(api: httpx2.AsyncClient) -> None:
    """Also where another route, with a parameter, fits the path."""
    for path, methods in (await api.get("/openapi.json")).json()["paths"].items():
        allowed = (await api.options(path.replace("{", "").replace("}", ""))).headers["allow"].split(", ")
        assert {name.lower() for name in allowed} - {"options", "head"} == set(methods), path


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("accept", ["application/json", "text/html"])
async def test_a_405_allows_what_options_allows(api: httpx2.AsyncClient, path: str, accept: str) -> None:
    allowed = (await api.options(path)).headers["allow"]
    refused = await api.request("PATCH", path, headers={"Accept": accept, "Sec-Fetch-Site": "same-origin"})

    assert (refused.status_code, refused.headers.get_list("allow")) == (405, [allowed])
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
        answer = await api.request(method, path, headers={"Accept": accept, "Sec-Fetch-Site": "same-origin"})
        assert (answer.status_code != 405) is (method in allowed.split(", ")), (method, answer.text)


async def test_the_document_is_made_beside_the_loop_and_options_needs_none(
    api: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    makers = []

    def making(*args: Any, **how: Any) -> Any:
        makers.append(threading.current_thread())
        return get_openapi(*args, **how)

    get_openapi = openapi.get_openapi
    monkeypatch.setattr(openapi, "get_openapi", making)
    assert (await api.options("/api/v1/jobs")).status_code == 204
    assert makers == []
    for _ in range(2):
        assert (await api.get("/openapi.json")).status_code == 200
    assert len(makers) == 1 and makers[0] is not threading.current_thread()
