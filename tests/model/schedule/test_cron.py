"""Which instants an expression means: also where clocks change, forwards and backwards."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from gopher_cli.model.schedule.cron import Cron, parse_cron
from gopher_cli.model.schedule.cron_fields import Values


def shown(cron: Cron, day: str) -> list[str]:
    """What clocks there show at the instants of a date, with the offset in hours."""
    found = [datetime.fromtimestamp(i, cron.zone) for i in cron.on(date.fromisoformat(day))]
    return [f"{at:%H:%M}{at:%z}"[:8] for at in found]


@pytest.mark.row("S5")
@pytest.mark.parametrize(
    ("zone", "text", "day", "runs"),
    [
        ("America/New_York", "30 2 * * *", "2026-03-08", ["03:00-04"]),
        ("America/New_York", "30 1 * * *", "2026-11-01", ["01:30-04"]),
        ("America/New_York", "0 * * * *", "2026-11-01", 25),
        ("America/New_York", "*/30 * * * *", "2026-03-08", 46),
        ("Europe/Berlin", "*/15 2 * * *", "2026-03-29", ["03:00+02"]),
        ("Europe/Berlin", "0 2,3 * * *", "2026-03-29", ["03:00+02"]),
        ("Europe/Berlin", "*/15 2 * * *", "2026-10-25", ["02:00+02", "02:15+02", "02:30+02", "02:45+02"]),
        ("Australia/Lord_Howe", "15 2 * * *", "2026-10-04", ["02:30+11"]),
        ("America/Sao_Paulo", "0 0 * * *", "2018-11-04", ["01:00-02"]),
        ("Pacific/Apia", "0 12 * * *", "2011-12-30", []),
        ("Pacific/Apia", "0 * * * *", "2011-12-30", []),
    ],
)
def test_where_clocks_change_the_hour_field_decides(
    zone: str, text: str, day: str, runs: list[str] | int
) -> None:
    found = shown(parse_cron(text, zone), day)
    assert (len(found) if isinstance(runs, int) else found) == runs


def test_an_instant_itself_is_neither_after_nor_before_it() -> None:
    cron = parse_cron("0 3 * * *")
    at = cron.after(1_767_225_600)
    assert at == 1_767_236_400
    assert (cron.after(at), cron.before(at)) == (at + 86_400, at - 86_400)
    assert (cron.after(at - 0.001), cron.before(at + 0.001)) == (at, at)
    assert list(cron.between(at, at)) == [] and list(cron.between(at - 1, at)) == [at]
    assert list(cron.between(at - 86_400, at + 86_400)) == [at, at + 86_400]
    assert list(cron.between(at, at - 86_400)) == []
    assert (cron.count(at, at), cron.count(at - 1, at + 86_400), cron.count(at, at - 86_400)) == (0, 2, 0)


def test_the_rarest_date_is_reached_in_both_directions() -> None:
    cron = parse_cron("0 0 * 2 SUN#5")
    leap = [int(datetime(year, 2, 29, tzinfo=UTC).timestamp()) for year in (2060, 2088, 2128)]
    assert leap[2] == cron.after(leap[1]), "2100 is no leap year: forty years without one"
    assert list(cron.between(leap[0] - 1, leap[2])) == leap
    assert cron.before(leap[2]) == leap[1]


def test_what_never_matches_is_nothing_after_forty_years() -> None:
    cron = parse_cron("0 0 31 1 *")
    never = replace(cron, days=cron.days._replace(months=Values((2,))))
    assert (never.after(0), never.before(0), list(never.between(0, 1e9))) == (None, None, [])


def test_instants_of_decades_are_counted_without_a_walk_over_each() -> None:
    begin, end = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (2010, 2030))
    assert parse_cron("* * * * *", "Europe/Berlin").count(begin, end) == (end - begin) // 60
    assert parse_cron("0 0 29 2 *").count(begin, end) == 5
    assert parse_cron("30 2 * * *", "Europe/Berlin").count(begin, end) == (end - begin) // 86_400
    assert parse_cron("0 0 29 2 *").count(0, end) == 15, "also over more than forty years"
    assert parse_cron("0 0 1 1 *").count(0, math.inf) == 7922, "as far as dates are walked"


def test_a_fraction_of_a_second_however_small_is_one() -> None:
    cron = parse_cron("0 0 * * *")
    assert (cron.before(5e-324), cron.after(5e-324), cron.after(-5e-324)) == (0, 86_400, 0)
    at = 1_699_920_000
    assert cron.before(math.nextafter(at, math.inf)) == at == cron.after(math.nextafter(at, 0))
    assert cron.count(math.nextafter(at, 0), at) == 1 == len(list(cron.between(math.nextafter(at, 0), at)))
    assert cron.count(at - 1, math.nextafter(at, 0)) == 0


@pytest.mark.parametrize("instant", [math.inf, -math.inf, math.nan, 1e30, -1e30, 3e11, -7e10])
def test_beyond_the_calendar_is_nothing(instant: float) -> None:
    cron = parse_cron("* * * * *", "Europe/Berlin")
    assert (cron.after(instant), cron.before(instant)) == (None, None)
    assert list(cron.between(instant, instant)) == [] and cron.count(instant, instant) == 0


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12", "Europe/Berlin", "America/New_York"])
def test_up_to_its_ends_the_calendar_is_walked_in_both_directions(zone: str) -> None:
    for end in (-60_000_000_000, 250_000_000_000):
        for text, longest in (("* * * * *", 60), ("0 0 * 2 MON#5", 41 * 366 * 86_400)):
            cron = parse_cron(text, zone)
            later, earlier = cron.after(end), cron.before(end)
            assert later is not None and earlier is not None
            assert 0 < later - end <= longest and 0 < end - earlier <= longest


def test_the_same_expression_is_the_same_value_and_is_read_once() -> None:
    assert (
        parse_cron("0 0 * * MON") == parse_cron("00 0 * * 1")
        and len({parse_cron("0 0 * * MON"), parse_cron("0 0 * * 1")}) == 1
    )
    assert parse_cron("0 0 * * *", "UTC") != parse_cron("0 0 * * *", "Europe/Berlin")
    assert parse_cron("0 0 * * *") is parse_cron("0 0 * * *")
