"""Which instants an expression means: also where clocks change, forwards and backwards."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from gopher_cli.model.cron import Cron, parse_cron

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
FIRST, YEARS = date(2021, 1, 1), 5


def shown(cron: Cron, day: str) -> list[str]:
    """What clocks there show at the instants of a date, with the offset in hours."""
    found = [datetime.fromtimestamp(i, cron.zone) for i in cron.on(date.fromisoformat(day))]
    return [f"{at:%H:%M}{at:%z}"[:8] for at in found]


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


# Against a walk over every minute, which knows the rule but neither dates nor gaps.


class Minute:
    """A minute as clocks show it, and what they have shown before and since."""

    __slots__ = ("again", "at", "jumped", "local")

    def __init__(self, at: int, local: datetime, jumped: list[datetime], again: bool) -> None:
        self.at, self.local, self.jumped, self.again = at, local, jumped, again


def minutes(zone: ZoneInfo, first: date, days: int) -> Iterator[Minute]:
    """``jumped``: local minutes left out just before; ``again``: clocks have shown this minute before."""
    start = int(datetime.combine(first, datetime.min.time(), UTC).timestamp())
    latest: datetime | None = None
    for at in range(start - 86_400, start + days * 86_400, 60):
        local = datetime.fromtimestamp(at, zone).replace(tzinfo=None, fold=0)
        jumped, again = [], False
        if latest is not None:
            missing = int((local - latest).total_seconds() // 60) - 1
            jumped = [latest + timedelta(minutes=n + 1) for n in range(max(0, missing))]
            again = missing < 0
        latest = local if latest is None or local > latest else latest
        if at >= start:
            yield Minute(at, local, jumped if len(jumped) <= 180 else [], again)


def expected(cron: Cron, minute: Minute) -> bool:
    """The rule, said of a minute."""

    def matches(local: datetime) -> bool:
        in_time = local.minute in cron.minutes and local.hour in cron.hours
        return in_time and cron.days.match(local.date())

    if cron.elapsed:
        return matches(minute.local)
    return (matches(minute.local) and not minute.again) or any(map(matches, minute.jumped))


def near_changes(zone: ZoneInfo, first: date, days: int) -> list[date]:
    """The day before each change of the clocks."""
    found = []
    for n in range(days):
        day = first + timedelta(days=n)
        noon = datetime.combine(day, datetime.min.time().replace(hour=12), UTC)
        offsets = {zone.utcoffset((noon + timedelta(days=d)).astimezone(zone)) for d in (0, 1)}
        if len(offsets) > 1:
            found.append(day)
    return found


def check(zone_name: str, first: date, days: int, texts: tuple[str, ...]) -> None:
    zone, crons = ZoneInfo(zone_name), [parse_cron(text, zone_name) for text in texts]
    walk = list(minutes(zone, first, days))
    begin, end = walk[0].at, walk[-1].at + 60
    for cron in crons:
        want = [minute.at for minute in walk if expected(cron, minute)]
        assert list(cron.between(begin - 1, end - 1)) == want, f"{cron.text} in {zone_name} from {first} on"
        for one, following in list(pairwise(want))[:: len(want) // 20 + 1]:
            assert (cron.after(one), cron.before(following)) == (following, one)
            assert cron.after(following - 0.5) == following == cron.before(following + 0.5)


@pytest.mark.parametrize("zone", ZONES)
def test_around_each_change_of_clocks_every_minute_is_as_the_rule_says(zone: str) -> None:
    changes = near_changes(ZoneInfo(zone), FIRST, YEARS * 366)
    for day in changes[:2] or [FIRST]:
        check(zone, day - timedelta(days=1), 3, EXPRESSIONS)


# What is written


WRONG = {
    "the minute": ["61 * * * *", "R * * * *", "*/0 * * * *", "? * * * *", ", * * * *", "1,, * * * *"],
    "the hour": ["* 25 * * *", "* 1-2-3 * * *", "* x * * *"], "the month": ["* * * 13 *", "* * * FOO *"],
    "the day of month": ["* * 32 * *", "* * 15W * *", "* * L-3 * *", "* * 0 * *"],
    "the day of week": ["* * * * 8", "* * * * MON#6", "* * * * L9"],
    "never matches": ["0 0 31 2 *", "0 0 30 2 *", "0 0 31 4,6,9,11 *"],
    "seconds are not taken": ["0 0 * * * *", "0 0 * * * * *"], "0 fields": [""], "2 fields": ["@every 5m"],
    "'@reboot' is not known": ["@reboot"], "at most 200": ["9" * 201],
}  # fmt: skip


@pytest.mark.parametrize(("text", "why"), [(text, why) for why, texts in WRONG.items() for text in texts])
def test_what_is_not_valid_is_refused_by_its_field(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_cron(text)


def test_a_zone_that_is_not_known_is_refused() -> None:
    for name in (
        "Mars/Olympus",
        "",
        "../etc/passwd",
        "/etc/localtime",
        "Europe/Berlin\x00",
        "europe\nberlin",
    ):
        with pytest.raises(ValueError, match="is not a time zone here"):
            parse_cron("* * * * *", name)


def test_names_ranges_steps_and_aliases_mean_what_cron_means_by_them() -> None:
    assert parse_cron("0 0 * JAN sun") == parse_cron("0 0 * 1 0")
    assert parse_cron("@daily").on(date(2026, 1, 1)) == parse_cron("0 0 * * *").on(date(2026, 1, 1))
    assert parse_cron("@Hourly").text == "0 * * * *"
    assert shown(parse_cron("0 22-2 * * *"), "2026-01-01") == [f"{h:02}:00+00" for h in (0, 1, 2, 22, 23)]
    assert parse_cron("0 0 ? * 1").days.either is False


def test_a_day_of_month_beside_a_day_of_week_means_either_of_them() -> None:
    cron = parse_cron("0 0 13 * FRI")
    assert [d for d in range(1, 31) if cron.on(date(2026, 11, d))] == [6, 13, 20, 27]
    assert [d for d in range(1, 31) if parse_cron("0 0 14 * FRI").on(date(2026, 11, d))] == [
        6,
        13,
        14,
        20,
        27,
    ]


def test_h_is_the_same_instant_for_the_same_name_and_another_for_others() -> None:
    assert parse_cron("H H * * *", key="q/a") == parse_cron("H H * * *", key="q/a")
    assert len({parse_cron("H H * * *", key=f"q/{n}").minutes for n in range(50)}) > 10
    assert parse_cron("@daily", key="q/a") == parse_cron("@daily"), "what has no H is not scattered"
    assert parse_cron("0 0 * MAR THU", key="q/a") == parse_cron("0 0 * 3 4"), "nor is a name with an H in it"
