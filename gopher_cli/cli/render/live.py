"""`gopher stats --watch` at a terminal: frames that fit it, drawn anew when its size has changed."""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from gopher_cli.cli.render.stats import SHORTEST, picture
from gopher_cli.cli.shell.console import Console, pause
from gopher_cli.cli.terminal.color import wants_color
from gopher_cli.cli.terminal.tables import rich_console, width
from gopher_cli.model.errors import TryLater, Unavailable

if TYPE_CHECKING:
    from gopher_cli.model.views.stats import Stats

Size = tuple[int, int]  # columns, lines
_OPEN, _CLOSE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"  # the other screen, without a cursor
_CLEAR, _HOME, _WIPE_LINE, _WIPE_BELOW = "\x1b[2J", "\x1b[H", "\x1b[K", "\x1b[J"
_GLANCE = 0.1  # seconds between two looks at the size


async def watch(console: Console, look: Callable[[], Awaitable[Stats]], every: float) -> None:
    """Until Ctrl-C, which leaves the terminal as it was."""
    console.out.write(_OPEN)
    try:
        before: Size = (0, 0)
        while True:
            stats: Stats | Unavailable | TryLater
            try:
                stats = await look()
            except (Unavailable, TryLater) as error:  # it may come back: a watch goes on
                stats = error
            left = every
            while left > 0:
                size = size_of(console)
                if size != before:
                    console.out.write(_CLEAR)
                if size != before or left == every:
                    draw(console, frame(console, stats, every, size))
                before = size
                await pause(min(_GLANCE, left))
                left -= _GLANCE
    finally:
        console.out.write(_CLOSE)
        console.out.flush()


def size_of(console: Console) -> Size:
    """That of the terminal at this moment; $COLUMNS may be from before it was resized."""
    try:
        size = os.get_terminal_size(console.out.fileno())
    except (OSError, ValueError, AttributeError):
        import shutil

        return width(console), shutil.get_terminal_size((100, 24)).lines
    return size.columns or 80, size.lines or 24


def draw(console: Console, lines: list[str]) -> None:
    """Line by line over what is there, so that nothing flickers.

    A line is wiped before it is written: behind one that fills the width, its last cell would go.
    """
    *most, last = lines
    console.out.write(_HOME + "".join(f"{_WIPE_LINE}{line}\n" for line in most) + _WIPE_BELOW + last)
    console.out.flush()


def frame(console: Console, stats: Stats | Unavailable | TryLater, every: float, size: Size) -> list[str]:
    """As much of the picture as has a place: the least dear is left out first, the footer stays."""
    columns, height = size
    if isinstance(stats, (Unavailable, TryLater)):
        return _rendered(console, f"{stats}\n{stats.hint}", columns)[:height]
    footer, color = f"Ctrl-C ends, every {every:g}s", wants_color(console.color, console.out)
    lines: list[str] = []
    for trim in range(SHORTEST + 1):
        shown = picture(stats, columns, color=color, footer=footer, trim=trim)
        lines = _rendered(console, shown, columns)
        if len(lines) <= height:
            return lines
    return [*lines[: max(0, height - 2)], "…", lines[-1]][-height:]


def _rendered(console: Console, what: object, columns: int) -> list[str]:
    rich = rich_console(console, columns=columns)
    with rich.capture() as captured:
        rich.print(what)
    return re.sub(r"(?m) +((?:\x1b\[[0-9;]*m)*)$", r"\1", captured.get()).splitlines()
