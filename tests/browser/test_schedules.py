"""Schedules in a real browser: how they look, what their buttons do, and times shown while one types."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.chrome import Chrome
from browser.conftest import log_in
from browser.recurring import LONG, let_recur, store_of
from browser.site import ADMIN, Site
from browser.test_looks import DRESSES
from selenium.webdriver.remote.webelement import WebElement

_ACCESS = Path(__file__).with_name("access.js").read_text()
NIGHT = "/schedules/reports/nightly-report"
VIEWS = {
    "schedules": "/schedules", "schedules-of-a-queue": "/schedules?queue=reports", "schedule": NIGHT,
    "schedule-paused": "/schedules/default/close-of-year", "schedule-running": "/schedules/default/crawl",
    "schedule-unreadable": "/schedules/reports/broken", "schedule-hostile": f"/schedules/{'q' * 60}/{LONG}",
    "schedule-edit": f"{NIGHT}/edit", "schedule-types": "/schedules/new",
    "schedule-new": "/schedules/new?type=mail", "backfill": f"{NIGHT}/backfill",
}  # fmt: skip


@pytest.fixture(scope="module")
def recurring(site: Site) -> None:
    async def begin() -> None:
        async with store_of(site) as gopher:
            await let_recur(gopher)

    asyncio.run(begin())


@pytest.mark.parametrize("dress", DRESSES)
def test_each_view_fits_and_can_be_read_by_everybody(
    admin: Chrome, site: Site, recurring: None, pictures: Path, dress: str
) -> None:
    admin.dress(*DRESSES[dress])
    wrong = []
    for name, path in VIEWS.items():
        admin.open(path)
        admin.until(lambda: admin.all("main h1"))
        admin.driver.save_screenshot(str(pictures / f"{name}-{dress}.png"))
        wide = admin.run("return document.documentElement.scrollWidth")
        wrong += [f"{name}: wider than the screen: {wide}"] if wide > DRESSES[dress][1] else []
        wrong += [f"{name}: {one}" for one in admin.run(_ACCESS)]
        admin.clean()
    assert not wrong, "\n".join(wrong)


def write(field: WebElement, text: str) -> None:
    field.clear()
    field.send_keys(text)


def test_the_next_times_are_shown_while_one_types_and_then_it_is_saved(admin: Chrome, site: Site) -> None:
    admin.open("/schedules/new?type=mail")
    write(admin.one("#name"), "typed")
    write(admin.labelled("cron expression"), "30 2 * * *")
    write(admin.labelled("time zone"), "Europe/Berlin")
    admin.until(lambda: admin.text("#preview").count(" 02:30:00 +0") == 5, admin.text("#preview"))
    write(admin.labelled("cron expression"), "30 25 * * *")
    admin.until(lambda: "the hour '25' is not valid" in admin.text("#preview"))
    admin.one("[name=kind][value=every]").click()
    write(admin.labelled("every"), "90m")
    admin.until(lambda: len(admin.all("#preview tbody tr")) == 5)
    assert not admin.all("#cron")[0].is_displayed(), "only what is chosen is asked for"
    admin.labelled("to required").send_keys("ann@example.com")
    admin.push("Save")
    admin.until(lambda: admin.path == "/schedules/default/typed")

    admin.shows("typed is created", "every 90 minutes", "ann@example.com")


def test_an_edit_keeps_what_is_written_while_times_change(admin: Chrome, site: Site, recurring: None) -> None:
    admin.open(f"{NIGHT}/edit")
    write(admin.one("#tags"), "kept")
    write(admin.labelled("cron expression"), "45 4 * * MON")
    admin.until(lambda: admin.text("#preview").count("Mon ") == 5)
    assert admin.one("#tags").get_attribute("value") == "kept"
    admin.push("Save")
    admin.until(lambda: admin.path == NIGHT)

    admin.shows("nightly-report is changed", "every Monday at 04:45, Europe/Berlin", "kept")


def test_it_is_paused_with_a_reason_while_the_page_is_live(
    admin: Chrome, site: Site, recurring: None
) -> None:
    admin.open("/schedules/default/cleanup")
    admin.push("Pause…")
    admin.one("#reason").send_keys("the disk is being changed")
    admin.push("Pause it")
    admin.shows("cleanup is paused", "the disk is being changed")
    admin.open("/schedules")
    admin.shows("the disk is being changed")
    admin.open("/schedules/default/cleanup")
    admin.push("Resume")
    admin.shows("counts from now on", "Pause…")


def test_a_run_by_hand_is_seen_to_its_end(admin: Chrome, site: Site, recurring: None) -> None:
    admin.open("/schedules/default/cleanup")
    admin.push("Run now")
    admin.until(lambda: admin.path.startswith("/jobs/cleanup"))
    admin.shows("completed")
    admin.push("cleanup", "#facts")
    admin.until(lambda: admin.path == "/schedules/default/cleanup")
    admin.shows("by hand")


def test_the_command_that_is_shown_sets_the_same(admin: Chrome, site: Site, recurring: None) -> None:
    for path in (NIGHT, "/schedules/polls/poll", f"/schedules/{'q' * 60}/{LONG}"):
        admin.open(path)
        command = admin.text("#facts pre")
        if "\\u202e" not in command:  # what hides is shown, and would be another text
            assert '"unchanged"' in site.gopher(*shlex.split(command)[1:], "-o", "json"), command


def test_a_backfill_says_how_many_first(admin: Chrome, site: Site, recurring: None) -> None:
    admin.open("/schedules/default/cleanup")
    admin.push("Backfill…")
    admin.one("#from").send_keys("2026-01-01")
    admin.one("#to").send_keys("2026-02-01")
    admin.push("Count them")
    admin.shows("Make 4 jobs?")
    admin.push("Make them")

    admin.shows("4 jobs made.")


def test_what_is_removed_is_asked_about_and_gone(admin: Chrome, site: Site) -> None:
    async def make() -> None:
        async with store_of(site) as gopher:
            await gopher.set_schedule("to-go", "echo", cron="0 0 1 1 *")

    asyncio.run(make())
    admin.open("/schedules/default/to-go")
    admin.push("Remove…")
    admin.push("Remove it")
    admin.until(lambda: admin.path == "/schedules")
    admin.shows("to-go is removed")
    assert not admin.all("a[href$='/to-go']")


def test_times_are_told_by_the_clock_of_the_viewer_too(admin: Chrome, site: Site, recurring: None) -> None:
    admin.command("Emulation.setTimezoneOverride", timezoneId="America/New_York")
    try:
        admin.open("/schedules/default/crawl")
        here = admin.until(lambda: admin.text("#next td.here"))
        utc = admin.text("#next td.type")
        assert here.count(":") == utc.count(":") == 2 and here[-5:] == utc[-5:], "minutes are the same"
        assert here[-8:-6] != utc[-8:-6], "and hours are not"
    finally:
        admin.command("Emulation.setTimezoneOverride", timezoneId="")


@pytest.fixture
def plain(site: Site, tmp_path: Path) -> Iterator[Chrome]:
    one = Chrome(tmp_path, site.url, scripts=False)
    yield one
    one.end()


def test_without_javascript_times_are_shown_before_it_is_saved_too(plain: Chrome, site: Site) -> None:
    log_in(plain, ADMIN, "/schedules/new?type=mail")
    main = "return document.querySelector('main').innerText"
    for css, text in (("#name", "plain"), ("#cron", "30 2 * * *"), ("#tz", "Europe/Berlin")):
        plain.one(css).send_keys(text)
    plain.one("[name='payload/to']").send_keys("ann@example.com")
    plain.push("Save")
    plain.until(lambda: plain.all("p.note"))
    assert plain.run(main).count(" 02:30:00 +0") == 5
    assert not plain.all(".here")[0].is_displayed(), "nobody knows the viewer's clock"
    plain.push("Save")
    plain.until(lambda: plain.path == "/schedules/default/plain")
    plain.push("Pause…")
    plain.one("#reason").send_keys("no scripts, no runs")
    plain.push("Pause it")
    plain.until(lambda: "no scripts, no runs" in plain.run(main))
