"""Pages of other sites, in the browser of somebody who is signed in here: they can do nothing with it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from browser.chrome import Chrome
from browser.conftest import log_in
from browser.site import ADMIN, Site

_PAGE = """<!doctype html><title>evil</title><h1>evil</h1>
<iframe name=inside srcdoc="<p>empty</p>"></iframe><iframe name=framed src="{url}/"></iframe>
<form id=f method=post action="{url}{path}" target=inside>{inputs}</form>
<script>
window.told = [];
document.getElementById("f").submit();
const tell = (one) => (answer) => told.push(one + " " + (answer.status ?? answer));
const body = JSON.stringify({{type: "echo", id: "from-evil"}});
const common = {{method: "POST", credentials: "include", body}};
const submit = (more, one) => fetch("{url}/api/v1/jobs", {{...common, ...more}}).then(tell(one), tell(one));
for (const type of ["text/plain", "application/json", "application/x-www-form-urlencoded"])
    submit({{headers: {{"Content-Type": type}}}}, type);
submit({{mode: "no-cors"}}, "no-cors");
fetch("{url}/api/v1/stats", {{credentials: "include"}}).then(tell("read"), tell("read"));
navigator.sendBeacon("{url}/queues/default/pause", new URLSearchParams({{}}));
</script>"""


@contextmanager
def foreign(url: str, path: str, **words: str) -> Iterator[int]:
    """The port of a page that posts this form to us as soon as it is opened, and tries more."""
    inputs = "".join(f'<input name="{name}" value="{value}">' for name, value in words.items())
    page = _PAGE.format(url=url, path=path, inputs=inputs).encode()

    class Evil(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Evil)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_page_of_another_site_can_neither_act_nor_read(admin: Chrome, site: Site, host: str) -> None:
    """From another port of this machine, which browsers count as the same site: even cookies go along."""
    id = site.submit("echo", 1, "--in", "1h")
    forms = [
        ("/queues/default/pause", {}), (f"/jobs/{id}/cancel", {}), (f"/jobs/{id}/purge", {}), ("/logout", {}),
        ("/bulk", {"action": "purge", "q": "state:scheduled", "all": "1"}),
        ("/submit", {"type": "echo", "json": "666"}),
    ]  # fmt: skip
    before = state_of(site)
    for path, words in forms:
        with foreign(site.url, path, **words) as port:
            admin.open(f"http://{host}:{port}/")
            told = admin.until(lambda: len(admin.run("return told")) == 5 and admin.run("return told"))
            assert not [one for one in told if one.split()[-1].startswith("2")], told
            admin.driver.switch_to.frame("framed")
            assert "gopher" not in admin.text(), "no page of ours stands in a frame"
            admin.driver.switch_to.default_content()
            admin.driver.switch_to.frame("inside")
            refused = admin.until(lambda: "evil" not in admin.text() and admin.text())
            assert "empty" not in str(refused)
            admin.driver.switch_to.default_content()
        admin.driver.get_log("browser")
        admin.open("about:blank")
    assert state_of(site) == before and site.state(id) == "scheduled"
    admin.open("/queues")
    assert admin.path == "/queues", "still signed in"


def state_of(site: Site) -> tuple[int, bool]:
    stats = json.loads(site.gopher("stats", "-o", "json"))
    queues = json.loads(site.gopher("queue", "ls", "-o", "json"))
    return stats["total"], any(queue["paused"] for queue in queues)


def test_under_a_name_of_its_own_and_without_tls_people_can_work(site: Site, tmp_path: Path) -> None:
    """There browsers say less about where a form came from: no Sec-Fetch-Site, and perhaps no Origin."""
    port = site.url.rpartition(":")[2]
    chrome = Chrome(
        tmp_path, f"http://queue.example:{port}", "--host-resolver-rules=MAP queue.example 127.0.0.1"
    )
    try:
        log_in(chrome, ADMIN)
        id = site.submit("echo", 1, "--in", "1h")
        chrome.open(f"/jobs/{id}")
        chrome.button("Run now").click()
        chrome.shows("completed")
        chrome.clean()
    finally:
        chrome.end()


def test_where_nobody_is_asked_for_a_key_other_sites_can_do_nothing_either(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    site = Site(tmp_path / "site", key="")
    chrome = Chrome(tmp_path / "profile", site.url)
    try:
        site.submit("echo", 1)
        before = state_of(site)
        for host in ("127.0.0.1", "localhost"):
            with foreign(site.url, "/queues/default/pause") as port:
                chrome.open(f"http://{host}:{port}/")
                told = chrome.until(lambda: len(chrome.run("return told")) == 5 and chrome.run("return told"))
                assert not [one for one in told if one.split()[-1].startswith("2")], told
        assert state_of(site) == before
        chrome.open("/queues/default")
        chrome.button("Pause").click()  # ours may
        chrome.shows("Resume")
    finally:
        chrome.end()
        site.end()
