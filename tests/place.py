"""A place of settings: files, an environment, flags, and what is found from there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gopher_cli.config import Settings
from gopher_cli.model.errors import GopherError


class Place:
    """A directory with files, a home without any, and the settings that are found from there."""

    def __init__(self, path: Path) -> None:
        self.cwd = path / "work"
        self.user = path / "user"
        self.cwd.mkdir()

    def file(self, name: str, text: str) -> Path:
        path = self.cwd / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def settings(self, environ: dict[str, str] | None = None, **flags: Any) -> Settings:
        return Settings.resolve({"HOME": str(self.user), **(environ or {})}, cwd=self.cwd, **flags)

    def refused(self, environ: dict[str, str] | None = None, **flags: Any) -> GopherError:
        with pytest.raises(GopherError) as caught:
            self.settings(environ, **flags)
        assert "\n" not in f"{caught.value}{caught.value.hint}"
        return caught.value


@pytest.fixture
def here(tmp_path: Path) -> Place:
    return Place(tmp_path)


def origin(settings: Settings, name: str) -> str:
    return next(line.origin for line in settings.describe() if line.name == name)
