"""gopher config show, path: the settings, and where they come from."""

from __future__ import annotations

from gopher_cli.cli.shell.command import command
from gopher_cli.cli.shell.console import Console
from gopher_cli.cli.shell.entries import Entry
from gopher_cli.cli.terminal.tables import Column, Listing, cell, write_pairs

CONFIG = {
    "show": Entry("config:show", "every setting, its value and its origin", "Commands"),
    "path": Entry("config:path", "the directories and files that count", "Commands"),
}


@command
def show(console: Console) -> None:
    """List every setting with its value, secrets masked, and where it was found."""
    console.rows(
        Listing(rows=console.settings().describe(), columns=COLUMNS, extra=EXTRA,
                record=lambda row: row._asdict(), id=lambda row: row.name)
    )  # fmt: skip


@command
def path(console: Console) -> None:
    """Print where gopher looks and keeps its things."""
    settings = console.settings()
    folders = {
        "home": str(settings.home), "outbox": str(settings.outbox), "redis": settings.masked_url(),
        "files": files(),
    }  # fmt: skip
    if console.format in ("json", "ndjson"):
        console.json(folders)
        return
    lists = {name: value if isinstance(value, list) else [value] for name, value in folders.items()}
    write_pairs(console, ((name, cell(one)) for name, values in lists.items() for one in values))


def files() -> list[str]:
    """The configuration files that are there, the strongest first."""
    import os
    from pathlib import Path

    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    first = os.environ.get("GOPHER_CONFIG") or "gopher.toml"
    candidates = [Path(".env"), Path(first), config / "gopher" / "config.toml"]
    return [str(file.absolute()) for file in candidates if file.is_file()]


COLUMNS = [
    Column(name="name", show=lambda r: r.name, keep=10, style=lambda r: "bold", most=28),
    Column(name="value", show=lambda r: r.value, keep=9, most=44, least=12),
    Column(name="origin", show=lambda r: r.origin, keep=7, most=30, least=7,
           style=lambda r: "dim" if r.origin == "default" else "green"),
    Column(name="about", show=lambda r: r.about, keep=2, most=60, least=24, style=lambda r: "dim"),
]  # fmt: skip
EXTRA = ()
