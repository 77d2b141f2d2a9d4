"""`gopher stats --watch`: whatever the size of the terminal, the foot of the picture stays in sight."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from typing import Any

import anyio
import pytest

from cli.running import Cli
from cli.world import do, fail
from gopher_cli.cli.render import live
from gopher_cli.cli.render.live import frame, watch
from gopher_cli.cli.shell.console import Console
from gopher_cli.model.errors import Unavailable
from gopher_cli.model.views.stats import Stats, Timing, TypeStats, WindowStats

NEVER = Timing()


def window(name: str, done: int = 7) -> WindowStats:
    return WindowStats(
        window=name, completed=done, retried=1, failed=2, per_second=0.1, success_rate=0.5, run=NEVER,
        wait=NEVER,
    )  # fmt: skip


@pytest.fixture
def crowded(cli: Cli) -> Stats:
    """More queues and types than any terminal shows."""
    from dataclasses import replace

    for number in range(4):
        fail(cli, "-Q", f"queue-{number}")
    found = do(cli, lambda gopher: gopher.stats(()))
    windows = [window(name) for name in ("1m", "5m", "1h", "24h")]
    types = [TypeStats(type=f"type-{n}", windows=windows) for n in range(20)]
    return replace(found, windows=windows, types=types, queues=found.queues * 3)


def console() -> Console:
    return Console(format="table", color="never", out=io.StringIO(), err=io.StringIO())


def test_a_line_is_wiped_before_it_is_written() -> None:
    """Behind a line that fills the width, a terminal would wipe its last cell."""
    shown = console()
    live.draw(shown, ["one", "two"])

    assert shown.out.getvalue() == "\x1b[H\x1b[Kone\n\x1b[Jtwo"  # type: ignore[attr-defined]


@pytest.mark.parametrize("size", [(80, 24), (60, 20), (120, 50), (200, 100), (40, 30), (30, 8)])
def test_a_frame_is_no_larger_than_the_terminal_and_keeps_its_footer(
    crowded: Stats, size: tuple[int, int]
) -> None:
    lines = frame(console(), crowded, 2.0, size)

    assert len(lines) <= size[1]
    assert max(map(len, lines)) <= size[0]
    assert "Ctrl-C ends" in lines[-1]


@pytest.mark.parametrize("size", [(80, 24), (50, 19)])
def test_on_a_small_screen_workers_and_server_are_in_sight(crowded: Stats, size: tuple[int, int]) -> None:
    text = "\n".join(frame(console(), crowded, 2.0, size))

    for word in ("Queues", "… 9 more", "Workers", "Server", "Ctrl-C ends"):
        assert word in text


def test_with_room_the_types_are_told_with_the_number_of_the_others(crowded: Stats) -> None:
    assert "… 8 more" in "\n".join(frame(console(), crowded, 2.0, (120, 100)))


@pytest.mark.parametrize("columns", range(40, 130, 6))
def test_windows_and_types_show_the_same_columns_and_failed_goes_last(crowded: Stats, columns: int) -> None:
    lines = frame(console(), crowded, 2.0, (columns, 200))
    heads = [line.split()[1:] for line in lines if re.match(r"(last|type) ", line)]

    assert len(heads) == 2 and heads[0] == heads[1]
    assert "failed" in heads[0]


def test_a_server_that_is_away_is_told_and_awaited(crowded: Stats) -> None:
    assert frame(console(), Unavailable("away", "start it"), 2.0, (80, 24)) == ["away", "start it"]


def test_a_resized_terminal_is_wiped_and_drawn_anew_at_once(
    crowded: Stats, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: Iterator[Any] = iter([(80, 24), (80, 24), (50, 20)])

    def next_size(_: Console) -> Any:
        try:
            return next(sizes)
        except StopIteration:
            raise KeyboardInterrupt from None

    async def at_once(_: float) -> None: ...

    async def look() -> Stats:
        return crowded

    monkeypatch.setattr(live, "size_of", next_size)
    monkeypatch.setattr(live, "pause", at_once)
    shown = console()
    with pytest.raises(KeyboardInterrupt):
        anyio.run(watch, shown, look, 60.0)

    _, second, third = shown.out.getvalue().split("\x1b[2J")  # type: ignore[attr-defined]
    assert second.count("\x1b[H") == third.count("\x1b[H") == 1
    assert third.count(os.linesep) < 20
    assert third.endswith("\x1b[?25h\x1b[?1049l")
