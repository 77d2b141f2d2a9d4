"""Where nothing runs the pages say why: nobody serves the queue, or the built-in server is gone."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest
from web.conftest import Open
from web.pages import look

from gopher_cli import embedded
from gopher_cli.gopher import Gopher

pytestmark = pytest.mark.anyio


async def test_a_queue_that_nobody_serves_says_so_wherever_it_waits(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    await gopher.submit("x", queue="lonely")
    assert (await look(api, "/")).text.count("no worker") == 2  # beside the oldest, and in the table
    assert (await look(api, "/queues/lonely")).text.count("no worker") == 1

    await gopher.beat("w1", {"queues": ["lonely"]})

    for path in ("/", "/queues/lonely"):
        assert "no worker" not in (await look(api, path)).text


async def test_without_the_built_in_server_a_page_says_how_to_start_it(
    open_api: Open, tmp_path: Path
) -> None:
    async with open_api(REDIS_URL="", GOPHER_HOME=str(tmp_path / "home")) as api:
        assert "gopher embedded start" not in (await look(api, "/")).text
        embedded.stop(tmp_path / "home")

        page = await look(api, "/", 503)

        assert "gopher embedded start" in page.text
