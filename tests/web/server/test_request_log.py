"""The log of requests: a line each, as long as somebody could read them."""

from __future__ import annotations

import asyncio
import logging

import pytest

from gopher_cli.web.server import request_log
from gopher_cli.web.server.request_log import without_keys
from web.conftest import Open
from web.keyring import Clock

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def logged(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "gopher.web")
    monkeypatch.setattr(request_log, "time", Clock().module())  # all is told within one second
    return caplog


def fields(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    return [record.fields for record in caplog.records if hasattr(record, "fields")]


async def test_a_request_is_a_line_with_its_time_its_client_and_its_id(
    open_api: Open, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_api() as api:
        await api.get("/api/v1/jobs?limit=3", headers={"X-Request-ID": "mine"})

    (said,) = fields(caplog)
    assert (said["method"], said["path"], said["status"]) == ("GET", "/api/v1/jobs?limit=3", 200)
    assert said["request_id"] == "mine" and said["client"] == "127.0.0.1:123" and float(str(said["ms"])) > 0


async def test_of_too_many_requests_each_is_counted_in_a_line_about_its_like(
    open_api: Open, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever adds the lines up has every request, and none twice."""
    async with open_api() as api:
        for _ in range(5):
            await asyncio.gather(*(api.get("/livez") for _ in range(60)))
            await asyncio.gather(*(api.get(f"/nowhere/{n}") for n in range(20)))
        api.app.state.services.request_log.tell_the_rest()  # type: ignore[attr-defined]

    told: dict[object, int] = {}
    for one in fields(caplog):
        told[one["status"]] = told.get(one["status"], 0) + int(str(one.get("count", 1)))
    assert told == {200: 300, 404: 100}
    gathered = [one for one in fields(caplog) if "count" in one]
    assert {(one["method"], one["route"]) for one in gathered} <= {("GET", "/livez"), ("GET", "(none)")}


async def test_methods_that_somebody_makes_up_are_no_kinds_of_their_own(
    open_api: Open, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_api() as api:
        for n in range(150):
            await api.request(f"MADE{n}", "/livez")
        api.app.state.services.request_log.tell_the_rest()  # type: ignore[attr-defined]

    gathered = [one for one in fields(caplog) if "count" in one]
    assert len(gathered) <= 2 and {one["method"] for one in gathered} == {"other"}


async def test_a_key_in_an_address_is_not_written_down(
    open_api: Open, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_api() as api:
        await api.get("/api/v1/jobs?api_key=gk_0a_secret&token=hush")

    assert "secret" not in caplog.text and "hush" not in caplog.text and "api_key=***" in caplog.text
    assert without_keys("/x/gk_12ab_abcdef") == "/x/gk_12ab_***"
