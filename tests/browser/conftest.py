"""One site, one browser: each test begins as a visitor who is logged in, or not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.chrome import Chrome
from browser.site import ADMIN, Site


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    one = Site(tmp_path_factory.mktemp("site"))
    yield one
    one.end()


@pytest.fixture(scope="session")
def browser(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    one = Chrome(tmp_path_factory.mktemp("profile"), site.url)
    yield one
    one.end()


@pytest.fixture
def visitor(browser: Chrome) -> Iterator[Chrome]:
    """Nobody that the site knows. In the end nothing may have come alive."""
    browser.open("about:blank")
    browser.forget()
    browser.driver.get_log("browser")
    browser.dress("light", 1280, 900)
    yield browser
    if "://" in browser.driver.current_url:
        browser.clean()


def log_in(chrome: Chrome, key: str, path: str = "/") -> Chrome:
    """As a person does: the page asks for a key, and leads on to where they wanted to go."""
    chrome.open(path)
    field = chrome.one("input[type=password]")
    field.clear()
    field.send_keys(key)
    field.submit()
    chrome.until(lambda: "/login" not in chrome.path, chrome.text()[:300])
    return chrome


@pytest.fixture
def admin(visitor: Chrome) -> Chrome:
    return log_in(visitor, ADMIN)


@pytest.fixture(scope="session")
def viewer_key(site: Site) -> str:
    return site.key("viewer-of-tests", "viewer")


@pytest.fixture
def pictures() -> Path:
    """Where screenshots are kept: build artefacts, never committed."""
    folder = Path(__file__).parent.parent.parent / "build" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
