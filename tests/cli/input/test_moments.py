"""When a job is due, as people type it in their own time, and as the answer says it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

import pytest

from cli.running import Cli
from gopher_cli.model.text.duration import parse_when
from gopher_cli.model.text.local_time import local_time, parse_local

BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3"
NEW_YORK = "EST5EDT,M3.2.0,M11.1.0"


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    def move(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield move
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("name", "text", "moment"),
    [
        (BERLIN, "2030-12-24T08:00", "2030-12-24T07:00:00Z"),
        (BERLIN, "2030-07-24 08:00", "2030-07-24T06:00:00Z"),
        (BERLIN, "20301224", "2030-12-23T23:00:00Z"), (BERLIN, "2030-12-24", "2030-12-23T23:00:00Z"),
        (NEW_YORK, "20301224T080000", "2030-12-24T13:00:00Z"),
        (NEW_YORK, "2030-12-24T08:00:00Z", "2030-12-24T08:00:00Z"),
        (BERLIN, "2030-12-24T08:00+05:30", "2030-12-24T02:30:00Z"), (BERLIN, "1924905600", "1924905600"),
        (BERLIN, "2030-10-27T02:30+01:00", "2030-10-27T01:30:00Z"),
        ("UTC", "2030-12-24T08:00", "2030-12-24T08:00:00Z"),
        (BERLIN, "2030-10-27T03:00", "2030-10-27T02:00:00Z"),
        (BERLIN, "2030-03-31T03:00", "2030-03-31T01:00:00Z"),
        (BERLIN, "0001-01-01", "1970-01-01T00:00:00Z"), (BERLIN, "1960-01-01", "1970-01-01T00:00:00Z"),
        (BERLIN, " 2030-12-24T08:00 ", "2030-12-24T07:00:00Z"),
    ],
)  # fmt: skip
def test_a_time_without_a_zone_is_that_of_this_machine(
    zone: Callable[[str], None], name: str, text: str, moment: str
) -> None:
    zone(name)

    assert parse_local(text) == parse_when(moment)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (BERLIN, "2030-10-27T02:30", "comes twice here"), (NEW_YORK, "2030-11-03T01:00", "comes twice here"),
        (BERLIN, "2030-03-31T02:30", "does not exist here"),
        (NEW_YORK, "2030-03-10 02:00", "does not exist here"),
    ],
)  # fmt: skip
def test_a_time_that_the_clocks_skip_or_pass_twice_is_refused_with_both_readings(
    zone: Callable[[str], None], name: str, text: str, said: str
) -> None:
    zone(name)
    with pytest.raises(ValueError, match=said) as refused:
        parse_local(text)

    readings = str(refused.value).partition(": write ")[2].split(" or ")
    assert readings == [local_time(parse_local(one)) for one in readings]
    assert parse_local(readings[1]) - parse_local(readings[0]) == 3600


def test_the_answer_says_the_moment_with_its_offset(cli: Cli, zone: Callable[[str], None]) -> None:
    zone(BERLIN)
    cli.env["TZ"] = BERLIN
    ran = cli("submit", "-t", "x", "--at", "2090-12-24T08:00", tty=True)
    id = ran.out.strip()
    moved = cli("reschedule", id, "--at", "20901224", tty=True, columns=140)

    assert "due 2090-12-24T08:00:00+01:00 (in " in ran.err
    assert "2090-12-24T00:00:00+01:00 (in " in moved.out
    assert json.loads(cli("inspect", id, "--json").out)["execute_at"] == "2090-12-23T23:00:00.000Z"
    refused = cli("submit", "-t", "x", "--at", "2030-10-27T02:30")
    assert refused.code == 2 and "2030-10-27T02:30:00+02:00 or 2030-10-27T02:30:00+01:00" in refused.err


def test_a_line_of_a_batch_is_of_no_machine_and_its_time_is_utc(
    cli: Cli, zone: Callable[[str], None]
) -> None:
    zone(BERLIN)
    cli("submit", "--batch", "-", stdin='{"type":"x","id":"a","at":"2090-12-24T08:00"}\n')

    assert json.loads(cli("inspect", "a", "--json").out)["execute_at"] == "2090-12-24T08:00:00.000Z"


def test_a_person_is_told_on_which_server_the_job_is(cli: Cli) -> None:
    assert f"to default on {cli.env['REDIS_URL']}" in cli("submit", "-t", "x", tty=True).err
    assert cli("submit", "-t", "x").err == ""
