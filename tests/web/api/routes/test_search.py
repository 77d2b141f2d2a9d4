"""Searches over HTTP: whatever is asked for, and whatever is stored, has an answer."""

from __future__ import annotations

import builders
import httpx2
import pytest

from gopher_cli.gopher import Gopher

pytestmark = pytest.mark.anyio

JOBS = "/api/v1/jobs"


@pytest.mark.parametrize("value", ["[" * 1900, "9" * 1900, "1e999999", "{" * 1900, "-", "0x1"])
async def test_a_search_for_a_value_that_is_no_number_finds_nothing(
    api: httpx2.AsyncClient, gopher: Gopher, value: str
) -> None:
    await gopher.submit("x", {"a": 1})
    answer = await api.get(JOBS, params={"q": f"payload.a:{value}"})

    assert (answer.status_code, answer.json()["items"]) == (200, [])


@pytest.mark.parametrize("q", ["payload.a:1", "payload.a.a.a:1", "ü", "payload." + "0." * 900 + "0:1"])
async def test_a_payload_that_is_nested_too_deep_is_no_error_of_the_search(
    api: httpx2.AsyncClient, gopher: Gopher, q: str
) -> None:
    deep = b"[" * 5000 + b'"\\u00fc"' + b"]" * 5000
    job = builders.job("deep")
    await gopher.submit_many(
        [builders.msgspec.structs.replace(job, spec=builders.Spec("mail", builders.msgspec.Raw(deep)))]
    )

    answer = await api.get(JOBS, params={"q": q})
    await gopher.delete("default", ["deep"])

    assert answer.status_code == 200
