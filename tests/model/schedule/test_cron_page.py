"""docs/cron.md says what is so."""

from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path

import pytest

from gopher_cli.model.schedule.cron import parse_cron
from gopher_cli.model.schedule.cron_words import describe_every
from gopher_cli.model.text.duration import parse_duration

PAGE = (Path(__file__).parents[3] / "docs" / "cron.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (\S+/\S+) \| `(.+?)` \| ([0-9-]{10}) \| (.+?) \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("zone", "text", "day", "runs"), ROWS)
def test_each_row_of_its_table_is_so(zone: str, text: str, day: str, runs: str) -> None:
    cron = parse_cron(text, zone)
    found = cron.on(date.fromisoformat(day))
    if runs.isdecimal():
        assert len(found) == int(runs)
    else:
        shown = [datetime.fromtimestamp(instant, cron.zone) for instant in found]
        assert [at.isoformat(timespec="minutes")[11:] for at in shown] == runs.split()


def test_its_table_is_read() -> None:
    assert len(ROWS) == PAGE.count("| 20") > 10


def test_its_weeks_begin_as_it_says() -> None:
    assert "`--every 7d` runs on Thursdays at 00:00 UTC" in PAGE
    assert describe_every(7 * 86_400) == "every Thursday at 00:00, UTC"
    assert "with `--offset 4d9h` on Mondays at 09:00" in PAGE
    assert describe_every(7 * 86_400, round(parse_duration("4d9h"))) == "every Monday at 09:00, UTC"


def test_expressions_of_its_text_are_taken_or_refused_as_it_says() -> None:
    for text in re.findall(r"`((?:[^\s`]+ ){4}[^\s`]+)`", PAGE):
        if text == "0 0 31 2 *":
            with pytest.raises(ValueError, match="never matches"):
                parse_cron(text)
        else:
            assert parse_cron(text).after(0) is not None
    for minute in ("*/15", "5/20", "H/15", "H(0-29)", "H(0-29)/10"):
        assert f"`{minute}`" in PAGE and parse_cron(f"{minute} * * * *")
    for weekday in ("MON#2", "L5", "?", "FRI-MON"):
        assert f"`{weekday}`" in PAGE and parse_cron(f"0 0 * * {weekday}")
    with pytest.raises(ValueError, match="passes the end"):
        parse_cron("*/90 * * * *")
