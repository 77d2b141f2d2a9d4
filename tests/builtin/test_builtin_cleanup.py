"""Laws of the `cleanup` handler."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gopher_cli.builtin.cleanup import Cleanup, clean
from gopher_cli.model.job.signals import Discard

DAY = 86400


def run(ctx: Any, **payload: Any) -> Any:
    return clean(msgspec.convert(payload, Cleanup), ctx)


def aged(path: Path, days: float, text: str = "12345") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    moment = time.time() - days * DAY
    os.utime(path, (moment, moment))
    return path


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "work" / "logs"


def test_only_files_that_are_old_and_match_go(ctx: Any, place: Path) -> None:
    old, young = aged(place / "a.log", 8), aged(place / "b.log", 1)
    other = aged(place / "a.txt", 8)

    found = run(ctx, directory=str(place), older_than="7d", pattern="*.log")

    assert (found["files"], found["bytes"], found["failed"]) == (1, 5, 0)
    assert [path.exists() for path in (old, young, other)] == [False, True, True]


def test_a_dry_run_counts_and_removes_nothing(ctx: Any, place: Path) -> None:
    old = aged(place / "a.log", 60)

    found = run(ctx, directory=str(place), dry_run=True)

    assert (found["files"], found["dry_run"]) == (1, True)
    assert old.exists()
    assert [f"would remove {old}"] == ctx.lines


def test_an_empty_payload_cleans_gophers_own_directories(ctx: Any) -> None:
    home = ctx.settings.home
    names = ["outbox/a.eml", "reports/a.md", "exports/a.csv"]
    old = [aged(home / name, 31) for name in names]
    kept = [aged(home / "data" / "appendonly.aof", 99), aged(home / "outbox" / "b.eml", 29)]

    found = run(ctx)

    assert found["files"] == 3
    assert not any(path.exists() for path in old)
    assert all(path.exists() for path in kept)


def test_links_are_neither_followed_nor_removed(ctx: Any, place: Path, tmp_path: Path) -> None:
    outside = aged(tmp_path / "outside" / "dear.txt", 99)
    place.mkdir(parents=True)
    (place / "file").symlink_to(outside)
    (place / "folder").symlink_to(outside.parent)

    found = run(ctx, directory=str(place), recursive=True)

    assert found["files"] == 0
    assert outside.exists()
    assert (place / "file").is_symlink()


def test_the_directories_below_are_left_alone_unless_asked_for(ctx: Any, place: Path) -> None:
    deep = aged(place / "sub" / "a.log", 60)

    assert run(ctx, directory=str(place))["files"] == 0
    assert deep.exists()
    assert run(ctx, directory=str(place), recursive=True)["files"] == 1
    assert not deep.exists()


def test_the_precious_directories_are_refused(ctx: Any) -> None:
    home = ctx.settings.home
    home.mkdir(parents=True)
    refused = ["/", "/etc", str(Path.home()), str(Path.home().parent), str(home), str(home.parent)]

    for directory in refused:
        with pytest.raises(Discard):
            run(ctx, directory=directory, dry_run=True)


def test_a_link_to_a_directory_is_refused(ctx: Any, place: Path, tmp_path: Path) -> None:
    aged(place / "a.log", 60)
    (tmp_path / "link").symlink_to(place)

    with pytest.raises(Discard, match="symbolic link"):
        run(ctx, directory=str(tmp_path / "link"))
    assert (place / "a.log").exists()


@pytest.mark.parametrize("pattern", ["../*", "/etc/*", "sub/*"])
def test_a_pattern_cannot_leave_the_directory(ctx: Any, place: Path, pattern: str) -> None:
    aged(place / "a.log", 60)

    with pytest.raises(Discard, match="not paths"):
        run(ctx, directory=str(place), pattern=pattern)


def test_a_misspelt_dry_run_is_refused_before_anything_is_removed(ctx: Any) -> None:
    with pytest.raises(msgspec.ValidationError, match="dryrun"):
        run(ctx, dryrun=True)


@pytest.mark.parametrize("age", ["soon", "-5d", -1])
def test_an_age_that_makes_no_sense_is_discarded(ctx: Any, place: Path, age: Any) -> None:
    place.mkdir(parents=True)

    with pytest.raises(Discard, match="older_than"):
        run(ctx, directory=str(place), older_than=age)


def test_a_missing_directory_is_discarded(ctx: Any, place: Path) -> None:
    with pytest.raises(Discard, match="does not exist"):
        run(ctx, directory=str(place))
