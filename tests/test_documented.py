"""The documents say what there is: commands, settings, files and folders."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from each import each
from test_layout import FLOORS

from gopher_cli.cli.shell.command_tree import places
from gopher_cli.config.example import example_env
from gopher_cli.config.setting_list import names

ROOT = Path(__file__).parent.parent
PAGES = (*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md")
FILES = [
    str(path.relative_to(ROOT))
    for folder in ("benchmarks", "docs", "examples", "gopher_cli", "tests")
    for path in (ROOT / folder).rglob("*")
] + [path.name for path in ROOT.iterdir()]
# What these pages call by name, and readers have on their own machines.
THEIRS = {"gopher.toml"}


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


def named_files(text: str) -> set[str]:
    """Every path to a Python or Lua file, and each name of a file that stands alone in backticks."""
    paths = re.findall(r"[\w./-]*/\w+\.(?:py|lua)\b", text)
    alone = re.findall(r"`([\w./-]*\w\.(?:py|lua|md|toml|env|html|js|css|sh|yml))`", text)
    return {*paths, *alone} - THEIRS


def exists(name: str) -> bool:
    return any(path == name or path.endswith("/" + name) for path in FILES)


def test_names_of_files_are_seen_in_text_and_in_backticks() -> None:
    text = "see model/gone.py, (`lib/gone.lua`), `gone.py` and `gone.md`; gopher.py is a word"

    assert named_files(text) == {"model/gone.py", "lib/gone.lua", "gone.py", "gone.md"}
    assert not any(exists(name) for name in named_files(text))


@each(PAGES, lambda page: page.name)
def test_a_file_that_a_page_names_exists(page: Path) -> None:
    assert {name for name in named_files(page.read_text()) if not exists(name)} == set()


def test_the_architecture_fits_in_120_columns() -> None:
    lines = (ROOT / "docs/architecture.md").read_text().splitlines()

    assert [line for line in lines if len(line) > 120] == []


def drawn_folders() -> list[str]:
    """The tree of folders that the architecture draws, as paths in its order."""
    text = (
        (ROOT / "docs/architecture.md")
        .read_text()
        .partition("## The house")[2]
        .partition("\nFiles beside")[0]
    )
    above: list[tuple[int, str]] = []
    paths = []
    for indent, name in re.findall(r"^( {4,})([a-z]+)/ ", text, re.MULTILINE):
        above = [(depth, folder) for depth, folder in above if depth < len(indent)] + [(len(indent), name)]
        paths.append("/".join(folder for _, folder in above))
    return paths


def test_the_architecture_draws_every_folder_once() -> None:
    base = ROOT / "gopher_cli"
    there = {str(path.parent.relative_to(base)) for path in base.rglob("*/__init__.py")} | {"store/lua"}

    assert sorted(drawn_folders()) == sorted(there)


@each(FLOORS)
def test_the_architecture_draws_folders_from_the_ground_up(folder: str) -> None:
    floor = {name: height for height, line in enumerate(FLOORS[folder]) for name in line.split()}
    drawn = [path.rpartition("/") for path in drawn_folders() if path != "store/lua"]
    heights = [floor[name] for above, _, name in drawn if above == folder]

    assert heights == sorted(heights)


def test_the_settings_of_an_application_are_composed_as_the_page_says(tmp_path: Path) -> None:
    page = (ROOT / "docs/operations.md").read_text().partition("## Settings in your own application")[2]
    code = page.partition("```python\n")[2].partition("```")[0]
    example = re.search(r"With `(.+)` it prints `(.+)`", page)
    assert example
    bare = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GOPHER_", "SHOP_", "REDIS_"))
    }
    given = dict(part.split("=", 1) for part in example[1].split())

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=bare | {"HOME": str(tmp_path)} | given,
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert done.stdout.strip() == example[2]
