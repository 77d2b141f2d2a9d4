"""Below a path of another host: a proxy may pass the prefix on, or take it away."""

from __future__ import annotations

import httpx2
import pytest

from gopher_cli.web.app import whole_path
from web.conftest import Open
from web.pages import Page

pytestmark = pytest.mark.anyio

PREFIX = "/ops/gopher"


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("/ops/gopher", "/"),
        ("/ops/gopher/", "/"),
        ("/", "/"),
        ("/ops/gopher/jobs", "/jobs"),
        ("/ops/gopher/jobs/", "/jobs"),
        ("/jobs", "/jobs"),
        ("/jobs/", "/jobs"),
        ("/ops/gopherhole", "/ops/gopherhole"),
        ("/ops/gopher//", "/"),
    ],
)
def test_a_path_means_the_same_with_its_prefix_and_without(asked: str, meant: str) -> None:
    assert whole_path(asked, PREFIX) == PREFIX + meant


def test_without_a_prefix_only_the_slash_at_the_end_goes() -> None:
    assert [whole_path(path, "") for path in ("/", "/jobs/", "/jobs", "//")] == ["/", "/jobs", "/jobs", "/"]


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "taken-away"])
async def test_below_a_prefix_every_address_is_there(open_api: Open, kept: bool) -> None:
    before = PREFIX if kept else ""
    async with open_api(SERVER_ROOT_PATH=PREFIX) as api:
        overview = [await page(api, before + end) for end in (("", "/") if kept else ("/",))]
        assert all("Overview" in one.text and one.all("a", href=f"{PREFIX}/jobs") for one in overview)
        for path in ("/jobs", "/queues/", "/api/v1/stats", "/livez", "/openapi.json"):
            assert (await api.get(before + path)).status_code == 200, path
        made = await api.post(f"{before}/api/v1/jobs", json={"type": "x"})
        wrong = await api.post(f"{before}/api/v1/jobs", json={})
        counted = (await api.get(f"{before}/metrics")).text
        nowhere = await api.get(f"{before}/nowhere")
        allowed = await api.options(f"{before}/api/v1/jobs")

    assert made.status_code == 201 and wrong.json()["instance"] == f"{PREFIX}/api/v1/jobs"
    (line,) = [one for one in counted.splitlines() if 'method="POST"' in one and '"201"' in one]
    assert 'route="/api/v1/jobs"' in line
    assert nowhere.status_code == 404 and nowhere.json()["instance"] == f"{PREFIX}/nowhere"
    assert (allowed.status_code, allowed.headers["allow"]) == (204, "OPTIONS, GET, HEAD, POST")


async def page(api: httpx2.AsyncClient, path: str) -> Page:
    answer = await api.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == 200, (path, answer.text)
    return Page(answer.text)
