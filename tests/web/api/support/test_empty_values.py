"""Given but empty is never "not given": each parameter and each field that the document knows, left empty."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from gopher_cli.gopher import Gopher
from gopher_cli.model.select.filter import Filter

pytestmark = pytest.mark.anyio
NO_VALUE = {"const": ""}  # of a flag: named without a value it is set
NO_IDS = "ids"  # no ids are no jobs
BULK = ("/jobs/cancel", "/jobs/retry", "/jobs/purge", "/dlq/requeue", "/queues/default/purge")


async def paths(api: httpx2.AsyncClient) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = (await api.get("/openapi.json")).json()["paths"]
    return found


def filled(path: str, id: str) -> str:
    return path.replace("{id}", id).replace("{queue}", "default")


async def test_every_parameter_that_is_given_but_empty_is_refused(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    id, seen = await gopher.submit("x"), 0
    for path, methods in (await paths(api)).items():
        for method, about in methods.items():
            for one in about.get("parameters", ()):
                is_flag = NO_VALUE in one["schema"].get("anyOf", ()) or one["name"] == "verbose"
                if one["in"] != "query" or is_flag:
                    continue
                body = {"delay": 5} if "reschedule" in path else {"type": "x"}
                for value in ("", " "):
                    query = {"batch": "b"} | {one["name"]: value}
                    known = {name["name"] for name in about["parameters"]}
                    query = {name: text for name, text in query.items() if name in known}
                    answer = await api.request(method, filled(path, id), params=query, json=body)
                    said = f"{method} {path}?{one['name']}={value}: {answer.text}"
                    assert answer.status_code == 422, said
                    assert answer.json().get("parameter") == one["name"], said
                    seen += 1
    assert seen > 60
    assert len(await gopher.jobs(Filter())) == 1


@pytest.mark.parametrize("path", BULK)
@pytest.mark.parametrize("dry", [False, True])
async def test_no_criterion_that_is_empty_widens_what_is_done_to_many_jobs(
    api: httpx2.AsyncClient, gopher: Gopher, path: str, dry: bool
) -> None:
    await gopher.submit("x")
    schemas = (await api.get("/openapi.json")).json()["components"]["schemas"]
    fields = schemas["Again" if "re" in path else "Meant"]["properties"]
    for name in fields.keys() - {NO_IDS, "all", "limit", "dry_run"}:
        for value in ("", " ", [], [""], None):
            if (name, value) == ("cursor", None):  # so the first answer may say it
                continue
            body = {"state": "failed" if "dlq" in path else "enqueued", name: value, "dry_run": dry}
            answer = await api.post(f"/api/v1{path}", json=body)
            assert answer.status_code == 422, (name, value, answer.text)
            assert answer.json()["errors"][0]["pointer"].startswith(f"#/{name}"), answer.text
    zero = await api.post(f"/api/v1{path}", json={"state": "enqueued", "older_than": 0})
    none = await api.post(f"/api/v1{path}", json={"ids": []})
    for name in (NO_IDS, "all", "limit", "dry_run"):
        answer = await api.post(f"/api/v1{path}", json={"state": "enqueued", name: None})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"#/{name}")

    assert zero.status_code == 422 and (none.status_code, none.json()["changed"]) == (200, 0)
    assert [row.state for row in await gopher.jobs(Filter())] == ["enqueued"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/keys", {"name": "k", "role": "viewer", "rate": ""}), ("/keys", {"name": "k", "role": ""}),
        ("/keys", {"name": "k", "scopes": []}), ("/keys", {"name": "k", "role": "viewer", "expires_in": ""}),
        ("/keys", {"name": ""}), ("/jobs/some/reschedule", {"execute_at": ""}),
        ("/jobs/some/reschedule", {"delay": " "}),
        *(
            ("/jobs", {"type": "x", name: ""})
            for name in (
                "queue", "priority", "execute_at", "delay", "timeout", "backoff", "id", "unique_key",
                "unique_for", "retention", "durability", "mark",
            )
        ),
    ],
)  # fmt: skip
async def test_a_field_that_is_given_but_empty_is_refused(
    api: httpx2.AsyncClient, gopher: Gopher, path: str, body: dict[str, Any]
) -> None:
    answer = await api.post(f"/api/v1{path}", json=body)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"#/{list(body)[-1]}")
    assert await gopher.jobs(Filter()) == []


@pytest.mark.parametrize(
    "path", ["/jobs/some/retry?poison", "/workers/some/stop?all", "/workers/some/quiet?all"]
)
@pytest.mark.parametrize("value", ["", "=", "=%20"])
async def test_a_flag_that_makes_a_request_do_more_needs_its_value(
    api: httpx2.AsyncClient, path: str, value: str
) -> None:
    answer = await api.post(f"/api/v1{path}{value}")

    assert (answer.status_code, answer.json()["parameter"]) == (422, path.rpartition("?")[2])


async def test_an_if_match_that_is_empty_matches_nothing(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    id = await gopher.submit("x")
    answer = await api.delete(f"/api/v1/jobs/{id}", headers={"If-Match": ""})

    assert answer.status_code == 412
    assert len(await gopher.jobs(Filter())) == 1
