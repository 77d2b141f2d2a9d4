"""When something recurs: what is taken, what is refused and at which field, and between which moments."""

from __future__ import annotations

from typing import Any

import pytest

from gopher_cli.model.schedule.recurrence import BadSchedule, Recurrence, compact, make_recurrence

HOUR = 3600


@pytest.mark.parametrize(
    ("given", "field", "said"),
    [
        ({}, "cron", "a cron expression or an interval"),
        ({"cron": "0 3 * * *", "every": 60}, "every", "a cron expression or an interval"),
        ({"cron": ""}, "cron", "empty"),
        ({"cron": 5}, "cron", "text"),
        ({"cron": "0 3 * *"}, "cron", "4 fields"),
        ({"cron": "0 0 3 * * *"}, "cron", "seconds are not taken"),
        ({"cron": "61 3 * * *"}, "cron", "minute"),
        ({"cron": "0 0 31 2 *"}, "cron", "never"),
        ({"cron": "@reboot"}, "cron", "@hourly"),
        ({"cron": "0 3 * * *", "tz": "Mars/Olympus"}, "tz", "time zone"),
        ({"cron": "0 3 * * *", "tz": "../../etc/passwd"}, "tz", "time zone"),
        ({"cron": "0 3 * * *", "tz": ""}, "tz", "empty"),
        ({"cron": "time zone"}, "cron", "2 fields"),
        ({"cron": "0 3 * * *", "tz": 5}, "tz", "text"),
        ({"cron": "0 3 * * *", "offset": 5}, "offset", "no offset"),
        ({"every": 60, "tz": "UTC"}, "tz", "no time zone"),
        ({"every": 0}, "every", "whole number"),
        ({"every": -5}, "every", "whole number"),
        ({"every": 1.5}, "every", "whole number"),
        ({"every": True}, "every", "whole number"),
        ({"every": "60"}, "every", "whole number"),
        ({"every": float("nan")}, "every", "whole number"),
        ({"every": float("inf")}, "every", "whole number"),
        ({"every": 10**10}, "every", "whole number"),
        ({"every": 10**400}, "every", "whole number"),
        ({"every": 60, "offset": 60}, "offset", "from 0 to 59"),
        ({"every": 60, "offset": -1}, "offset", "from 0 to 59"),
        ({"every": 60, "times": 0}, "times", "whole number"),
        ({"every": 60, "times": 2.5}, "times", "whole number"),
        ({"every": 60, "jitter": -1}, "jitter", ""),
        ({"every": 60, "jitter": "5"}, "jitter", ""),
        ({"every": 60, "start": float("nan")}, "from", ""),
        ({"every": 60, "until": float("inf")}, "until", ""),
        ({"every": 60, "start": 100, "until": 99}, "until", "before from"),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_field(given: dict[str, Any], field: str, said: str) -> None:
    with pytest.raises(BadSchedule) as refused:
        make_recurrence(**given)
    assert (refused.value.field, refused.value.exit_code) == (field, 65)
    assert said in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ({"cron": " 0  3 * * *\t"}, Recurrence(cron="0 3 * * *", tz="UTC")),
        ({"cron": "@daily", "tz": "Europe/Berlin"}, Recurrence(cron="@daily", tz="Europe/Berlin")),
        ({"every": 60.0, "offset": 59}, Recurrence(every=60, offset=59)),
        ({"every": 1, "times": 3, "jitter": 0.5}, Recurrence(every=1, times=3, jitter=0.5)),
        ({"every": 60, "start": 5, "until": 5}, Recurrence(every=60, start=5.0, until=5.0)),
    ],
)
def test_what_makes_sense_is_kept_as_it_was_meant(given: dict[str, Any], made: Recurrence) -> None:
    assert make_recurrence(**given) == made


def test_the_first_and_the_last_moment_count() -> None:
    hourly = Recurrence(every=HOUR, start=2.0 * HOUR, until=4.0 * HOUR)

    found = [hourly.first_after(moment) for moment in (0, 2 * HOUR - 1, 2 * HOUR, 3 * HOUR, 4 * HOUR)]
    assert found == [2 * HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR, None]


def test_a_start_between_two_instants_waits_for_the_next() -> None:
    assert Recurrence(every=HOUR, start=2.0 * HOUR + 0.5).first_after(0) == 3 * HOUR


def test_what_is_scattered_stays_in_its_place_and_differs_between_keys() -> None:
    daily = Recurrence(cron="H H * * *", tz="UTC")
    by_key = {key: daily.first_after(0, key) for key in ("q/a", "q/b", "q/c", "r/a")}

    assert by_key == {key: daily.first_after(0, key) for key in by_key}
    assert len(set(by_key.values())) > 1


def test_instants_stand_in_ids_in_utc() -> None:
    assert compact(0) == "19700101T000000Z" and compact(1_767_236_400) == "20260101T030000Z"
