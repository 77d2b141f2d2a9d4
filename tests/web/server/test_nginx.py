"""Through a real nginx, as docs/proxies.md says: sign in, act, stream events, follow a log.

It needs nginx (Debian: apt-get install nginx), and says so where there is none.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import builders
import httpx2
import pytest
from faults.serving import Served
from worker.processes import PATIENCE, TESTS

from gopher_cli.gopher import Gopher
from gopher_cli.store.calls import Report
from web.operated import end, take
from web.pages import FORM, Page

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(
        not shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin"),
        reason="nginx is not installed here, so nothing was proved behind it: apt-get install nginx",
    ),
]
KEY = "a-key-of-the-environment"
BLOCKS = re.findall(r"```nginx\n(.*?)```", (TESTS.parent / "docs/proxies.md").read_text(), re.DOTALL)
NAMES = ("a-name-of-its-own", "prefix-kept", "prefix-taken-away", "name-beside-host")
_CONF = """
daemon off; master_process off; pid {home}/pid; error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {home}/body; proxy_temp_path {home}/proxy; fastcgi_temp_path {home}/f;
    uwsgi_temp_path {home}/u; scgi_temp_path {home}/s;
    {block}
}}
"""


@pytest.fixture
def proxied(
    request: pytest.FixtureRequest, redis_url: str, namespace: str, tmp_path: Path
) -> Iterator[SimpleNamespace]:
    """nginx with the block of this name, and a server behind it: how a browser calls it, and its prefix."""
    block = _block(request.param)
    prefix = "/gopher" if "/gopher" in block else ""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    server = Served(
        kept | {
            "REDIS_URL": redis_url, "GOPHER_NAMESPACE": namespace, "HOME": str(tmp_path), "API_KEY": KEY,
            "PYTHONPATH": f"{TESTS}:{TESTS.parent}", "SERVER_ROOT_PATH": prefix,
            "TRUSTED_PROXIES": "127.0.0.1",
        },
        program="web.patient",
    )  # fmt: skip
    port = _free_port()
    block = block.replace("listen 80;", f"listen 127.0.0.1:{port};")
    block = block.replace("127.0.0.1:8080", f"127.0.0.1:{server.port}")
    (tmp_path / "nginx.conf").write_text(_CONF.format(home=tmp_path, block=block))
    nginx = subprocess.Popen(
        [_nginx(), "-p", str(tmp_path), "-c", "nginx.conf", "-e", "stderr"], stdin=subprocess.DEVNULL
    )
    yield SimpleNamespace(port=port, inner=server.port, prefix=prefix, host=f"queue.test:{port}")
    nginx.terminate()
    nginx.wait()
    server.kill()


def _block(name: str) -> str:
    if name == "defaults":  # what nginx makes of a line that says no more than where the server is
        return re.sub(r" *proxy_set_header .*\n", "", BLOCKS[NAMES.index("prefix-taken-away")])
    return BLOCKS[NAMES.index(name)]


def _nginx() -> str:
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or ""


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Browser:
    """Calls nginx by its name, keeps cookies by their path, and says where a form is from."""

    def __init__(self, there: SimpleNamespace) -> None:
        self.prefix = there.prefix
        retries = httpx2.AsyncHTTPTransport(retries=8)  # nginx may need a moment to listen
        self.client = httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{there.port}", transport=retries, timeout=PATIENCE,
            headers={"Host": there.host, "Accept": "text/html", "Origin": f"http://{there.host}"},
        )  # fmt: skip

    async def look(self, path: str) -> Page:
        answer = await self.client.get(self.prefix + path)
        assert answer.status_code == 200, (path, answer.status_code, answer.headers.get("location"))
        return Page(answer.text)

    async def send(self, path: str, **fields: str) -> httpx2.Response:
        return await self.client.post(self.prefix + path, data=fields, headers=FORM)


def test_each_block_of_the_page_is_tried() -> None:
    assert len(BLOCKS) == len(NAMES)


@pytest.mark.parametrize("proxied", NAMES, indirect=True)
async def test_through_nginx_everything_works(proxied: SimpleNamespace, gopher: Gopher) -> None:
    await _people_sign_in_act_and_sign_out(proxied, gopher)
    await _programs_submit_hear_events_and_follow_a_log(proxied, gopher)


async def _people_sign_in_act_and_sign_out(proxied: SimpleNamespace, gopher: Gopher) -> None:
    await gopher.submit("x", queue="mail")
    browser, prefix = Browser(proxied), proxied.prefix

    sent = await browser.client.get(f"{prefix}/jobs?q=state:enqueued")
    assert sent.headers["location"] == f"{prefix}/login?next=%2Fjobs%3Fq%3Dstate%3Aenqueued"
    page = await browser.look("/login")
    sheet = page.all("link", rel="stylesheet")[0]["href"]
    assert (await browser.client.get(sheet)).status_code == 200

    came = await browser.send("/login", key=KEY, next="/jobs")
    assert (came.status_code, came.headers["location"]) == (303, f"{prefix}/jobs"), came.text
    assert f"Path={prefix or '/'};" in came.headers["set-cookie"]
    assert "Overview" in (await browser.look("/")).text

    action = f"{prefix}/queues/mail/pause"
    form = (await browser.look("/queues/mail")).fields(action)
    assert (await browser.client.post(action, data=form, headers=FORM)).status_code == 303
    assert (await gopher.stats(["mail"])).queues[0].paused

    out = await browser.send("/logout", **(await browser.look("/")).fields(f"{prefix}/logout"))
    assert out.status_code == 303 and "Max-Age=0" in out.headers["set-cookie"]
    assert (await browser.client.get(f"{prefix}/jobs")).status_code == 303


async def _programs_submit_hear_events_and_follow_a_log(proxied: SimpleNamespace, gopher: Gopher) -> None:
    browser, prefix = Browser(proxied), proxied.prefix
    client = browser.client
    client.headers.update({"X-API-KEY": KEY, "Accept": "*/*"})
    with anyio.fail_after(PATIENCE):
        async with client.stream("GET", f"{prefix}/api/v1/events") as events:
            lines = events.aiter_lines()
            await _until(lines, ": watching")
            made = await client.post(f"{prefix}/api/v1/jobs", json={"type": "x", "id": "through-nginx"})
            assert made.status_code == 201, made.text
            await _until(lines, "through-nginx")

        (lease,) = await take(gopher)
        await gopher.report([Report(lease, b"", "first")])
        async with client.stream("GET", f"{prefix}/api/v1/jobs/through-nginx/log?follow") as log:
            lines = log.aiter_lines()
            await _until(lines, "first")  # at once, not when the answer is whole
            await gopher.report([Report(lease, b"", "second")])
            await _until(lines, "second")
            await end(gopher, [lease], builders.success())
            assert not [line async for line in lines if line.strip()], "it ends with its job"
    large = await client.post(f"{prefix}/api/v1/jobs", json={"type": "x", "payload": "x" * 1_000_000})
    assert large.status_code == 201, large.text
    await client.aclose()


async def _until(lines: Any, words: str) -> None:
    async for line in lines:
        if words in line:
            return
    raise AssertionError(f"{words!r} did not come")


@pytest.mark.parametrize("proxied", ["defaults"], indirect=True)
async def test_through_the_defaults_of_nginx_one_is_told_what_to_set(proxied: SimpleNamespace) -> None:
    """It calls the server by the address of proxy_pass, and nobody could sign in."""
    refused = await Browser(proxied).send("/login", key=KEY)

    assert refused.status_code == 403 and refused.headers["content-type"].startswith("text/html")
    text = Page(refused.text).text
    assert f"http://{proxied.host}" in text and f"127.0.0.1:{proxied.inner}" in text
    assert "proxy_set_header Host $http_host" in text
