"""A Chromium that tells what it saw: scripts that ran, policies that were broken, errors of ours."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from browser.programs import BROWSER, DRIVER, found
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

T = TypeVar("T")
PATIENCE = 60.0  # seconds; it only bounds what would never come
# As root there is no sandbox; nothing of it may go out into the network by itself.
_FLAGS = """
    --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --disable-quic --disable-sync
    --disable-background-networking --disable-component-update --no-first-run --no-default-browser-check
    --disable-extensions --disable-default-apps --disable-search-engine-choice-screen --hide-scrollbars
    --disable-features=Translate,OptimizationHints,MediaRouter,PrivacySandboxSettings4 --mute-audio
"""
# Runs before anything of a page does. A payload that comes alive calls one of the three.
_WITNESS = """
window.__ran = []; window.__broken = [];
for (const name of ["alert", "confirm", "prompt"])
    window[name] = (said) => { __ran.push(name + " " + said); };
document.addEventListener("securitypolicyviolation", (event) =>
    __broken.push([event.violatedDirective, event.blockedURI, event.sample, event.lineNumber].join(" ")));
"""
# A status, which tests look at themselves; and what has no meaning without TLS.
_NO_MATTER = ("Failed to load resource", "Cross-Origin-Opener-Policy")


class Chrome:
    """``open()`` and the rest speak of pages as people do; ``clean()`` tells that no payload came alive."""

    def __init__(self, profile: Path, base: str, *flags: str, scripts: bool = True) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = found(BROWSER) or ""
        for flag in (*_FLAGS.split(), *flags, f"--user-data-dir={profile}", "--window-size=1280,900"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        if not scripts:
            kinds = {"profile.managed_default_content_settings.javascript": 2}
            options.add_experimental_option("prefs", kinds)
        self.base, self.driver = base, webdriver.Chrome(options, Service(found(DRIVER)))
        self.driver.set_page_load_timeout(PATIENCE)
        if scripts:
            self.command("Page.addScriptToEvaluateOnNewDocument", source=_WITNESS)

    def command(self, name: str, **more: Any) -> Any:
        """One of the DevTools protocol."""
        return self.driver.execute_cdp_cmd(name, more)

    def open(self, path: str) -> None:
        self.driver.get(self.base + path if path.startswith("/") else path)

    def reload(self) -> None:
        self.driver.refresh()

    @property
    def path(self) -> str:
        return self.driver.current_url.removeprefix(self.base)

    def text(self, css: str = "body") -> str:
        return str(self.run("return document.querySelector(arguments[0])?.innerText ?? ''", css))

    def run(self, script: str, *words: Any) -> Any:
        """The witness's own script: it answers what it returns."""
        return self.driver.execute_script(script, *words)

    def all(self, css: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def one(self, css: str) -> WebElement:
        """The first visible element, as soon as there is one."""
        return self.until(
            lambda: next((one for one in self.all(css) if one.is_displayed()), None), f"no {css}"
        )

    def button(self, name: str, within: str = "body") -> WebElement:
        """The visible button or link with this name, however it is written."""

        def look() -> WebElement | None:
            for one in self.all(f"{within} :is(button, a, input[type=submit], summary)"):
                said = (one.text or one.get_attribute("value") or one.accessible_name or "").strip()
                if one.is_displayed() and name.lower() in (said.lower(), one.accessible_name.lower()):
                    return one
            return None

        return self.until(look, f"no button {name!r} in {within}: {self.text()[:600]}")

    def push(self, name: str, within: str = "body") -> None:
        """Press that button; once more where a live update has replaced it under the finger."""

        def press() -> bool:
            self.button(name, within).click()
            return True

        self.until(press)

    def labelled(self, label: str) -> WebElement:
        """The field with this accessible name."""

        def look() -> WebElement | None:
            for one in self.all("input:not([type=hidden]), select, textarea"):
                if one.is_displayed() and label.lower() in one.accessible_name.lower():
                    return one
            return None

        return self.until(look, f"no field {label!r} on {self.path}")

    def until(self, look: Callable[[], T | None], said: str = "it has not come true") -> T:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                if answer := look():
                    return answer
            except StaleElementReferenceException:
                pass  # a live update has replaced it
            assert time.monotonic() < end, f"{said} ({self.path}): {self.text()[:800]}"
            time.sleep(0.05)

    def press(self, *keys: str) -> None:
        """On the keyboard: what has the focus gets them."""
        for key in keys:
            ActionChains(self.driver).send_keys(key).perform()

    def shows(self, *texts: str) -> None:
        """Wait until the page shows all of these."""
        for text in texts:
            self.until(lambda text=text: text in self.text(), f"{text!r} is not shown: {self.text()[:600]}")

    def clean(self) -> None:
        """No script of a payload has run here, no policy was broken, nothing of ours has thrown."""
        ran = self.run("return [window.__ran, window.__broken]")
        assert ran == [[], []], f"{self.path}: {ran}"
        severe = [line["message"] for line in self.driver.get_log("browser") if line["level"] == "SEVERE"]
        assert not [line for line in severe if not any(word in line for word in _NO_MATTER)], severe

    def forget(self) -> None:
        """As a new visitor."""
        self.command("Network.clearBrowserCookies")
        try:
            self.run("localStorage.clear()")
        except WebDriverException:
            return  # on no page of ours

    def dress(self, scheme: str, width: int, height: int) -> None:
        """``scheme`` is light or dark."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.command("Emulation.setEmulatedMedia", features=features)
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip

    def end(self) -> None:
        self.driver.quit()
