"""What the tests in the browser need, and where it is; it can be asked where nothing of it is installed."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

DRIVER, BROWSER = ("chromedriver",), ("chromium", "chromium-browser", "google-chrome")
_PATH = f"{Path('/usr/bin')}:{Path('/usr/lib/chromium')}:{Path('/usr/local/bin')}"


def found(names: tuple[str, ...]) -> str | None:
    """The first of these programs that is installed."""
    return next((path for name in names if (path := shutil.which(name, path=_PATH))), None)


def lacking() -> list[str]:
    """What is not installed, by its name."""
    needs = {"selenium": find_spec("selenium"), "chromium": found(BROWSER), "chromedriver": found(DRIVER)}
    return [name for name, place in needs.items() if not place]
