"""The audit over HTTP: who did what, page by page, for administrators only."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from gopher_cli.actor import ACTOR
from gopher_cli.gopher import Gopher
from gopher_cli.model.facts import Operation
from web.keyring import key

pytestmark = pytest.mark.anyio
AUDIT = "/api/v1/audit"


async def operations(gopher: Gopher, count: int) -> None:
    ACTOR.set("ann@host")
    for n in range(count):
        await gopher.record(Operation("pause", f"q{n}", detail="for a while"))


async def test_the_newest_comes_first_with_all_that_is_known(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    await operations(gopher, 2)
    answer = await api.get(AUDIT)
    first = answer.json()["items"][0]

    assert answer.headers["cache-control"] == "no-store"
    assert first.pop("id") and first.pop("at").endswith("Z")
    assert first == {
        "actor": "ann@host", "action": "pause", "target": "q1", "changed": 1, "detail": "for a while",
    }  # fmt: skip


async def test_pages_follow_each_other_without_a_gap(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    await operations(gopher, 5)
    targets, cursor = [], ""
    while cursor is not None:
        page = (await api.get(AUDIT, params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        targets += [entry["target"] for entry in page["items"]]
        cursor = page["next_cursor"]

    assert targets == ["q4", "q3", "q2", "q1", "q0"]


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=x", "cursor=rubbish", "cursor=1-"])
async def test_a_wrong_parameter_is_a_problem(api: httpx2.AsyncClient, query: str) -> None:
    answer = await api.get(f"{AUDIT}?{query}")

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


async def test_only_an_administrator_reads_it(open_api: Any, gopher: Gopher) -> None:
    async with open_api(API_KEY="of-the-environment-and-long") as api:
        operator = await key(gopher, role="operator")
        administrator = await key(gopher, role="admin")
        answers = [await api.get(AUDIT, headers=headers) for headers in ({}, operator, administrator)]

    assert [answer.status_code for answer in answers] == [401, 403, 200]


async def test_a_deed_over_http_is_written_down_with_who_asked_for_it(open_api: Any, gopher: Gopher) -> None:
    await gopher.submit("x", {}, id="one")
    async with open_api(API_KEY="of-the-environment-and-long") as api:
        operator = await key(gopher, role="operator", name="deploy")
        done = await api.post("/api/v1/queues/default/pause", headers=operator)
    (entry, *_) = await gopher.audit_log()

    assert done.status_code == 200
    assert (entry.action, entry.target, entry.changed) == ("pause", "default", 1)
    assert entry.actor.startswith("key deploy (")
