"""Lists as people and programs want them: a rich table, plain rows, JSON, CSV, ids."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gopher_cli.cli.safe import safe

if TYPE_CHECKING:
    from gopher_cli.cli.console import Console


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """``show`` is for people, ``raw`` for programs (the same, where nothing else is said).

    ``keep`` says how dear the column is: the lowest go first where the screen is narrow. ``wide``
    is how many characters a cell needs at least before the column is left out.
    """

    name: str
    show: Callable[[Any], str]
    raw: Callable[[Any], object] | None = None
    style: Callable[[Any], str] | None = None
    right: bool = False
    keep: int = 5
    most: int = 40
    least: int = 8

    def value(self, row: Any) -> object:
        return (self.raw or self.show)(row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Rows with their columns. ``record`` is a row as JSON, ``id`` what -q prints of it."""

    rows: Sequence[Any]
    columns: Sequence[Column]
    record: Callable[[Any], object]
    id: Callable[[Any], str]
    empty: str = "nothing"
    title: str = ""
    extra: Sequence[Column] = field(default=())  # for programs only


def write_listing(console: Console, listing: Listing) -> None:
    match console.format:
        case "json":
            console.json([listing.record(row) for row in listing.rows])
        case "ndjson":
            for row in listing.rows:
                console.json(listing.record(row), lines=True)
        case "id":
            console.ids(listing.id(row) for row in listing.rows)
        case "csv":
            write_csv(console, listing)
        case "plain":
            write_plain(console, listing)
        case _:
            if listing.rows:
                print_rich(console, table_of(listing, width(console)))
            else:
                console.say(listing.empty)


def write_plain(console: Console, listing: Listing) -> None:
    """Tab-separated, one line a row, nothing cut: made for cut, sort, awk and people in a hurry."""
    columns = [*listing.columns, *listing.extra]
    if console.header and listing.rows:
        console.print("\t".join(column.name.upper().replace(" ", "_") for column in columns))
    for row in listing.rows:
        console.print("\t".join(cell(column.value(row)) for column in columns))
    if not listing.rows:
        console.say(listing.empty)


def write_csv(console: Console, listing: Listing) -> None:
    import csv

    columns = [*listing.columns, *listing.extra]
    writer = csv.writer(console.out, lineterminator="\n")
    if console.header:
        writer.writerow([column.name.replace(" ", "_") for column in columns])
    for row in listing.rows:
        writer.writerow([cell(column.value(row)) for column in columns])


def cell(value: object) -> str:
    """One value on one line: yes and no in words, numbers as they are, nothing as a dash."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, (list, tuple)):
        return ",".join(safe(part) for part in value) or "-"
    return safe(value)


def width(console: Console) -> int:
    """Columns of the terminal; $COLUMNS wins, and a pipe that is forced to a table gets 100."""
    import os
    import shutil

    try:
        at_terminal = os.get_terminal_size(console.out.fileno()).columns
    except (OSError, ValueError, AttributeError):
        at_terminal = 0
    if os.environ.get("COLUMNS", "").isdecimal() or not at_terminal:
        return max(20, shutil.get_terminal_size((100, 24)).columns)
    return max(20, at_terminal)


def fitting(listing: Listing, room: int) -> list[Column]:
    """The columns that fit, the dearest kept: cells are shortened down to ``least`` before that."""
    columns = list(listing.columns)

    def needed(column: Column) -> int:
        widest = max([len(column.name), *(len(safe(column.show(row))) for row in listing.rows)])
        return min(widest, max(column.least, len(column.name)))

    widths = {column.name: needed(column) for column in columns}
    while len(columns) > 2 and sum(widths[c.name] + 2 for c in columns) > room:
        columns.remove(min(reversed(columns), key=lambda column: column.keep))
    return columns


def table_of(listing: Listing, room: int) -> Any:
    """A rich table without a frame; text of jobs is Text, never markup."""
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", expand=False,
        title=listing.title or None, title_justify="left", title_style="bold",
    )  # fmt: skip
    columns = fitting(listing, room)
    for column in columns:
        table.add_column(
            column.name, justify="right" if column.right else "left", no_wrap=True,
            overflow="ellipsis", max_width=column.most, min_width=min(column.least, len(column.name)),
        )  # fmt: skip
    for row in listing.rows:
        table.add_row(
            *(
                Text(
                    safe(column.show(row)), style=column.style(row) if column.style else "", overflow="ellipsis"
                )
                for column in columns
            )
        )
    return table


def print_rich(console: Console, *parts: Any) -> None:
    """Render to stdout; colours only where they are wanted, no markup, no guessing."""
    rich_console(console).print(*parts, sep="\n")


def rich_console(console: Console, *, stderr: bool = False) -> Any:
    from rich.console import Console as RichConsole

    from gopher_cli.cli.color import wants_color

    stream = console.err if stderr else console.out
    color = wants_color(console.color, stream)
    return RichConsole(
        file=stream, width=width(console), force_terminal=color or None, no_color=not color,
        color_system="standard" if color else None, markup=False, highlight=False, emoji=False,
    )  # fmt: skip
