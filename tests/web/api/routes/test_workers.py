"""Orders to workers over HTTP and from the page: quiet, resume, stop."""

from __future__ import annotations

import httpx2
import msgspec
import pytest

from gopher_cli.gopher import Gopher
from gopher_cli.store import calls
from gopher_cli.store.asks import ask
from gopher_cli.store.keyspace import fleet_of
from web.conftest import Open
from web.pages import look, send

pytestmark = pytest.mark.anyio


async def lives(gopher: Gopher, id: str, pid: int, state: str = "running", name: str = "mail") -> str:
    """A worker beats, and is not soon taken for dead; what it is told."""
    about = {"host": "web-3", "pid": pid, "state": state, "queues": ["default"], "name": name}
    later = await gopher.store.ask(ask.time_ms()) + 600_000
    call = calls.beat(fleet_of(gopher.namespace), id, msgspec.json.encode(about), now=str(later))
    return await gopher.store.run(call)


async def test_a_worker_is_told_over_http(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    await lives(gopher, "w1", 1)
    await lives(gopher, "w2", 2)

    answer = await api.post("/api/v1/workers/web-3:1/quiet")
    assert answer.status_code == 200
    assert answer.json() == {
        "items": [{"id": "w1", "worker": "mail", "order": "quiet", "state": "running", "changed": True}]
    }
    assert (await lives(gopher, "w1", 1)).endswith(" quiet")
    several = await api.post("/api/v1/workers/mail/stop")
    assert several.status_code == 409
    assert "web-3:1, web-3:2" in several.json()["detail"]
    assert len((await api.post("/api/v1/workers/mail/stop?all=true")).json()["items"]) == 2
    missing = await api.post("/api/v1/workers/nobody/resume")
    assert (missing.status_code, missing.json()["hint"]) == (404, "list them with: GET /api/v1/workers")
    assert (await api.post("/api/v1/workers/mail/halt")).status_code == 404
    assert (await api.post("/api/v1/workers/mail/stop?every=1")).status_code == 422


async def test_who_may_only_look_gives_no_orders(open_api: Open, gopher: Gopher) -> None:
    await lives(gopher, "w1", 1)
    viewer = (await gopher.create_key("eve", scopes=["read"])).secret
    async with open_api(API_KEY="k" * 32) as api:
        refused = await api.post("/api/v1/workers/w1/stop", headers={"X-API-KEY": viewer})
        assert refused.status_code == 403
        page = await api.get("/workers", headers={"X-API-KEY": viewer})
        assert "/workers/w1/stop" not in page.text


async def test_the_page_has_a_button_for_each_order(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    await lives(gopher, "w1", 1)
    await lives(gopher, "w2", 2, "quiet", name="")
    page = await look(api, "/workers")

    assert page.all("form", action="/workers/w1/quiet") and page.all("form", action="/workers/w2/resume")
    assert not page.all("form", action="/workers/w1/resume")
    assert "Let mail finish its jobs and end?" in page.text
    answer = await send(api, "/workers/w1/stop", **page.fields("/workers/w1/stop"))
    assert answer.status_code == 303
    assert "mail is told to stop." in (await look(api, answer.headers["location"])).text
    assert (await lives(gopher, "w1", 1, "stopping")).endswith(" stop")
    assert not (await look(api, "/workers")).all("form", action="/workers/w1/stop")
