"""What pages say of themselves: why nothing runs, and each value of a chart, also without a script."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from gopher_cli.embedded import server
from gopher_cli.gopher import Gopher
from web.conftest import Open
from web.operated import in_every_state
from web.pages import look

pytestmark = pytest.mark.anyio


async def test_a_queue_that_nobody_serves_says_so_wherever_it_waits(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    await gopher.submit("x", queue="lonely")
    assert (await look(api, "/")).text.count("no worker") == 2  # beside the oldest, and in the table
    assert (await look(api, "/queues/lonely")).text.count("no worker") == 1

    for path in ("/", "/queues/lonely"):
        await gopher.beat("w1", {"queues": ["lonely"]})
        assert "no worker" not in (await look(api, path)).text


async def test_without_the_built_in_server_a_page_says_how_to_start_it(
    open_api: Open, tmp_path: Path
) -> None:
    async with open_api(REDIS_URL="", GOPHER_HOME=str(tmp_path / "home")) as api:
        assert "gopher embedded start" not in (await look(api, "/")).text
        server.stop(tmp_path / "home")

        page = await look(api, "/", 503)

        assert "gopher embedded start" in page.text


async def test_every_value_of_a_chart_stands_in_a_table_too(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    made = await in_every_state(gopher)

    for path, steps in (("/", 15), ("/?range=1h", 60), ("/?range=6h", 72), ("/queues/default", 15)):
        page = await look(api, path)
        charts = page.all("figure", **{"class": "chart"})
        assert len(page.all("details", **{"class": "values"})) == len(charts) >= 3
        moments = [one["datetime"] for one in page.all("time") if len(one["datetime"]) == 17]
        assert len(moments) == steps * len(charts)
        assert moments[:steps] == sorted(set(moments), reverse=True), "the newest first, no step twice"

    table = page.text.split("Throughput", 1)[1].split("from completed retried failed", 1)[1].split()[:60]
    newest = table[:8]  # a minute may have ended meanwhile
    for column in (1, 2, 3):
        assert sum(map(int, newest[column::4])) == sum(map(int, table[column::4])) == 1, (made, table)
