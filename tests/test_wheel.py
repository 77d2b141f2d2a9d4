"""What a stranger gets: the built wheel holds the whole package and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from configparser import ConfigParser
from pathlib import Path
from zipfile import ZipFile

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    where = tmp_path_factory.mktemp("wheel")
    (built,) = WheelBuilder(str(ROOT)).build(directory=str(where), versions=["standard"])
    return ZipFile(built)


@pytest.fixture(scope="module")
def read(wheel: ZipFile) -> Callable[[str], str]:
    def read(ending: str) -> str:
        (name,) = [name for name in wheel.namelist() if name.endswith(ending)]
        return wheel.read(name).decode()

    return read


def in_the_tree(pattern: str) -> set[str]:
    files = (path for path in (ROOT / "gopher_cli").rglob(pattern) if path.is_file())
    return {str(p.relative_to(ROOT)) for p in files if "__pycache__" not in p.parts}


def test_the_wheel_holds_every_file_of_the_package(wheel: ZipFile) -> None:
    packed = {name for name in wheel.namelist() if name.startswith("gopher_cli/")}

    assert in_the_tree("*") == packed


@pytest.mark.parametrize("pattern", ["*.lua", "py.typed"])
def test_the_wheel_holds_what_is_not_python(wheel: ZipFile, pattern: str) -> None:
    expected = in_the_tree(pattern)

    assert expected
    assert expected <= set(wheel.namelist())


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("gopher.bash", "share/bash-completion/completions/gopher"),
        ("_gopher", "share/zsh/site-functions/_gopher"),
        ("gopher.fish", "share/fish/vendor_completions.d/gopher.fish"),
    ],
)
def test_the_shells_find_their_completions(read: Callable[[str], str], source: str, place: str) -> None:
    assert (ROOT / "completions" / source).read_text() == read(f".data/data/{place}")


def test_every_man_page_is_where_man_looks(wheel: ZipFile) -> None:
    pages = {page.name for page in ROOT.glob("**/*.1") if ".venv" not in page.parts}
    packed = {Path(n).name for n in wheel.namelist() if "/data/share/man/man1/" in n}

    assert pages == packed


def test_the_wheel_holds_no_test_no_benchmark_and_nothing_of_this_machine(wheel: ZipFile) -> None:
    roots = {name.split("/")[0] for name in wheel.namelist()}
    kinds = {root if root == "gopher_cli" else root.rsplit(".", 1)[-1] for root in roots}
    stray = re.compile(r"(^|/)(tests?/|test_|conftest|benchmarks?/|__pycache__|\.)")
    strays = [name for name in wheel.namelist() if stray.search(name)]

    assert {"gopher_cli", "dist-info", "data"} == kinds
    assert strays == []


def test_the_wheel_brings_the_command_the_licence_and_the_readme(
    read: Callable[[str], str],
) -> None:
    commands = ConfigParser()
    commands.read_string(read("entry_points.txt"))

    assert commands["console_scripts"]["gopher"] == "gopher_cli.__main__:main"
    assert (ROOT / "LICENSE").read_text() == read("licenses/LICENSE")
    assert (ROOT / "README.md").read_text() in read("METADATA")
