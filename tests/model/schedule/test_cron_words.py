"""When something recurs, in plain English, and never the same words for two that differ."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from itertools import product
from random import Random
from typing import Any

import pytest

from gopher_cli.model.schedule.cron import Cron, parse_cron
from gopher_cli.model.schedule.cron_words import describe, describe_every
from gopher_cli.model.schedule.interval import Interval

BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        # Times of all days
        ("0 3 * * *", "every day at 03:00"),
        ("0 9,17 * * *", "every day at 09:00 and 17:00"),
        ("*/15 2 * * *", "every day at 02:00, 02:15, 02:30 and 02:45"),
        ("0 22-2 * * *", "every day at 00:00, 01:00, 02:00, 22:00 and 23:00"),
        ("0 9-17 * * *", "every day, every hour from 09:00 to 17:00"),
        ("*/15 9-17 * * *", "every day, every 15 minutes from 09:00 to 17:45"),
        ("0 8-20/2 * * *", "every day, every 2 hours from 08:00 to 20:00"),
        ("* 9-17 * * *", "every day, every minute from 09:00 to 17:59"),
        ("0 0-23 * * *", "every day, every hour from 00:00 to 23:00"),
        ("@daily", "every day at 00:00"),
        # Hours with a star
        ("* * * * *", "every minute"),
        ("*/15 * * * *", "every 15 minutes"),
        ("0 * * * *", "every hour"),
        ("5 * * * *", "at minute 5 of every hour"),
        ("1,31 *,3 * * *", "at minutes 1 and 31 of every hour"),
        ("0 */2 * * *", "every 2 hours"),
        ("0 */12 * * *", "every 12 hours"),
        ("5 */2 * * *", "every 2 hours, at minute 5"),
        ("*/30 */6 * * *", "every 6 hours, at minutes 0 and 30"),
        ("*/20 * * * SAT,SUN", "Saturday and Sunday, every 20 minutes"),
        ("5 * 1 * *", "on the 1st of each month, at minute 5 of every hour"),
        # Days of the week
        ("0 9,17 * * MON-FRI", "Monday to Friday at 09:00 and 17:00"),
        ("0 9-17 * * 1-5", "Monday to Friday, every hour from 09:00 to 17:00"),
        ("0 3 * * 7", "every Sunday at 03:00"),
        ("0 3 * * SAT,SUN", "Saturday and Sunday at 03:00"),
        ("0 3 * * 1,3,5", "Monday, Wednesday and Friday at 03:00"),
        ("0 3 * * 0,2", "Tuesday and Sunday at 03:00"),
        ("0 3 * * FRI-MON", "Friday to Monday at 03:00"),
        ("0 3 * * SUN-TUE", "Sunday to Tuesday at 03:00"),
        ("0 0 * * MON#1", "on the 1st Monday of each month at 00:00"),
        ("0 0 * * TUE#2,TUE#4", "on the 2nd Tuesday and the 4th Tuesday of each month at 00:00"),
        ("0 0 * 3 L5", "on the last Friday of March at 00:00"),
        ("0 3 * 6 MON", "every Monday in June at 03:00"),
        ("0 3 * 6-8 MON,TUE", "Monday and Tuesday from June to August at 03:00"),
        # Days of the month
        ("0 0 1 * *", "on the 1st of each month at 00:00"),
        ("0 0 1,15 * *", "on the 1st and the 15th of each month at 00:00"),
        ("0 0 2,3,22 * *", "on the 2nd, the 3rd and the 22nd of each month at 00:00"),
        ("0 0 11-13 * *", "on the 11th to the 13th of each month at 00:00"),
        ("0 0 31 * *", "on the 31st of each month that has one at 00:00"),
        ("0 0 L * *", "on the last day of each month at 00:00"),
        ("0 0 1,L * *", "on the 1st and the last day of each month at 00:00"),
        ("0 0 31,L * *", "on the 31st and the last day of each month at 00:00"),
        ("0 0 1 1 *", "on the 1st of January at 00:00"),
        ("0 0 1 1,4,7,10 *", "on the 1st of January, April, July and October at 00:00"),
        ("0 0 1 11-2 *", "on the 1st of each month from November to February at 00:00"),
        ("0 2 */2 * *", "on odd days of each month at 02:00"),
        ("0 2 2-30/2 6 *", "on even days of June at 02:00"),
        ("0 0 13 * FRI", "on the 13th of each month and every Friday at 00:00"),
        ("0 0 1-7 * MON", "on the 1st to the 7th of each month and every Monday at 00:00"),
        ("0 0 13 * 0-6", "every day at 00:00"),
        ("0 0 1-31 * MON", "every day at 00:00"),
        ("0 0 * 6 *", "every day in June at 00:00"),
        ("0 0 * 3,10,11 *", "every day in March, October and November at 00:00"),
        ("0 0 * 1-3 *", "every day from January to March at 00:00"),
        # No sentence would be plain
        ("*/7 * * * *", "*/7 * * * *"),
        ("*/7 9-17 * * *", "*/7 9-17 * * *"),
        ("0 */5 * * *", "0 */5 * * *"),
        ("0 */24 * * *", "0 */24 * * *"),
        ("* */2 * * *", "* */2 * * *"),
        ("0 0 */3 * *", "0 0 */3 * *"),
        ("0 0 1-31/2,L * *", "0 0 1-31/2,L * *"),
        ("0 0 */2 * MON", "0 0 */2 * MON"),
        ("0 0 1-7/2 * ?", "on the 1st, the 3rd, the 5th and the 7th of each month at 00:00"),
        ("0 0 13 6 FRI", "0 0 13 6 FRI"),
        ("0 0 */2 * MON#1", "0 0 */2 * MON#1"),
        ("0 0 1-13/2 * FRI", "0 0 1-13/2 * FRI"),
        ("0 0 * * 1#1,2#1,3#1,4#1,5#1,6#1,0#1", "0 0 * * 1#1,2#1,3#1,4#1,5#1,6#1,0#1"),
    ],
)
def test_a_cron_expression_in_words(text: str, words: str) -> None:
    anywhere = words == "every minute"
    assert describe(parse_cron(text, BERLIN)) == (words if anywhere else f"{words}, {BERLIN}")


def test_utc_is_not_said_where_each_hour_of_each_day_is_alike() -> None:
    for text, words in (
        ("*/15 * * * *", "every 15 minutes"),
        ("5 * * * *", "at minute 5 of every hour"),
        ("0 */2 * * *", "every 2 hours, UTC"),
        ("*/15 * * * 1-5", "Monday to Friday, every 15 minutes, UTC"),
        ("0 3 * * *", "every day at 03:00, UTC"),
        ("*/7 * * * *", "*/7 * * * *, UTC"),
    ):
        assert describe(parse_cron(text)) == words


def test_what_is_written_h_is_said_as_it_has_become() -> None:
    cron = parse_cron("H H * * thu", BERLIN, "q/a")
    assert describe(cron) == f"every Thursday at {cron.hours[0]:02}:{cron.minutes[0]:02}, {BERLIN}"
    cron = parse_cron("H */7 H MAR THU", BERLIN, "q/a")
    assert describe(cron) == f"{cron.minutes[0]} */7 {cron.days.days.numbers[0]} MAR THU, {BERLIN}"


@pytest.mark.parametrize(
    ("every", "offset", "words"),
    [
        (1, 0, "every second"), (30, 0, "every 30 seconds"), (60, 0, "every minute"),
        (90, 0, "every 90 seconds"), (900, 0, "every 15 minutes"), (3600, 0, "every hour"),
        (5400, 0, "every 90 minutes"), (7200, 0, "every 2 hours"), (3661, 0, "every 3 661 seconds"),
        (30, 5, "every 30 seconds, with an offset of 5 seconds"),
        (300, 60, "every 5 minutes, with an offset of 1 minute"),
        (3600, 300, "at minute 5 of every hour"), (900, 300, "at minutes 5, 20, 35 and 50 of every hour"),
        (3600, 301, "every hour, with an offset of 301 seconds"),
        (21_600, 1800, "every 6 hours from 00:30 on, UTC"),
        (21_600, 1801, "every 6 hours from 00:30:01 on, UTC"),
        (25_200, 3600, "every 7 hours, with an offset of 1 hour"),
        (86_400, 0, "every day at 00:00, UTC"), (86_400, 10_800, "every day at 03:00, UTC"),
        (172_800, 3600, "every 2 days at 01:00, UTC"),
        (172_800, 90_000, "every 2 days, with an offset of 25 hours"),
        (604_800, 0, "every Thursday at 00:00, UTC"), (604_800, 378_000, "every Monday at 09:00, UTC"),
        (1_209_600, 0, "every 2 weeks on Thursday at 00:00, UTC"),
        (1_209_600, 604_800, "every 2 weeks, with an offset of 1 week"),
    ],
)  # fmt: skip
def test_an_interval_in_words(every: int, offset: int, words: str) -> None:
    assert describe_every(every, offset) == words


FIELDS = (
    ("*", "0", "5", "*/15", "0,30", "5-59/15", "*/7", "0-59", "*/2", "H", "1,2,3,4,5,6,7"),
    ("*", "0", "3", "9,17", "9-17", "*/2", "*/5", "0-23", "0-22/2", "22-2", "*/12", "0,12", "*/24", "*,3"),
    ("*", "?", "1", "31", "1,15", "L", "1,L", "31,L", "1-7", "*/2", "1-31/2", "2/2", "1-31", "28-31", "29"),
    ("*", "1", "2", "1-3", "1,4,7,10", "11-2", "*/2", "2-12/2", "1-12", "FEB"),
    ("*", "?", "0", "1-5", "1,3,5", "FRI-MON", "MON#1", "L5", "MON#1,TUE#2", "0-6", "*/2", "0,2,4,6", "0,6"),
)  # fmt: skip
ZONES = ("UTC", "Europe/Berlin", "Asia/Kathmandu")


@cache
def dates(days: Any) -> tuple[tuple[int, ...], ...]:
    """In 28 years each month begins on each day of the week."""
    return tuple(days.of(year, month) for year in range(2001, 2029) for month in range(1, 13))


def meaning(cron: Cron) -> tuple[object, ...]:
    """Who has the same one has the same instants."""
    return tuple(cron.times), dates(cron.days), cron.elapsed, cron.zone.key if len(cron.times) < 1440 else ""


def test_two_that_differ_never_get_the_same_words() -> None:
    meanings: dict[str, set[tuple[object, ...]]] = defaultdict(set)
    written: dict[str, list[str]] = defaultdict(list)
    for fields in Random(11).sample(list(product(*FIELDS)), 1500):
        text = " ".join(fields)
        for zone in ZONES:
            try:
                cron = parse_cron(text, zone, f"q/{len(written)}")
            except ValueError:
                continue  # never matches
            meanings[describe(cron)].add(meaning(cron))
            if describe(cron)[0] in "*0123456789":
                assert meaning(parse_cron(describe(cron).rpartition(", ")[0], zone)) == meaning(cron)
            written[describe(cron)].append(text)
    assert [written[words] for words, found in meanings.items() if len(found) > 1] == []
    assert sum(len(texts) > 1 for texts in written.values()) > 30, "many of them mean the same as another"


def test_two_intervals_that_differ_never_get_the_same_words() -> None:
    spans = [1, 2, 30, 60, 90, 300, 600, 900, 1800, 3600, 5400, 7200, 21_600, 25_200, 43_200, 86_400, 172_800]
    spans += [604_800, 1_209_600, 777_777]
    offsets = [
        0,
        1,
        5,
        59,
        60,
        300,
        600,
        900,
        1800,
        3599,
        3600,
        7200,
        86_400,
        90_000,
        172_800,
        604_800,
        700_000,
    ]
    found = [(every, offset) for every in spans for offset in offsets if offset < every]
    assert len({describe_every(*one) for one in found}) == len(found)


def test_what_both_kinds_call_the_same_is_the_same() -> None:
    """A cron expression and an interval that share their words share their instants."""
    for text, every, offset in (
        ("*/15 * * * *", 900, 0), ("0 * * * *", 3600, 0), ("5 * * * *", 3600, 300),
        ("0 3 * * *", 86_400, 10_800), ("5-59/15 * * * *", 900, 300), ("0 9 * * MON", 604_800, 378_000),
    ):  # fmt: skip
        cron, interval = parse_cron(text), Interval(every, offset)
        assert describe(cron) == describe_every(every, offset)
        assert list(cron.between(0, 10**7)) == list(interval.between(0, 10**7))
