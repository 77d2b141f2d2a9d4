"""Expressions against a walk over every minute, and against cronsim, which follows Debian's cron."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gopher_cli.model.schedule.cron import parse_cron
from model.cron_rule import Rule, Walk, around, changes

ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kathmandu",
    "Africa/Casablanca", "America/St_Johns", "Pacific/Apia", "Africa/Cairo", "Asia/Tehran", "Europe/Dublin",
)  # fmt: skip
EXPRESSIONS = (
    "* * * * *", "*/7 * * * *", "0 * * * *", "*/30 * * * *", "5 */2 * * *", "0 */5 * * *", "1,31 *,3 * * *",
    "30 1 * * *", "30 2 * * *", "*/15 2 * * *", "0,30 1-3 * * *", "0 0 * * *", "15 0 * * *", "59 23 * * *",
    "0 12 * * *", "0 9-17 * * MON-FRI", "0 3 * * 0", "0 3 * * 7", "30 2 * * SUN", "0 0 1 * *", "0 0 15 * *",
    "0 0 L * *", "30 2 31 3,10 *", "0 0 29 2 *", "0 4 8-14 * *", "0 0 1 1 *", "0 2 * 3,10,11 *",
    "0 0 13 * FRI", "0 0 */2 * MON", "*/20 1,2 * * SAT,SUN", "0 0 * * MON#1", "0 0 * * SUN#5", "30 1 * * L0",
    "0 22-2 * * *", "0 0 1,L * *", "0 0 * JAN-MAR/2 *", "0 23 * * *", "0 1 * * *", "45 2 * * *", "0 3 * * *",
)  # fmt: skip
FIRST, LAST = date(2021, 1, 1), date(2026, 1, 1)
DAYS = (LAST - FIRST).days
ODD = (  # clocks that pass midnight, countries that left out a day, shifts of half an hour to three
    ("America/St_Johns", date(2010, 11, 7)), ("America/St_Johns", date(2011, 3, 13)),
    ("America/Sao_Paulo", date(2018, 2, 18)), ("America/Sao_Paulo", date(2018, 11, 4)),
    ("Pacific/Apia", date(2011, 12, 30)), ("Pacific/Kwajalein", date(1993, 8, 21)),
    ("Antarctica/Troll", date(2021, 3, 28)), ("Asia/Gaza", date(2011, 8, 1)),
    ("Antarctica/Casey", date(2009, 10, 17)), ("Asia/Beirut", date(2023, 3, 30)),
    ("Pacific/Norfolk", date(2021, 4, 4)), ("America/Nuuk", date(2024, 3, 30)),
    ("America/Nuuk", date(2024, 10, 26)), ("America/Caracas", date(2016, 5, 1)),
    ("Asia/Manila", date(1990, 5, 21)),
)  # fmt: skip


def check(zone: str, first: date, days: int) -> None:
    """Forwards all of them, and from some of them to their neighbours."""
    walk = Walk(ZoneInfo(zone), first, days)
    for text in EXPRESSIONS:
        cron, expected = parse_cron(text, zone), walk.expected(Rule(text))
        found = list(cron.between(walk.begin - 1, walk.end - 1))
        assert walk.minutes(found) == expected, f"{text} in {zone} from {first} on"
        assert len(found) == sum(expected) == cron.count(walk.begin - 1, walk.end - 1), "none of them twice"
        for one, following in list(pairwise(found))[:: len(found) // 20 + 1]:
            assert (cron.after(one), cron.before(following)) == (following, one)
            assert cron.after(following - 0.5) == following == cron.before(following + 0.5)


@pytest.mark.parametrize("zone", ZONES)
def test_around_changes_of_clocks_every_minute_is_as_the_rule_says(zone: str) -> None:
    for day in list(changes(ZoneInfo(zone), FIRST, DAYS))[:2] or [FIRST]:
        check(zone, day - timedelta(days=1), 3)


@pytest.mark.parametrize(("zone", "day"), ODD)
def test_so_it_is_where_clocks_did_what_nobody_expects(zone: str, day: date) -> None:
    check(zone, day - timedelta(days=2), 4)


@pytest.mark.parametrize(("zone", "day"), [ODD[0], ODD[3], ("America/Nuuk", date(2024, 3, 31))])
def test_around_midnight_instants_are_counted_to_the_minute(zone: str, day: date) -> None:
    begin, end = seconds(day) - 12 * 3600, seconds(day) + 16 * 3600
    for text in ("*/9 * * * *", "0,30,59 0-3,22,23 * * *"):
        cron = parse_cron(text, zone)
        found = [begin, *cron.between(begin, end)]
        for number, instant in enumerate(found):
            assert cron.count(begin, instant) == number
            assert cron.count(instant, end) == len(found) - 1 - number


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("zone", ZONES)
def test_in_five_years_every_minute_is_as_the_rule_says(zone: str) -> None:
    check(zone, FIRST, DAYS)


# cronsim


AS_DEBIAN_WRITES_IT = {"0 22-2 * * *": "0 0-2,22-23 * * *", "30 1 * * L0": "30 1 * * 0L"}


def has_another_rule(text: str, zone: str) -> bool:
    """On days on which clocks change.

    A star in the minutes makes Debian's cron forget that the hours are fixed: `*/15 2 * * *` runs not at all
    in a gap, and twice as often in an overlap. We ask the hours alone. Where clocks change by half an hour
    cronsim goes on in whole hours of elapsed time, and passes over 02:05 after 01:30: a mistake, not a rule.
    """
    minute, hour = text.split()[:2]
    if "*" in hour:
        return zone == "Australia/Lord_Howe"
    return "*" in minute


def simulated(text: str, zone: str, begin: int, end: int) -> list[int]:
    """As a set: it repeats the end of a gap for each time in it; ours is one run."""
    from cronsim import CronSim

    found = set()
    start = datetime.fromtimestamp(begin - 60, ZoneInfo(zone))
    for at in CronSim(AS_DEBIAN_WRITES_IT.get(text, text), start):
        instant = int(at.timestamp())
        if instant >= end:
            return sorted(found)
        found.add(instant)
    raise AssertionError("cronsim never ends")


def compare(text: str, zone: str, begin: int, end: int) -> int:
    """How many instants were the same."""
    place = ZoneInfo(zone)
    found = list(parse_cron(text, zone).between(begin - 1, end - 1))
    expected = simulated(text, zone, begin, end)
    if has_another_rule(text, zone):
        left_out = set(around(list(changes(place, FIRST, DAYS))))
        found, expected = (
            [i for i in some if datetime.fromtimestamp(i, place).date() not in left_out]
            for some in (found, expected)
        )
    assert found == expected, f"{text} in {zone}"
    return len(found)


def seconds(day: date) -> int:
    return int(datetime.combine(day, datetime.min.time(), UTC).timestamp())


@cache
def is_dense(text: str) -> bool:
    return len(parse_cron(text).times) > 20


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("zone", ZONES)
def test_in_five_years_cronsim_finds_the_same_where_its_rule_is_ours(zone: str) -> None:
    """What runs more than twenty times a day: around changes only; cronsim takes minutes for the rest."""
    count = 0
    for text in EXPRESSIONS:
        if not is_dense(text):
            count += compare(text, zone, seconds(FIRST), seconds(LAST))
            continue
        for day in list(changes(ZoneInfo(zone), FIRST, DAYS)) or [FIRST]:
            count += compare(text, zone, seconds(day - timedelta(days=1)), seconds(day + timedelta(days=3)))
    assert count > 80_000


# Both directions


@given(
    text=st.sampled_from(EXPRESSIONS),
    zone=st.sampled_from([*ZONES, *(zone for zone, _ in ODD)]),
    first=st.integers(0, 4_102_444_800),  # 1970 to 2100
    days=st.integers(0, 400),
)
def test_backwards_come_the_same_instants_in_reverse(text: str, zone: str, first: int, days: int) -> None:
    cron, last = parse_cron(text, zone), first + days * 86_400
    forwards = []
    instant = cron.after(first)
    while instant is not None and instant <= last and len(forwards) < 50:
        forwards.append(instant)
        instant = cron.after(instant)
    assert len(forwards) == 50 or cron.count(first, last) == len(forwards)
    assert [i for i, _ in zip(cron.between(first, last), range(50), strict=False)] == forwards
    backwards = []
    if forwards:
        backwards.append(cron.before(forwards[-1] + 1))
    while len(backwards) < len(forwards):
        backwards.append(cron.before(backwards[-1]))
    assert backwards[::-1] == forwards


@given(
    text=st.sampled_from(EXPRESSIONS),
    place=st.sampled_from([(zone, None) for zone in ZONES] + list(ODD)),
    number=st.integers(0, DAYS - 1),
)
def test_an_instant_belongs_to_one_date_and_dates_hold_all_of_them(
    text: str, place: tuple[str, date | None], number: int
) -> None:
    zone, odd = place
    day = odd + timedelta(days=number % 5 - 2) if odd else FIRST + timedelta(days=number)
    cron = parse_cron(text, zone)
    dates = [cron.on(day + timedelta(days=n)) for n in (-2, -1, 0, 1, 2)]
    begin, end = seconds(day), seconds(day) + 86_400  # of UTC: within the five dates anywhere
    together = sorted({i for some in dates for i in some if begin <= i < end})
    assert list(cron.between(begin - 1, end - 1)) == together
    assert cron.count(begin - 1, end - 1) == len(together)
