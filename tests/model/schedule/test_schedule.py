"""What a due tick asks for: every instant runs or is missed, none twice, and the next one lies ahead."""

from __future__ import annotations

from math import inf
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gopher_cli.model.errors import Usage
from gopher_cli.model.job.job import Options, Spec
from gopher_cli.model.schedule.recurrence import BadSchedule, make_recurrence
from gopher_cli.model.schedule.schedule import (
    ON_TIME,
    Plan,
    Schedule,
    is_of_a_wrong_clock,
    make_schedule,
    plan,
)

MINUTE, HOUR, DAY = 60, 3600, 86_400
START = 20_000 * DAY  # midnight in UTC
SPEC = Spec("mail", msgspec.Raw(b"{}"))


def a_schedule(**given: Any) -> Schedule:
    policy = {
        part: given.pop(part) for part in ("overlap", "catchup", "within", "pause_after") if part in given
    }
    when = given or {"every": 5 * MINUTE}
    return make_schedule("s", "default", SPEC, make_recurrence(**when), **policy)


def after_an_hour(**policy: Any) -> Plan:
    """Nobody has ticked the twelve instants of an hour, the last of them is 40 s old."""
    return plan(a_schedule(**policy), START, START + 55 * MINUTE + 40)


def test_a_tick_in_time_runs_and_misses_nothing() -> None:
    assert plan(a_schedule(), START, START + 0.2) == Plan((START,), 0, START, START, START + 5 * MINUTE)


@pytest.mark.parametrize("late", [0.0, ON_TIME])
@pytest.mark.parametrize("policy", [{"catchup": "skip"}, {"within": 1.0}])
def test_a_little_late_is_in_time_whatever_the_catchup(late: float, policy: dict[str, Any]) -> None:
    assert plan(a_schedule(**policy), START, START + late).run == (START,)


@pytest.mark.parametrize(
    ("policy", "ran"),
    [
        ({"catchup": "skip"}, []),
        ({"catchup": "once"}, [55]),
        ({"catchup": "once", "within": 40}, [55]),
        ({"catchup": "once", "within": 39}, []),
        ({"catchup": "all:3", "overlap": "all"}, [45, 50, 55]),
        ({"catchup": "all:3", "overlap": "all", "within": 10 * MINUTE}, [50, 55]),
        ({"catchup": "all:100", "overlap": "all"}, list(range(0, 60, 5))),
    ],
)
def test_of_what_nobody_has_ticked_so_much_runs_oldest_first(policy: dict[str, Any], ran: list[int]) -> None:
    found = after_an_hour(**policy)

    assert [(instant - START) // MINUTE for instant in found.run] == ran
    assert found.missed == 12 - len(ran) and found.next == START + HOUR
    if found.missed:
        assert (found.missed_first, found.missed_last) == (START, START + 5 * MINUTE * (found.missed - 1))


def test_with_skip_the_last_instant_runs_where_it_is_in_time() -> None:
    found = plan(a_schedule(catchup="skip"), START, START + 55 * MINUTE + 1)

    assert found.run == (START + 55 * MINUTE,) and found.missed == 11


def test_nothing_counts_behind_until_and_then_it_is_over() -> None:
    schedule = a_schedule(every=5 * MINUTE, until=START + 12 * MINUTE)
    found = plan(schedule, START, START + HOUR)

    assert (found.run, found.missed, found.next) == ((START + 10 * MINUTE,), 2, None)


def test_an_instant_that_only_another_host_knows_is_one() -> None:
    """Its knowledge of time zones is another: what it has found is due, and ours go on behind it."""
    odd = START + 7 * MINUTE

    found = plan(a_schedule(every=HOUR), odd, odd + 1)
    assert found == Plan((odd,), 0, odd, odd, START + HOUR)

    late = plan(a_schedule(every=HOUR), odd, START + 2 * HOUR + 1)
    assert (late.run, late.missed, late.missed_last) == ((START + 2 * HOUR,), 2, START + HOUR)


WHENS: list[dict[str, Any]] = [
    {"every": 1}, {"every": 7}, {"every": 300, "offset": 20}, {"every": HOUR},
    {"cron": "*/5 * * * *"}, {"cron": "0 3 * * *", "tz": "Europe/Berlin"},
    {"cron": "30 1,2 * * *", "tz": "America/New_York"}, {"cron": "0 0 L * *", "tz": "Asia/Kathmandu"},
]  # fmt: skip
POLICIES: list[dict[str, Any]] = [
    {}, {"catchup": "skip"}, {"within": 100.0}, {"catchup": "once", "within": 2.0 * DAY},
    {"catchup": "all:3", "overlap": "all"}, {"catchup": "all:100", "overlap": "all", "within": 900.0},
]  # fmt: skip


def wanted(schedule: Schedule, due: list[int], now: float) -> list[int]:
    """The rule once more, said of the list of all due instants."""
    if now - due[-1] <= ON_TIME:
        within, least = schedule.within or inf, [due[-1]]
    else:
        within, least = schedule.within or inf, []
    if schedule.catchup == "skip":
        return least
    most = int(schedule.catchup.partition(":")[2] or 1)
    return [at for at in due[-most:] if now - at <= max(within, ON_TIME)]


@given(
    st.sampled_from(WHENS),
    st.sampled_from(POLICIES),
    st.integers(0, 3 * 365 * DAY),
    st.lists(st.sampled_from([0.0, 0.4, 1.0, 29.0, 31.0, 301.0, HOUR, DAY, 40.0 * DAY]), max_size=12),
    st.none() | st.integers(0, 100),
)
def test_every_instant_runs_or_is_missed_and_none_comes_twice(
    when: dict[str, Any], policy: dict[str, Any], begin: int, gaps: list[float], until: int | None
) -> None:
    """Whenever it is ticked: at once, after some periods, or after many."""
    now = float(START + begin)
    if until is not None:
        when = when | {"until": now + until * HOUR}
    if when.get("every", 60) < 60:
        gaps = [min(gap, HOUR) for gap in gaps]
    schedule = a_schedule(**when, **policy)
    ran, missed, next = list[int](), 0, schedule.first_after(now)
    began, last = now, -inf
    for gap in gaps:
        if next is None:
            break
        last, now = next, max(now, next) + gap
        due = [next, *schedule.instants.between(next, min(now, schedule.when.until or inf))]
        found = plan(schedule, next, now)
        assert list(found.run) == wanted(schedule, due, now)
        assert found.next is None or found.next > max(now, due[-1])
        ran, missed, next, last = [*ran, *found.run], missed + found.missed, found.next, due[-1]

    assert ran == sorted(set(ran))
    assert len(ran) + missed == (0 if last == -inf else schedule.instants.count(began, last))


@given(st.integers(0, 10**9), st.sampled_from([0.5, 60.0, 90_000.0]))
def test_jitter_lets_a_job_begin_later_by_no_more_and_always_by_the_same(instant: int, jitter: float) -> None:
    schedule = a_schedule(every=60, jitter=jitter)

    assert instant <= schedule.due(instant) < instant + jitter
    assert schedule.due(instant) == a_schedule(every=60, jitter=jitter).due(instant)


def test_jitter_scatters_and_without_it_a_job_is_due_at_its_instant() -> None:
    scattered = [a_schedule(every=60, jitter=60).due(at) - at for at in range(0, 6000, 60)]

    assert max(scattered) > 45 and min(scattered) < 15
    assert a_schedule(every=60).due(60) == 60.0


@pytest.mark.parametrize(
    ("when", "ahead", "wrong"),
    [
        ({"every": 60}, 26 * HOUR, False),
        ({"every": 60}, 26 * HOUR + 1, True),
        ({"every": 7 * DAY}, 13 * DAY, False),
        ({"every": 7 * DAY}, 15 * DAY, True),
        ({"cron": "0 0 1 1 *"}, 366 * DAY, False),
        ({"cron": "0 0 1 1 *"}, 3 * 366 * DAY, True),
    ],
)
def test_a_last_instant_far_ahead_is_of_a_wrong_clock(when: dict[str, Any], ahead: int, wrong: bool) -> None:
    """Two periods and 26 hours: nothing that has happened lies there."""
    assert is_of_a_wrong_clock(a_schedule(**when), START + ahead, START) is wrong


@pytest.mark.parametrize(
    ("given", "field", "said"),
    [
        ({"overlap": "one"}, "overlap", "later release"),
        ({"overlap": "serial"}, "overlap", "later release"),
        ({"overlap": "replace"}, "overlap", "later release"),
        ({"overlap": "some"}, "overlap", "skip or all"),
        ({"overlap": 5}, "overlap", "skip or all"),
        ({"catchup": "all:3"}, "catchup", "side by side"),
        ({"catchup": "all:0", "overlap": "all"}, "catchup", "from 1 to 100"),
        ({"catchup": "all:101", "overlap": "all"}, "catchup", "from 1 to 100"),
        ({"catchup": "all", "overlap": "all"}, "catchup", "once, skip or all:N"),
        ({"catchup": "all:3 ", "overlap": "all"}, "catchup", "once, skip or all:N"),
        ({"catchup": ""}, "catchup", "once, skip or all:N"),
        ({"catchup": 3}, "catchup", "once, skip or all:N"),
        ({"within": -1}, "within", ""),
        ({"within": "1h"}, "within", ""),
        ({"pause_after": -1}, "pause_after", "from 0 to 10"),
        ({"pause_after": 11}, "pause_after", "from 0 to 10"),
        ({"pause_after": True}, "pause_after", "from 0 to 10"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_at_its_field(
    given: dict[str, Any], field: str, said: str
) -> None:
    with pytest.raises(BadSchedule) as refused:
        a_schedule(**given)
    assert refused.value.field == field and said in str(refused.value)


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a:b", "ä", "x" * 65, "a\n", 5, None])
def test_a_name_that_would_not_stand_in_ids_is_refused(name: Any) -> None:
    with pytest.raises(Usage):
        make_schedule(name, "default", SPEC, make_recurrence(every=60))


def test_the_jobs_of_a_schedule_wait_for_no_others() -> None:
    spec = Spec("mail", msgspec.Raw(b"{}"), options=Options(after=("other",)))
    with pytest.raises(BadSchedule) as refused:
        make_schedule("s", "default", spec, make_recurrence(every=60))
    assert refused.value.field == "after"


def test_the_longest_name_makes_an_id_that_a_job_may_have() -> None:
    from gopher_cli.model.job.value_checks import check_id

    schedule = make_schedule("x" * 64, "default", SPEC, make_recurrence(every=60))
    assert check_id(schedule.job_id(START)).startswith("x" * 64 + ":2")
