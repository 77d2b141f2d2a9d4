"""Laws of the `report` handler."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest

from gopher_cli.builtin.report import Report, report
from gopher_cli.model.job.signals import Discard


@dataclass
class Queue:
    name: str
    depth: int


@dataclass
class Stats:
    pending: int = 12
    failed: int = 3
    server: dict[str, str] = field(default_factory=lambda: {"version": "9.0"})
    queues: list[Queue] = field(default_factory=lambda: [Queue("default", 12), Queue("a|b", 0)])


class Verbs:
    async def stats(self) -> Stats:
        return Stats()


def run(ctx: Any, **payload: Any) -> Any:
    ctx.gopher = Verbs()
    return anyio.run(report, msgspec.convert(payload, Report), ctx)


@pytest.fixture
def sales(tmp_path: Path) -> Path:
    path = tmp_path / "sales.csv"
    path.write_text("region,amount\n<b>,0.1\nnorth,10\n<b>,0.2\n")
    return path


def test_a_daily_summary_tells_of_the_queue_itself(ctx: Any) -> None:
    result = run(ctx, report_type="daily_summary")

    text = Path(result["output"]).read_text()
    assert ctx.settings.home / "reports" / "daily_summary-job-1.md" == Path(result["output"])
    assert text.startswith("# Daily summary\n")
    assert "| pending | 12 |\n" in text
    assert "| server.version | 9.0 |\n" in text
    assert "| a\\|b | 0 |\n" in text
    assert result["totals"] == {"pending": 12, "failed": 3}


def test_a_file_of_rows_is_grouped_and_added_up(ctx: Any, sales: Path) -> None:
    result = run(ctx, report_type="sales", source=str(sales), group_by="region", sum="amount", format="json")

    by_region, totals = json.loads(Path(result["output"]).read_text())["tables"]
    assert by_region["rows"] == [
        {"region": "<b>", "count": 2, "amount": 0.3},
        {"region": "north", "count": 1, "amount": 10},
    ]
    assert totals["rows"] == [{"count": 3, "amount": 10.3}]
    assert (result["rows"], result["groups"]) == (3, 2)


def test_html_shows_the_data_as_text(ctx: Any, sales: Path) -> None:
    text = Path(run(ctx, source=str(sales), group_by="region", format="html")["output"]).read_text()

    assert "<td>&lt;b&gt;</td>" in text
    assert "<b>" not in text


def test_csv_holds_the_first_table(ctx: Any, sales: Path, tmp_path: Path) -> None:
    run(ctx, source=str(sales), group_by=["region"], output=str(tmp_path / "r.csv"))

    with open(tmp_path / "r.csv", newline="") as file:
        assert list(csv.reader(file)) == [["region", "count"], ["<b>", "2"], ["north", "1"]]


def test_a_report_without_rows_is_discarded(ctx: Any) -> None:
    with pytest.raises(Discard, match="needs a source"):
        run(ctx, report_type="sales")


def test_an_unknown_format_is_discarded(ctx: Any) -> None:
    with pytest.raises(Discard, match="use md, html, json, csv"):
        run(ctx, format="pdf")


def test_a_report_type_cannot_leave_the_reports(ctx: Any, sales: Path) -> None:
    result = run(ctx, report_type="../../evil", source=str(sales))

    assert ctx.settings.home / "reports" == Path(result["output"]).parent
