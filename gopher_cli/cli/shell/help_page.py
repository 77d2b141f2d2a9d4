"""The help pages: what it does, an example that works as typed, then the options by theme."""

from __future__ import annotations

import re
from textwrap import indent
from typing import Any

from gopher_cli.cli.terminal.color import wants_color

_WIDTH = 92


def write_help(command: Any, ctx: Any, formatter: Any) -> None:
    """The page of one command. A block of its docstring that begins with a command is an example."""
    formatter.width = min(_WIDTH, formatter.width)
    paint = _painter()
    for paragraph in (command.help or "").strip().split("\n\n"):
        if paragraph.lstrip().startswith("gopher "):
            # Where every line is an example, the docstring has lost its indentation.
            example = paragraph if paragraph.startswith("  ") else indent(paragraph, "  ")
            formatter.write(f"{paint(example)}\n\n")
        else:
            formatter.write_text(paragraph)
            formatter.write_paragraph()
    pieces = " ".join(command.collect_usage_pieces(ctx))
    formatter.write(f"{paint('Usage:')} {ctx.command_path} {pieces}\n")
    panels: dict[str, list[tuple[str, str]]] = {}
    for param in command.get_params(ctx):
        record = _record(param)
        if record and not getattr(param, "hidden", False):
            panel = getattr(param, "rich_help_panel", None) or "Options"
            if param.param_type_name == "argument":
                panel = "Arguments"
            panels.setdefault(panel, []).append(record)
    _write_panels(formatter, paint, panels)


def _record(param: Any) -> tuple[str, str] | None:
    if param.param_type_name == "argument":
        return (param.metavar or param.name.upper(), param.help) if param.help else None
    if "--help" in param.opts:
        return "-h, --help", "show this page"
    short = [name for name in param.opts if not name.startswith("--")]
    long = [name for name in param.opts if name.startswith("--")]
    value = "" if param.is_flag else " " + (param.metavar or "TEXT")
    return ", ".join(short + long) + value, param.help or ""


def _write_panels(formatter: Any, paint: Any, panels: dict[str, list[tuple[str, str]]]) -> None:
    last = "Options of every command"
    if "Options" in panels and last in panels:
        helps = [row for row in panels["Options"] if row[0] == "-h, --help"]
        panels[last] += helps
        panels["Options"] = [row for row in panels["Options"] if row not in helps]
    for name, rows in sorted(panels.items(), key=lambda item: item[0] == last):
        if rows:
            formatter.write(f"\n{paint(name + ':')}\n")
            formatter.indent()
            formatter.write_dl(rows, col_max=34)
            formatter.dedent()


def write_tree(group: Any, ctx: Any, formatter: Any) -> None:
    """The page of a group: its commands by section, none of them loaded."""
    formatter.width = min(_WIDTH, formatter.width)
    paint = _painter()
    formatter.write(f"{(group.help or '').strip()}\n\n")
    formatter.write(f"{paint('Usage:')} {ctx.command_path} COMMAND [OPTIONS]\n")
    sections: dict[str, list[tuple[str, str]]] = {}
    for name, entry in group.entries.items():
        if not entry.hidden:
            sections.setdefault(entry.section, []).append((name, entry.about))
    width = max(len(name) for rows in sections.values() for name, _ in rows)
    for section, rows in sections.items():
        formatter.write(f"\n{paint(section + ':')}\n")
        formatter.indent()
        formatter.write_dl([(name.ljust(width), about) for name, about in rows])
        formatter.dedent()
    if group.epilog:
        formatter.write("\n" + re.sub(r"(?m)^(\w.*:)$", lambda m: paint(m[1]), group.epilog.strip()) + "\n")


def _painter() -> Any:
    import sys

    if not wants_color(None, sys.stdout):
        return lambda text: text
    return lambda text: f"\x1b[1m{text}\x1b[0m"
