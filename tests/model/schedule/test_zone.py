"""Time zones by name, and dates as their clocks show them."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo, available_timezones

import pytest

from gopher_cli.model.schedule import zone as zones
from gopher_cli.model.schedule.zone import Gap, local_day, ordinal_of, parse_zone, zone_names


@pytest.mark.parametrize(
    "name",
    [
        "Mars/Olympus", "", " ", "../etc/passwd", "/etc/localtime", "Europe/Berlin\x00", "europe\nberlin",
        "Europe", "Europe/", "/Europe/Berlin", "./Europe/Berlin", "Europe//Berlin", "Europe/../Europe/Berlin",
        "right/Europe/Berlin", "posix/Europe/Berlin", "posixrules", "localtime", "Factory", "zone.tab",
        "tzdata.zi", "a" * 10_000, "Европа/Москва", "UTC+2", "CEST", "+02:00",
        "Europe/Berlin ", "\u202eUTC", "\ud800",
    ],
)  # fmt: skip
def test_what_does_not_mean_the_same_zone_on_every_host_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is not a time zone here; write") as error:
        parse_zone(name)
    assert len(str(error.value)) < 300 and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("europe/berlin", "Europe/Berlin"), ("EUROPE/BERLIN", "Europe/Berlin"), ("utc", "UTC"),
        ("America/NewYork", "America/New_York"), ("Europe/Kiew", "Europe/Kiev"),
        ("Pacific/Apla", "Pacific/Apia"),
    ],
)  # fmt: skip
def test_a_name_almost_right_is_answered_with_the_right_one(name: str, meant: str) -> None:
    with pytest.raises(ValueError, match=f"write {meant}, if you mean that"):
        parse_zone(name)


def test_each_zone_of_the_database_is_known_also_under_its_old_names() -> None:
    names = available_timezones() - {"localtime", "Factory"}
    assert {
        "US/Eastern",
        "Asia/Calcutta",
        "GMT+0",
        "Etc/GMT-14",
        "EST5EDT",
        "America/Argentina/Ushuaia",
    } <= names
    assert zone_names() <= names
    for name in names:
        assert parse_zone(name).key == name


def test_the_files_of_this_host_do_where_the_package_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zones, "_names_of_package", frozenset)
    assert parse_zone("Europe/Berlin").key == "Europe/Berlin"
    assert zone_names() == available_timezones() - {"localtime", "Factory"}


def test_a_zone_that_this_host_knows_sooner_than_the_package_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(zones, "_names_of_package", lambda: frozenset({"UTC"}))
    assert parse_zone("Europe/Berlin").key == "Europe/Berlin"


def test_a_package_that_is_not_there_knows_no_names(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(zones.resources, "files", missing)
    assert zones._names_of_package.__wrapped__() == frozenset()


def test_a_zone_whose_file_is_broken_is_not_known_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> ZoneInfo:
        raise OSError("input/output error")

    monkeypatch.setattr(zones, "ZoneInfo", broken)
    with pytest.raises(ValueError, match="'Europe/Berlin' is not a time zone here"):
        parse_zone("Europe/Berlin")


def day(zone: str, text: str) -> zones.LocalDay:
    return local_day(ZoneInfo(zone), date.fromisoformat(text).toordinal())


def test_a_date_without_a_change_is_whole() -> None:
    found = day("Europe/Berlin", "2026-07-01")
    assert found.whole and not found.gaps
    assert [tuple(run[:3]) for run in found.shown] == [(0, 0, 1440)]
    assert found.shown[0].midnight == 1_782_856_800


def test_a_gap_lies_between_what_clocks_show() -> None:
    found = day("Europe/Berlin", "2026-03-29")
    assert [tuple(run[:3]) for run in found.shown] == [(0, 0, 120), (180, 180, 1440)]
    assert found.gaps == (Gap(120, 180, 1_774_746_000),) and not found.whole


def test_what_is_shown_again_is_not_fresh() -> None:
    found = day("Europe/Berlin", "2026-10-25")
    assert [tuple(run[:3]) for run in found.shown] == [(0, 0, 180), (120, 180, 1440)]
    assert not found.gaps and not found.whole


def test_clocks_may_go_back_over_midnight() -> None:
    before, after = day("America/St_Johns", "2010-11-06"), day("America/St_Johns", "2010-11-07")
    assert [tuple(run[:3]) for run in before.shown] == [(0, 0, 1440), (1381, 1440, 1440)]
    assert [tuple(run[:3]) for run in after.shown] == [(0, 0, 1), (0, 1, 1440)]


def test_a_day_that_a_country_left_out_shows_nothing_and_has_no_gap() -> None:
    assert day("Pacific/Apia", "2011-12-30") == ((), (), False)
    assert day("Pacific/Apia", "2011-12-29").whole and day("Pacific/Apia", "2011-12-31").whole


def test_a_date_is_what_clocks_show() -> None:
    assert ordinal_of(0, ZoneInfo("UTC")) == date(1970, 1, 1).toordinal()
    assert ordinal_of(-1, ZoneInfo("UTC")) == date(1969, 12, 31).toordinal()
    assert ordinal_of(0, ZoneInfo("America/New_York")) == date(1969, 12, 31).toordinal()
