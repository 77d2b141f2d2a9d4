"""People who may only look, browsers that run no scripts, and times when Redis is away."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.chrome import Chrome
from browser.conftest import log_in
from browser.site import ADMIN, Site
from selenium.webdriver.support.ui import Select

PAGES = ("/", "/queues", "/queues/default", "/jobs", "/dlq", "/scheduled", "/workers", "/server")


def test_a_viewer_sees_no_actions_and_can_do_none(visitor: Chrome, site: Site, viewer_key: str) -> None:
    id = site.submit("echo", 1, "--in", "1h")
    log_in(visitor, viewer_key)
    for path in (*PAGES, f"/jobs/{id}"):
        visitor.open(path)
        assert not visitor.all(".actions form, .bulk-actions button, .actions a.button.danger"), path
        forms = [one.get_attribute("action") for one in visitor.all("form[method=post]")]
        assert all("/logout" in action for action in forms), (path, forms)
    for path in ("/audit", "/keys", "/bulk?action=cancel&q=state:scheduled&all=1"):
        visitor.open(path)
        visitor.shows("Not allowed")
    token = visitor.run("return document.querySelector('[name=csrf_token]').value")
    for path, words in (
        (f"/jobs/{id}/cancel", {}),
        ("/queues/default/pause", {}),
        ("/bulk", {"action": "cancel", "q": "state:scheduled", "all": "1"}),
        ("/submit", {"type": "echo", "json": "1"}),
    ):
        assert posted(visitor, path, words | {"csrf_token": token}) == 403, path
    assert site.state(id) == "scheduled"


def posted(chrome: Chrome, path: str, words: dict[str, str]) -> int:
    """The status of a form that the page sends from its own origin, with its own token."""
    return int(chrome.driver.execute_async_script(
        "const [path, words, done] = arguments;"
        "fetch(path, {method: 'POST', body: new URLSearchParams(words), redirect: 'manual'})"
        ".then((answer) => done(answer.status || -1))", path, words))  # fmt: skip


@pytest.fixture
def plain(site: Site, tmp_path: Path) -> Iterator[Chrome]:
    one = Chrome(tmp_path, site.url, scripts=False)
    yield one
    one.end()


def test_without_javascript_everything_can_be_read_and_done(plain: Chrome, site: Site) -> None:
    id = site.submit("echo", {"word": "plainly"}, "--in", "1h")
    log_in(plain, ADMIN)
    for path in (*PAGES, "/audit", "/keys", "/submit"):
        plain.open(path)
        assert plain.driver.find_element("css selector", "main").text.strip(), path
    plain.open("/?range=1h")
    plain.driver.find_element("css selector", "#chart-throughput summary").click()
    table = plain.driver.find_element("css selector", "#chart-throughput table")
    assert "completed" in table.text and len(table.text.splitlines()) == 61, "every value of a chart"
    plain.open(f"/jobs/{id}")
    assert "plainly" in plain.driver.find_element("css selector", "main").text
    plain.push("Run now")
    plain.until(lambda: site.state(id) == "completed")


def asked(chrome: Chrome) -> int:
    """How often the page has asked its server for news."""
    kinds = chrome.run("return performance.getEntriesByType('resource').map((one) => one.initiatorType)")
    return list(kinds).count("fetch")


_HIDE = """
    const state = arguments[0] ? "hidden" : "visible";
    for (const [name, value] of [["hidden", arguments[0]], ["visibilityState", state]])
        Object.defineProperty(document, name, {value, configurable: true});
    document.dispatchEvent(new Event("visibilitychange"));
"""


def test_a_hidden_tab_asks_for_nothing(admin: Chrome, site: Site) -> None:
    admin.open("/")
    Select(admin.one("#live-every")).select_by_value("1")
    admin.until(lambda: asked(admin) >= 1, "a page in sight asks")
    admin.run(_HIDE, True)
    admin.until(lambda: "paused" in admin.text("#live-said"))
    before = asked(admin)
    time.sleep(2.5)  # two steps of the updates that must not happen
    assert asked(admin) == before
    admin.run(_HIDE, False)
    admin.until(lambda: asked(admin) > before, "in sight again, it asks again")


def test_while_redis_is_away_the_page_says_so_and_recovers_by_itself(admin: Chrome, site: Site) -> None:
    admin.open("/")
    admin.until(lambda: "live" in admin.text("#live"))
    site.redis(signal.SIGSTOP)
    try:
        admin.until(lambda: "away" in admin.text("#live").lower(), "the page says that Redis is away")
        admin.open("/jobs")
        admin.shows("Redis is away")
    finally:
        site.redis(signal.SIGCONT)
    admin.until(lambda: admin.all("#search"), "the page comes back by itself")
