"""Below a prefix every address that the API tells leads to itself, through both kinds of proxy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from web.conftest import Open

pytestmark = pytest.mark.anyio
ROOT = "/ops/gopher"


def addresses(value: Any) -> Iterator[str]:
    """Of all links in an answer."""
    if isinstance(value, dict):
        yield from value.get("links", {}).values()
        for inner in value.values():
            yield from addresses(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from addresses(inner)


@pytest.mark.parametrize("before", [ROOT, ""])
async def test_what_the_api_links_to_is_there(open_api: Open, before: str) -> None:
    """``before`` is what the proxy passes on of the prefix; a client asks for the whole address."""
    async with open_api(SERVER_ROOT_PATH=ROOT) as api:
        at = f"{before}/api/v1"
        made = await api.post(f"{at}/jobs", json={"type": "x"}, headers={"Idempotency-Key": "k"})
        again = await api.post(f"{at}/jobs", json={"type": "x"}, headers={"Idempotency-Key": "k"})
        id = made.json()["job_id"]
        await api.post(f"{at}/jobs", json={"type": "x"})
        old = await api.post(f"{before}/job", json={"type": "x"})
        answers = [
            made, again, await api.get(f"{at}/jobs/{id}"), await api.get(f"{at}/jobs"),
            await api.get(f"{at}/find", params={"id": id}), await api.post(f"{at}/jobs/{id}/cancel"),
            await api.get(at), await api.post(f"{at}/jobs/{id}/retry"),
        ]  # fmt: skip
        found = [address for answer in answers for address in addresses(answer.json())]
        found += [made.headers["location"], again.headers["location"], old.headers["location"]]
        found += [(await api.get(at)).json()["openapi"]]
        page = await api.get(f"{at}/jobs?limit=1")
        found += [one.headers["link"].partition(">")[0].strip("<") for one in (page, old)]
        assert len(found) > 18
        for address in found:
            assert address.startswith(f"{ROOT}/"), address
            if address.endswith("/events"):
                continue
            for asked in (address, address.removeprefix(ROOT)):
                assert (await api.get(asked)).status_code == 200, address
        wrong = (await api.post(f"{at}/jobs", json={"type": ""})).json()
        assert wrong["instance"] == f"{ROOT}/api/v1/jobs"
        document = (await api.get(f"{before}/openapi.json")).json()
        assert document["servers"] == [{"url": ROOT}]


async def test_without_a_prefix_nothing_stands_before_an_address(api: httpx2.AsyncClient) -> None:
    made = await api.post("/api/v1/jobs", json={"type": "x"})

    assert made.headers["location"] == made.json()["links"]["self"] == f"/api/v1/jobs/{made.json()['job_id']}"
    assert "servers" not in (await api.get("/openapi.json")).json()
