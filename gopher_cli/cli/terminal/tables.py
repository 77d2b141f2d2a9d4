"""Lists as people and programs want them: a rich table, plain rows, JSON, CSV, ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gopher_cli.cli.terminal.printer import Printer
from gopher_cli.model.text.safe import safe


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """``name`` and ``show`` are for people, ``field`` and ``raw`` for programs (the same, where nothing else
    is said).

    ``keep`` is the weight of the column: on a narrow screen the lowest are shortened first, then
    left out. A cell has ``most`` characters at most; one with a ``least`` may go down to that. An
    ``optional`` column is not shown where it is empty. ``parts`` are the same as ``show``, in pieces with
    a style each.
    """

    name: str
    field: str = ""
    show: Callable[[Any], str]
    raw: Callable[[Any], object] | None = None
    style: Callable[[Any], str] | None = None
    right: bool = False
    keep: int = 5
    most: int = 40
    least: int = 0
    optional: bool = False
    parts: Callable[[Any], Sequence[tuple[str, str]]] | None = None

    @property
    def header(self) -> str:
        return self.field or self.name.replace(" ", "_")

    def value(self, row: Any) -> object:
        return (self.raw or self.show)(row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Rows with their columns. ``record`` is a row as JSON (itself, where nothing else is said), ``id`` what
    -q prints of it."""

    rows: Sequence[Any]
    columns: Sequence[Column]
    record: Callable[[Any], object] = lambda row: row
    id: Callable[[Any], str]
    empty: str = "nothing"
    extra: Sequence[Column] = field(default=())  # for programs only


def write_listing(printer: Printer, listing: Listing) -> None:
    match printer.format:
        case "json":
            printer.json([listing.record(row) for row in listing.rows])
        case "ndjson":
            for row in listing.rows:
                printer.json(listing.record(row), lines=True)
        case "id":
            printer.ids(listing.id(row) for row in listing.rows)
        case "csv":
            write_csv(printer, listing)
        case "plain":
            write_plain(printer, listing)
        case _:
            if listing.rows:
                print_rich(printer, table_of(listing, width(printer)))
            else:
                printer.say(listing.empty)


def write_plain(printer: Printer, listing: Listing) -> None:
    """Tab-separated, one line a row, nothing cut: made for cut, sort, awk and people in a hurry."""
    columns = [*listing.columns, *listing.extra]
    if printer.header and listing.rows:
        write_row(printer, [column.header.upper() for column in columns])
    for row in listing.rows:
        write_row(printer, [cell(column.value(row)) for column in columns])
    if not listing.rows:
        printer.say(listing.empty)


def write_csv(printer: Printer, listing: Listing) -> None:
    columns = [*listing.columns, *listing.extra]
    if printer.header:
        write_row(printer, [column.header for column in columns])
    for row in listing.rows:
        write_row(printer, [cell(column.value(row)) for column in columns])


def write_pairs(printer: Printer, pairs: Iterable[tuple[str, str]]) -> None:
    """Name and value, a line each: as CSV with a header, else with a tab between them."""
    if printer.format == "csv" and printer.header:
        write_row(printer, ("name", "value"))
    for pair in pairs:
        write_row(printer, pair)


def write_answer(
    printer: Printer, answer: Mapping[str, object] | Sequence[Mapping[str, object]], lines: Iterable[str]
) -> None:
    """What an action came to: ``answer`` for programs, in the format that was asked for; ``lines`` for
    people, which --quiet leaves out."""
    records = [answer] if isinstance(answer, Mapping) else list(answer)
    match printer.format:
        case "json":
            printer.json(answer)
        case "ndjson":
            for record in records:
                printer.json(record, lines=True)
        case "csv":
            if printer.header and records:
                write_row(printer, list(records[0]))
            for record in records:
                write_row(printer, [cell(value) for value in record.values()])
        case _ if not printer.quiet:
            for line in lines:
                printer.print(line)


def write_row(printer: Printer, cells: Sequence[str]) -> None:
    """Texts that are safe already, as a row of CSV, else with tabs between them."""
    if printer.format == "csv":
        import csv

        csv.writer(printer.out, lineterminator="\n").writerow(cells)
    else:
        printer.print("\t".join(cells))


def flattened(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The names and values in a record, those within others with a dot: ``server.name``."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from flattened(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for inner in value:
            name = next((inner[key] for key in ("queue", "type", "window", "id") if key in inner), "?")
            rest = {k: v for k, v in inner.items() if v is not name}
            yield from flattened(rest, f"{path}.{cell(name)}")
    else:
        yield path, cell(value)


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
    if isinstance(value, Mapping):
        return ",".join(f"{safe(name)}={safe(part)}" for name, part in value.items()) or "-"
    return safe(value)


def width(printer: Printer) -> int:
    """Columns of the terminal; $COLUMNS wins, and a pipe that is forced to a table gets 100."""
    import os
    import shutil

    try:
        at_terminal = os.get_terminal_size(printer.out.fileno()).columns
    except (OSError, ValueError, AttributeError):
        at_terminal = 0
    if os.environ.get("COLUMNS", "").isdecimal() or not at_terminal:
        return max(20, shutil.get_terminal_size((100, 24)).columns)
    return max(20, at_terminal)


def fitting(listing: Listing, room: int) -> list[tuple[Column, int]]:
    """The columns that fit, and their widths.

    Columns with a ``least`` are shortened where it is narrow; then the least dear are left out.
    """
    widths = {column.name: _wanted(column, listing.rows) for column in listing.columns}
    columns = [column for column in listing.columns if widths[column.name]]
    least = {
        c.name: min(widths[c.name], max(c.least, len(c.name))) if c.least else widths[c.name] for c in columns
    }
    while len(columns) > 1 and _sum(columns, least) > room:
        columns.remove(min(reversed(columns), key=lambda column: column.keep))
    for column in sorted(columns, key=lambda column: column.keep):
        spare = widths[column.name] - least[column.name]
        widths[column.name] -= min(spare, max(0, _sum(columns, widths) - room))
    return [(column, min(room, widths[column.name])) for column in columns]


def alike(listings: Sequence[Listing], room: int) -> list[Listing]:
    """Tables of one kind below each other: behind the first column, all show the same ones."""
    common = set.intersection(
        *({column.name for column, _ in fitting(listing, room)} for listing in listings)
    )
    return [
        replace(listing, columns=[c for n, c in enumerate(listing.columns) if n == 0 or c.name in common])
        for listing in listings
    ]


def _sum(columns: Sequence[Column], widths: dict[str, int]) -> int:
    return sum(widths[column.name] + 2 for column in columns) - 2


def _wanted(column: Column, rows: Sequence[Any]) -> int:
    from rich.cells import cell_len

    shown = [safe(column.show(row)) for row in rows]
    if column.optional and not any(text not in ("", "-", "·") for text in shown):
        return 0
    return max(len(column.name), min(column.most, max(map(cell_len, shown), default=0)))


def table_of(listing: Listing, room: int) -> Any:
    """A rich table without a frame; text of jobs is Text, never markup."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    shown = fitting(listing, room)
    for column, size in shown:
        table.add_column(
            column.name,
            justify="right" if column.right else "left",
            no_wrap=True,
            overflow="ellipsis",
            width=size,
        )
    for row in listing.rows:
        table.add_row(*(_text(Text, column, row) for column, _ in shown))
    return table


def _text(make: Any, column: Column, row: Any) -> Any:
    shown = safe(column.show(row))
    if shown in ("", "-", "·"):
        return make(shown, style="dim")
    if column.parts:
        return make.assemble(*column.parts(row))
    return make(shown, style=column.style(row) if column.style else "")


def print_rich(printer: Printer, *parts: Any) -> None:
    """Render to stdout; colours only where they are wanted, and no blanks at the ends of lines."""
    import re

    rich = rich_console(printer)
    with rich.capture() as captured:
        rich.print(*parts, sep="\n")
    printer.out.write(re.sub(r"(?m) +((?:\x1b\[[0-9;]*m)*)$", r"\1", captured.get()))


def rich_console(printer: Printer, *, stderr: bool = False, columns: int = 0) -> Any:
    from rich.console import Console as RichConsole

    from gopher_cli.cli.terminal.color import wants_color

    stream = printer.err if stderr else printer.out
    color = wants_color(printer.color, stream)
    return RichConsole(
        file=stream, width=columns or width(printer), force_terminal=color or None, no_color=not color,
        color_system="standard" if color else None, markup=False, highlight=False, emoji=False,
    )  # fmt: skip
