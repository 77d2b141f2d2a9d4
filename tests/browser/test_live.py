"""What is called live is: whoever keeps the page from its server, and whatever the browser's clock says."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from browser.chrome import Chrome
from browser.conftest import log_in
from browser.proxy import Proxy
from browser.site import ADMIN, Site
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

SIGN_IN = "<title>proxy</title><h1>The proxy asks who you are</h1>"


@pytest.fixture
def proxy(site: Site) -> Iterator[Proxy]:
    one = Proxy(site.url)
    yield one
    one.end()


def overview(chrome: Chrome, proxy: Proxy) -> Chrome:
    """Signed in through the proxy, on a page that asks each second."""
    log_in(chrome, ADMIN, proxy.url + "/jobs")
    chrome.run("sessionStorage.clear()")
    Select(chrome.one("#live-every")).select_by_value("1")
    chrome.until(lambda: chrome.text("#live-said") == "live")
    return chrome


@pytest.mark.parametrize("status", [200, 400, 404, 418, 502, 503])
def test_a_page_that_a_proxy_answers_is_not_live(
    visitor: Chrome, site: Site, proxy: Proxy, status: int
) -> None:
    overview(visitor, proxy)
    proxy.answers = (status, SIGN_IN)
    visitor.until(lambda: visitor.run("return document.getElementById('live').dataset.is") == "away")
    assert "Redis" not in visitor.text("#live-said"), "nobody knows that here"
    id = site.submit("echo", status)
    assert visitor.all(f"#job-{id}") == []

    proxy.answers = None
    visitor.until(lambda: visitor.text("#live-said") == "live")
    visitor.until(lambda: visitor.all(f"[id='job-{id}']"), "what is live has the new job")
    visitor.driver.get_log("browser")


def test_a_page_that_a_proxy_has_kept_is_not_live(visitor: Chrome, site: Site, proxy: Proxy) -> None:
    overview(visitor, proxy)
    visitor.run(
        "fetch(location.href).then((answer) => answer.text()).then((text) => { window.kept = text; })"
    )
    visitor.until(lambda: visitor.run("return !!window.kept"))
    proxy.answers = (200, visitor.run("return window.kept"))
    visitor.until(lambda: visitor.text("#live-said") == "not live")

    proxy.answers = None
    visitor.until(lambda: visitor.text("#live-said") == "live")


@pytest.mark.parametrize(
    "answers", [(401, SIGN_IN), (403, SIGN_IN), (302, "", "/elsewhere")], ids=["401", "403", "302"]
)
def test_who_has_to_sign_in_at_a_proxy_is_led_there(
    visitor: Chrome, proxy: Proxy, answers: tuple[int, str]
) -> None:
    overview(visitor, proxy)
    proxy.answers = answers
    if answers[0] == 302:  # the browser follows it, and the proxy would lead it on for ever
        visitor.until(lambda: "/elsewhere" in visitor.driver.current_url or not visitor.all("#live"))
    else:
        visitor.shows("The proxy asks who you are")
    visitor.open("about:blank")
    visitor.driver.get_log("browser")


def test_who_is_refused_again_is_not_led_in_circles(visitor: Chrome, proxy: Proxy) -> None:
    """A proxy that refuses scripts alone: a page loads, and its updates do not."""
    overview(visitor, proxy)
    visitor.run("sessionStorage.setItem('gopher-came-again', Date.now())")
    proxy.answers = (403, SIGN_IN)
    visitor.until(lambda: visitor.text("#live-said") == "not live")
    visitor.run("window.still = true")
    proxy.answers = None
    visitor.until(lambda: visitor.text("#live-said") == "live")
    assert visitor.run("return window.still"), "it was not loaded again"
    visitor.driver.get_log("browser")


def _opens_the_minute_before_the_last(admin: Chrome) -> bool:
    """By keys. On a busy machine the first may be pressed before the page hears of them: again, then."""
    admin.open("/")
    admin.run("document.querySelector('#chart-throughput .paper').focus()")
    admin.press(Keys.LEFT, Keys.LEFT, Keys.ENTER)
    admin.until(lambda: admin.path != "/")
    return "older" in admin.path


@pytest.mark.parametrize("wrong", [-600, 600])
def test_times_go_by_the_clock_of_the_server(admin: Chrome, site: Site, wrong: int) -> None:
    id = site.submit("echo", 1, "--in", "30m")
    script = f"const real = Date.now; Date.now = () => real() + {wrong * 1000};"
    there = admin.command("Page.addScriptToEvaluateOnNewDocument", source=script)["identifier"]
    try:
        admin.open("/scheduled")
        row = f"[id='job-{id}'] time"
        before = admin.text(row)
        Select(admin.one("#live-every")).select_by_value("1")
        admin.until(lambda: admin.text(row) != before, "it counts on")
        due = re.search(r"in (\d+)m", admin.text(row))
        assert due and 25 <= int(due[1]) < 30, admin.text(row)

        admin.until(lambda: _opens_the_minute_before_the_last(admin))
        older = re.search(r"older%3A(\d+)s", admin.path)
        assert older and int(older[1]) < 180, admin.path
    finally:
        admin.command("Page.removeScriptToEvaluateOnNewDocument", identifier=there)


def test_a_section_that_comes_later_is_shown_without_a_reload(admin: Chrome, site: Site) -> None:
    id = site.submit("boom", {"say": "it broke while you looked"}, "--in", "1h", "--retries", "0")
    admin.open(f"/jobs/{id}")
    admin.run("window.still = true")
    site.gopher("reschedule", id, "--in", "0s")
    admin.shows("What went wrong", "it broke while you looked")
    assert admin.run("return window.still")
