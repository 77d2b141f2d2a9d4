"""The table that people read, and the JSON that charts are made from."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median


@dataclass(slots=True, kw_only=True)
class Result:
    """Everything that was measured of one lane; a measure has one number per round."""

    name: str
    version: str = ""
    note: str = ""
    runs: dict[str, list[float]] = field(default_factory=dict)
    trouble: str = ""

    def add(self, numbers: Mapping[str, float]) -> None:
        for measure, number in numbers.items():
            self.runs.setdefault(measure, []).append(number)

    def middle(self, measure: str) -> float | None:
        return median(self.runs[measure]) if self.runs.get(measure) else None


COLUMNS = {
    "drain": ("drain/s", "{:,.0f}"),
    "of_bare": ("of bare", "{:.1%}"),
    "gopher_is": ("gopher is", "{:.1f}x"),
    "bulk": ("bulk/s", "{:,.0f}"),
    "single": ("single/s", "{:,.0f}"),
    "p50": ("p50 ms", "{:.2f}"),
    "p99": ("p99 ms", "{:.2f}"),
    "naps": ("2000x50ms s", "{:.2f}"),
    "sync": ("sync/s", "{:,.0f}"),
    "bytes": ("bytes/job", "{:,.0f}"),
    "crowded_ratio": ("1M waiting", "{:.1%}"),
}


def ratios(result: Result, lanes: Mapping[str, Result]) -> dict[str, float | None]:
    """The drain rate over the bare line's, and gopher's over it."""

    def over(top: float | None, bottom: float | None) -> float | None:
        return top / bottom if top and bottom else None

    rate = result.middle("drain")
    bare, gopher = (lanes[n].middle("drain") if n in lanes else None for n in ("bare", "gopher"))
    return {
        "of_bare": over(rate, bare),
        "gopher_is": over(gopher, rate),
    }


def table(results: Iterable[Result]) -> str:
    lanes = {result.name: result for result in results}
    rows = [["lane", "version", *(head for head, _ in COLUMNS.values())]]
    for result in lanes.values():
        found = ratios(result, lanes)
        cells = [(found.get(c) or result.middle(c), form) for c, (_, form) in COLUMNS.items()]
        texts = ["-" if value is None else form.format(value) for value, form in cells]
        rows.append([result.name, result.version, *texts])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(_line(row, widths) for row in rows)


def _line(row: list[str], widths: list[int]) -> str:
    cells = [c.ljust(w) if i < 2 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))]
    return "  ".join(cells).rstrip()


def spreads(results: Iterable[Result]) -> list[tuple[Result, float, float]]:
    """The slowest and fastest drain of each lane: far apart means a busy machine, not a finding."""
    drains = [(r, r.runs["drain"]) for r in results if len(r.runs.get("drain", ())) > 1]
    return [(result, min(runs), max(runs)) for result, runs in drains]


def notes(results: Sequence[Result]) -> str:
    """How each lane was tuned, and what did not work."""
    lines = [f"{r.name:9} {r.note}" for r in results if r.note]
    lines += [f"{r.name:9} drain/s from {low:,.0f} to {high:,.0f}" for r, low, high in spreads(results)]
    lines += [f"{r.name:9} TROUBLE: {r.trouble}" for r in results if r.trouble]
    return "\n".join(lines)


def write_json(path: Path, results: Iterable[Result], about: Mapping[str, object]) -> None:
    lanes = {result.name: result for result in results}
    document = {
        "machine": {"cores": os.cpu_count(), "python": platform.python_version()} | dict(about),
        "lanes": {
            name: {
                "version": r.version,
                "note": r.note,
                "trouble": r.trouble,
                "median": {measure: r.middle(measure) for measure in r.runs},
                "runs": r.runs,
                "ratios": ratios(r, lanes),
            }
            for name, r in lanes.items()
        },
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n")
