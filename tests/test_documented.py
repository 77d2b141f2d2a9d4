"""Every command stands in the README, and every setting in config.example.env."""

from __future__ import annotations

from pathlib import Path

from each import each

from gopher_cli.cli.shell.command_tree import places
from gopher_cli.config.example import example_env
from gopher_cli.config.setting_list import names

ROOT = Path(__file__).parent.parent


@each(place.path for place in places() if not place.commands)
def test_a_command_is_in_the_readme(path: str) -> None:
    assert path in (ROOT / "README.md").read_text()


@each(names(), lambda name: name.field)
def test_a_setting_is_in_the_example_file(name: object) -> None:
    text = (ROOT / "config.example.env").read_text()

    assert any(f"#{variable}=" in text for variable in name.variables)  # type: ignore[attr-defined]


def test_the_example_file_is_the_one_that_gopher_would_write() -> None:
    assert example_env() == (ROOT / "config.example.env").read_text()


@each([0, 1, 2, 3, 5, 65, 69, 75, 77, 78, 124, 130])
def test_an_exit_code_is_on_the_help_page(code: int) -> None:
    from gopher_cli.cli.shell.entries import EPILOG

    assert f" {code} " in EPILOG
