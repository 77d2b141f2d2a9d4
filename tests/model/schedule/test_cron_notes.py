"""What stands beside an instant where clocks change."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from gopher_cli.model.schedule.cron import parse_cron
from gopher_cli.model.schedule.cron_notes import notes_on
from model.schedule.test_cron_minutes import EXPRESSIONS, ODD, ZONES

BERLIN, NEW_YORK, LORD_HOWE = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"
GAP = "does not exist that day: at the end of the gap"
FIRST, SECOND = "comes twice that day: the first one", "comes twice that day: the second one"


def notes(zone: str, text: str, day: str) -> dict[str, str]:
    """What clocks show at each instant of a date, with what stands beside it."""
    cron = parse_cron(text, zone)
    found = {i: datetime.fromtimestamp(i, cron.zone) for i in cron.on(date.fromisoformat(day))}
    return {f"{at:%H:%M%z}": notes_on(cron, i) for i, at in found.items()}


@pytest.mark.parametrize(
    ("zone", "text", "day", "beside"),
    [
        (NEW_YORK, "30 2 * * *", "2026-03-08", {"03:00-0400": f"02:30 {GAP}"}),
        (NEW_YORK, "30 1 * * *", "2026-11-01", {"01:30-0400": f"01:30 {FIRST}"}),
        (BERLIN, "30 2 * * *", "2026-03-28", {"02:30+0100": ""}),
        (BERLIN, "30 2 * * *", "2026-03-29", {"03:00+0200": f"02:30 {GAP}"}),
        (BERLIN, "0 0 * * *", "2026-03-29", {"00:00+0100": ""}),
        (BERLIN, "*/15 2 * * *", "2026-03-29",
         {"03:00+0200": "02:00, 02:15, 02:30 and 02:45 do not exist that day: once, at the end of the gap"}),
        (BERLIN, "*/12 2 * * *", "2026-03-29",
         {"03:00+0200": "02:00 to 02:48 do not exist that day: once, at the end of the gap"}),
        (BERLIN, "*/5 2 * * *", "2026-03-29",
         {"03:00+0200": "02:00 to 02:55 do not exist that day: once, at the end of the gap"}),
        (BERLIN, "0 2,3 * * *", "2026-03-29",
         {"03:00+0200": "02:00 does not exist that day: one run with 03:00"}),
        (BERLIN, "0,30 2,3 * * *", "2026-03-29",
         {"03:00+0200": "02:00 and 02:30 do not exist that day: one run with 03:00", "03:30+0200": ""}),
        (BERLIN, "*/30 2 * * *", "2026-10-25",
         {"02:00+0200": f"02:00 {FIRST}", "02:30+0200": f"02:30 {FIRST}"}),
        (BERLIN, "0 1,3 * * *", "2026-10-25", {"01:00+0200": "", "03:00+0100": ""}),
        (LORD_HOWE, "15 2 * * *", "2026-10-04", {"02:30+1100": f"02:15 {GAP}"}),
        (LORD_HOWE, "45 1 * * *", "2026-04-05", {"01:45+1100": f"01:45 {FIRST}"}),
        ("America/Sao_Paulo", "0 0 * * *", "2018-11-04", {"01:00-0200": f"00:00 {GAP}"}),
        ("America/Sao_Paulo", "30 23 * * *", "2018-02-17", {"23:30-0200": f"23:30 {FIRST}"}),
        ("Pacific/Apia", "0 12 * * *", "2011-12-30", {}),
        ("Pacific/Apia", "0 12 * * *", "2011-12-29", {"12:00-1000": ""}),
        ("Pacific/Apia", "0 12 * * *", "2011-12-31",
         {"12:00+1400": "2011-12-30 does not exist there: left out"}),
        ("Pacific/Apia", "0 12 * * *", "2012-01-01", {"12:00+1400": ""}),
        ("Pacific/Apia", "0 12 * * FRI", "2012-01-06",
         {"12:00+1400": "2011-12-30 does not exist there: left out"}),
        ("America/Nuuk", "30 23 * * *", "2024-03-30",
         {"00:00-0100": "23:30 does not exist on 2024-03-30: at the end of the gap"}),
        ("America/Nuuk", "0 0,23 * * SUN", "2024-03-31", {"00:00-0100": "", "23:00-0100": ""}),
    ],
)  # fmt: skip
def test_fixed_hours_say_what_stands_for_what(zone: str, text: str, day: str, beside: dict[str, str]) -> None:
    assert notes(zone, text, day) == beside


def test_hours_with_a_star_say_which_of_two_it_is_and_nothing_of_gaps() -> None:
    found = notes(NEW_YORK, "0 * * * *", "2026-11-01")
    assert {at: note for at, note in found.items() if note} == {
        "01:00-0400": f"01:00 {FIRST}", "01:00-0500": f"01:00 {SECOND}",
    }  # fmt: skip
    assert not any(notes(NEW_YORK, "*/30 * * * *", "2026-03-08").values())
    found = notes(LORD_HOWE, "0,45 * * * *", "2026-04-05")
    assert {at: note for at, note in found.items() if note} == {
        "01:45+1100": f"01:45 {FIRST}", "01:45+1030": f"01:45 {SECOND}",
    }  # fmt: skip


def test_a_date_whose_only_time_is_in_a_gap_is_left_out_where_hours_have_a_star() -> None:
    assert notes("America/Sao_Paulo", "0 */24 * * *", "2018-11-04") == {}
    assert notes("America/Sao_Paulo", "0 */24 * * *", "2018-11-05") == {
        "00:00-0200": "00:00 does not exist on 2018-11-04: left out"
    }


def test_an_instant_before_the_first_that_is_searched_for_has_nothing_beside_it() -> None:
    cron = parse_cron("0 0 * * *")
    first = cron.before(-60_000_000_000)
    assert first is not None and notes_on(cron, first) == ""


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_beside_most_instants_stands_nothing_and_none_is_an_error(text: str) -> None:
    for zone, day in [*((zone, date(2026, 7, 1)) for zone in ZONES), *ODD]:
        cron = parse_cron(text, zone)
        for offset in (-1, 0, 1):
            for instant in cron.on(date.fromordinal(day.toordinal() + offset))[::7]:
                assert notes_on(cron, instant) == "" or (zone, day) in ODD
