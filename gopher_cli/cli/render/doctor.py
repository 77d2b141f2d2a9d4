"""The picture that `gopher doctor` draws: a mark for each check, and reasons where they matter."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from gopher_cli.cli.render.styles import number, plural, short_id
from gopher_cli.model.findings import Finding, Severity
from gopher_cli.model.text.safe import safe

if TYPE_CHECKING:
    from gopher_cli.verbs.doctor.diagnose import Diagnosis

MARKS = {
    Severity.OK: ("✓", "green"), Severity.NOTE: ("·", "cyan"),
    Severity.WARNING: ("!", "yellow"), Severity.CRITICAL: ("✗", "bold red"),
}  # fmt: skip
_WIDEST = 110
_LEAST = 36  # characters for a meaning beside its name


def picture(diagnosis: Diagnosis, room: int, *, dry: bool = False) -> Group:
    """Server, fleet and data, and in one line what came of it."""
    room = min(room, _WIDEST)
    parts: list[Any] = []
    for section in ("server", "fleet", "data"):
        mine = [finding for finding in diagnosis.findings if finding.section == section]
        if mine:
            about = f"  {plural(diagnosis.jobs, 'job')} looked at" if section == "data" else ""
            parts += [
                Text.assemble((section.capitalize(), "bold"), (about, "dim")),
                _checks(mine, room),
                Text(),
            ]
    return Group(*parts, _verdict(diagnosis, dry=dry))


def _checks(findings: Sequence[Finding], room: int) -> Table:
    """Names beside their meaning; on a narrow screen below each other."""
    longest = max(len(finding.name) for finding in findings)
    narrow = room - longest < _LEAST
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0), width=room)
    table.add_column(width=1)
    if not narrow:
        table.add_column(width=longest + 1, no_wrap=True)
    table.add_column(ratio=1)
    for finding in findings:
        mark, style = MARKS[finding.severity]
        title, says = Text(finding.name, style="bold" if finding.is_trouble else ""), _says(finding)
        if narrow:
            text = Text.assemble(title, ("  " if len(says) else ""), says)
            table.add_row(Text(mark, style=style), text)
        else:
            table.add_row(Text(mark, style=style), title, says)
    return table


def _where(finding: Finding) -> str:
    """How many, and in which queue."""
    count = number(finding.count) if finding.count and finding.name != "workers" else ""
    queue = f"in {safe(finding.queue)}" if finding.queue else ""
    return " ".join(filter(None, (count, queue)))


def _says(finding: Finding) -> Text:
    """How many, what it means, which, and what is to be done: no more lines than there is to say."""
    where = _where(finding)
    text = Text.assemble((f"{where}: " if where else "", "bold" if finding.is_trouble else ""))
    text.append(safe(finding.meaning))
    if finding.examples:
        shown = ", ".join(_short(example) for example in finding.examples)
        more = 0 if finding.whole else finding.count - len(finding.examples)
        text.append(f"\n{shown}{f' and {number(more)} more' if more > 0 else ''}", style="dim")
    if finding.fix and finding.severity is not Severity.OK:
        text.append("\n→ ", style="cyan")
        text.append("--fix " if finding.mends else "", style="bold cyan")
        text.append(safe(finding.fix), style="cyan")
    return text


def _short(example: str) -> str:
    whole = re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", example)
    return safe(short_id(example) if whole else example)[:60]


def _verdict(diagnosis: Diagnosis, *, dry: bool) -> Text:
    troubles = diagnosis.troubles
    if not troubles:
        return Text.assemble(("✓ ", "green"), ("healthy", "bold green"), _notes(diagnosis.findings))
    worst = max(troubles, key=lambda finding: list(Severity).index(finding.severity))
    mark, style = MARKS[worst.severity]
    counts = ", ".join(
        plural(count, str(severity)) if severity is Severity.WARNING else f"{number(count)} {severity}"
        for severity in (Severity.CRITICAL, Severity.WARNING)
        if (count := sum(finding.severity is severity for finding in troubles))
    )
    text = Text.assemble((f"{mark} ", style), (counts, style))
    if mendable := sum(finding.count for finding in diagnosis.mendable):
        would = (
            f"--fix would repair {number(mendable)}"
            if dry
            else f"gopher doctor --fix repairs {number(mendable)}"
        )
        text.append(f"; {would}")
    return text


def _notes(findings: Iterable[Finding]) -> str:
    notes = sum(finding.severity is Severity.NOTE for finding in findings)
    return f", with {plural(notes, 'note')}" if notes else ""
