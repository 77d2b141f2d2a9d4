"""What may be written in the five fields, and what it means."""

from __future__ import annotations

import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gopher_cli.model.schedule.cron import parse_cron
from gopher_cli.model.schedule.cron_fields import DAY_OF_WEEK, FIELDS, MONTH, Field, parse_field
from gopher_cli.model.schedule.cron_notes import notes_on
from gopher_cli.model.schedule.cron_words import describe
from model.cron_rule import MONTHS, WEEKDAYS, Rule, numbers

WRONG = {
    "the minute": [
        "61 * * * *", "R * * * *", "? * * * *", ", * * * *", "1,, * * * *", "0-59/1," * 20 + " * * * *",
        "-1 * * * *", "+5 * * * *", "1.5 * * * *", "1e1 * * * *", "0x1 * * * *", "99999999999 * * * *",
        "0-99999999 * * * *", "*/99999999 * * * *", "1/2/3 * * * *", "1-2-3 * * * *", "*-5 * * * *",
        "**** * * * *", "L * * * *", "1#1 * * * *", "H(0-99999999) * * * *", "H(5-1) * * * *",
        "H(0-60) * * * *", "H(3) * * * *", "H,H * * * *", "H-5 * * * *", "５ * * * *",
        "٣ * * * *", "² * * * *",
        "0\u00a00 * * * *", "0\x000 * * * *", "0\n0 * * * *", "0\u20280 * * * *", "MON * * * *",
        "\u202e5 * * * *",
    ],
    "the hour": ["* 25 * * *", "* 24 * * *", "* 1-2-3 * * *", "* x * * *", "* 22-2/3 * * *", "* H/0 * * *"],
    "the day of month": [
        "* * 32 * *", "* * 15W * *", "* * LW * *", "* * L-3 * *", "* * L/2 * *", "* * 1-L * *", "* * LL * *",
        "* * L5 * *", "* * 0 * *", "* * 5-1 * *", "* * H(0-5) * *", "* * 1#1 * *", "* * JAN * *",
    ],
    "the month": [
        "* * * 13 *", "* * * 0 *", "* * * FOO *", "* * * JANUARY *", "* * * MRZ *", "* * * MÄR *",
        "* * * мар *",
        "* * * MON *", "* * * ? *", "* * * JA *", "* * * L *",
    ],
    "the day of week": [
        "* * * * 8", "* * * * MON#6", "* * * * MON#0", "* * * * MON#", "* * * * #1", "* * * * L",
        "* * * * L9", "* * * * LFRI", "* * * * 5L", "* * * * FRIL", "* * * * MONDAY", "* * * * LUN",
        "* * * * ПН", "* * * * 月", "* * * * 8#1", "* * * * JAN#1",
        "* * * * MON-FRI#1", "* * * * *#1", "* * * * JAN", "* * * * */8",
    ],
    "a step is 1 or more": ["*/0 * * * *", "* 1-5/00 * * *"],
    "passes the end of the field; give an interval instead": ["*/90 * * * *", "* */48 * * *", "H/61 * * * *"],
    "is written H": ["0~30 * * * *", "~ * * * *"],
    "5-1 ends before it begins": ["* * 5-1 * *"],
    "do not go together": ["* * * * MON,TUE#2", "* * * * L5,1"],
    "never matches": ["0 0 31 2 *", "0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 */30 2 L1"],
    "seconds are not taken": ["0 0 * * * *", "0 0 * * * * *"],
    "0 fields": ["", " ", "\t\n"], "1 field,": ["*", "\x00"], "2 fields": ["@every 5m"],
    "9 fields": ["0 0 * * *\n0 1 * * *"],
    "'@reboot' is not known; there are @hourly": ["@reboot", "@", "@DAILY@"],
    "at most 200": ["9" * 201, "0 0 * * *" + " " * 200, "*," * 500_000],
}  # fmt: skip


@pytest.mark.parametrize(("text", "why"), [(text, why) for why, texts in WRONG.items() for text in texts])
def test_what_is_not_valid_is_refused_by_its_field_at_once(text: str, why: str) -> None:
    begin = time.process_time()
    if why.startswith("'@reboot'"):
        why = "is not known; there are @hourly"
    with pytest.raises(ValueError, match=why) as error:
        parse_cron(text, key="q/a")
    assert time.process_time() - begin < 0.5, "croniter's import is the longest of it"
    assert len(str(error.value)) < 400 and "\n" not in str(error.value)


@given(st.text(max_size=300) | st.text("0123456789*/-,#LHRW?@ JANMOFRI()", max_size=210))
def test_any_text_is_a_cron_expression_or_a_value_error(text: str) -> None:
    try:
        cron = parse_cron(text, key="q/a")
    except ValueError:
        return
    assert cron.after(0) is not None and parse_cron(cron.text, key="q/a") == cron
    assert describe(cron) and notes_on(cron, cron.after(0) or 0) == ""


def items(field: Field) -> st.SearchStrategy[str]:
    value = st.integers(field.least, field.most)
    step = st.integers(1, field.size)
    return st.one_of(
        st.just("*"),
        step.map(lambda n: f"*/{n}"),
        value.map(str),
        st.builds("{}/{}".format, value, step),
        st.builds("{0[0]}-{0[1]}".format, st.tuples(value, value).filter(lambda ends: ends[0] <= ends[1])),
        st.builds("{0[0]}-{0[1]}/{1}".format, st.tuples(value, value).map(sorted), step),
        st.sampled_from(field.names or ("*",)),
    )


@given(st.sampled_from(FIELDS), st.data())
def test_lists_ranges_and_steps_are_the_numbers_that_one_would_count(
    field: Field, data: st.DataObject
) -> None:
    written = data.draw(st.lists(items(field), min_size=1, max_size=4))
    names = MONTHS if field == MONTH else WEEKDAYS
    expected = set()
    for item in written:
        most = 7 if field == DAY_OF_WEEK and "7" in item else field.least + field.size - 1
        expected |= numbers(item, field.least, most, names)
    found = parse_field(field, ",".join(written), "").numbers
    assert set(found) == ({n % 7 for n in expected} if field == DAY_OF_WEEK else expected)
    assert list(found) == sorted(found)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("0 0 * JAN sun", "0 0 * 1 0"), ("0 0 * * 7", "0 0 * * 0"), ("0 0 * * 0-7", "0 0 * * 0-6"),
        ("@Hourly", "0 * * * *"), ("@daily", "0 0 * * *"), ("@midnight", "@daily"), ("@weekly", "0 0 * * 0"),
        ("@monthly", "0 0 1 * *"), ("@yearly", "0 0 1 1 *"), ("@annually", "@yearly"),
        ("5-5 * * * *", "5 * * * *"), ("0 3-3/2 * * *", "0 3 * * *"), ("59/15 * * * *", "59 * * * *"),
        ("0 0 * JAN-1 *", "0 0 * 1 *"), ("0 0 * * SUN-0", "0 0 * * SUN"), ("5/20 * * * *", "5,25,45 * * * *"),
        ("0 22-2 * * *", "0 0,1,2,22,23 * * *"), ("55-5 * * * *", "0-5,55-59 * * * *"),
        ("0 0 * NOV-FEB *", "0 0 * 1,2,11,12 *"), ("0 0 * * FRI-MON", "0 0 * * 0,1,5,6"),
        ("0 0 * * 5-7", "0 0 * * 5,6,0"), ("0 0 * * 1-7/2", "0 0 * * 1,3,5,7"),
        ("0 0 * * 1/2", "0 0 * * 1,3,5"), ("0 0 * * 7/2", "0 0 * * SUN"), ("0 0 * * L7", "0 0 * * l0"),
        ("0 0 * * MON#1,1#1", "0 0 * * mon#1"), ("*/60 * * * *", "0 * * * *"),
        ("0 */24 * * *", "0 0-23/24 * * *"),
        (" 0\t0  * * *\r\n", "0 0 * * *"), ("007 * * * *", None), ("07 * * * *", "7 * * * *"),
        ("0 0 ? * 1", "0 0 * * 1"), ("0 0 1 * ?", "0 0 1 * *"),
    ],
)  # fmt: skip
def test_what_is_written_otherwise_means_the_same(text: str, same: str | None) -> None:
    if same is None:
        with pytest.raises(ValueError, match="is not valid"):
            parse_cron(text)
    else:
        one, other = parse_cron(text), parse_cron(same)
        assert (one.times, one.days) == (other.times, other.days)


def test_a_day_of_month_beside_a_day_of_week_means_either_of_them() -> None:
    november = [date(2026, 11, day) for day in range(1, 31)]
    for text, days in (
        ("0 0 13 * FRI", [6, 13, 20, 27]),
        ("0 0 14 * FRI", [6, 13, 14, 20, 27]),
        ("0 0 */14 * FRI", []),  # a star, also with a step: both of them
        ("0 0 1-7 * ?", [1, 2, 3, 4, 5, 6, 7]),
        ("0 0 L * MON#1", [2, 30]),
        ("0 0 1,L * *", [1, 30]),
        ("0 0 * * MON#1,L5", [2, 27]),
        ("0 0 * * SUN#5", [29]),
    ):
        assert [day.day for day in november if parse_cron(text).on(day)] == days, text


def test_a_date_that_only_some_years_have_is_still_a_date() -> None:
    assert parse_cron("0 0 29 2 *").on(date(2028, 2, 29))
    assert parse_cron("0 0 */21 2 L1").after(0), "the last Monday is the 22nd only where February has 28 days"
    assert parse_cron("0 0 * 2 MON#5").after(1_500_000_000) == 2_340_316_800  # in 2044


def test_h_is_the_same_instant_for_the_same_name_and_another_for_others() -> None:
    assert parse_cron("H H * * *", key="q/a") == parse_cron("H H * * *", key="q/a")
    assert len({parse_cron("H H * * *", key=f"q/{n}").minutes for n in range(50)}) > 10
    assert parse_cron("@daily", key="q/a") == parse_cron("@daily"), "what has no H is not scattered"
    assert parse_cron("0 0 * MAR THU", key="q/a") == parse_cron("0 0 * 3 4"), "nor is a name with an H in it"


def test_h_stays_in_its_range_and_each_month_has_its_day() -> None:
    for n in range(100):
        cron = parse_cron("h(10-19) H/6 H * H(1-5)", key=f"q/{n}")
        assert 10 <= cron.minutes[0] <= 19 and len(cron.minutes) == 1
        assert len(cron.hours) == 4 and cron.hours[0] < 6
        assert len(parse_cron("0 0 H * *", key=f"q/{n}").days.of(2027, 3)) == 1
        assert all(parse_cron("0 0 H 2 *", key=f"q/{n}").days.of(2027, 2)), "not the 30th"
        assert parse_cron("0 0 H/10 * *", key=f"q/{n}").days.of(2027, 3)


def test_the_oracle_reads_as_the_product_does() -> None:
    """Where the two readings differ, the walk over minutes would say nothing of it."""
    for text in ("0 0 * * 5-7", "*/7 22-2 L FEB/3 *", "1/9 * 1-31/2 * MON#2,L0"):
        rule, cron = Rule(text), parse_cron(text)
        assert [n for n, meant in enumerate(rule.pattern) if meant] == list(cron.times)
        assert all(
            rule.matches(day) == cron.days.match(day)
            for day in map(date.fromordinal, range(740_000, 740_800))
        )
