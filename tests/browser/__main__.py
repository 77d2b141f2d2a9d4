"""`make test-browser`: finds or installs Chromium, then runs the tests; 69 when there is none to be had."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from browser.programs import lacking

UNAVAILABLE = 69
_PACKAGES = ("chromium", "chromium-driver")


def main(words: list[str]) -> int:
    if lacking():
        _install()
    if missing := lacking():
        print(
            f"The tests of the dashboard need {' and '.join(missing)}, which cannot be installed here:"
            f" as root on Debian it is apt-get install {' '.join(_PACKAGES)}.",
            file=sys.stderr,
        )
        return UNAVAILABLE
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadfile", *(words or [_HERE])]
    return subprocess.run(command, cwd=Path(_HERE).parent.parent).returncode


_HERE = str(Path(__file__).parent)


def _install() -> None:
    """Where it may. What goes wrong is seen by what is still lacking."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for words in (("update",), ("install", "--yes", "--no-install-recommends", *_PACKAGES)):
        print(f"apt-get {' '.join(words)}", file=sys.stderr)
        subprocess.run(["apt-get", "-qq", *words], env=quiet, stdin=subprocess.DEVNULL, timeout=600)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
