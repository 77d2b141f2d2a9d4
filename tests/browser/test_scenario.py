"""A day of an operator: what the dashboard is for, done in a real browser."""

from __future__ import annotations

import json

from browser.chrome import Chrome
from browser.conftest import log_in
from browser.site import Site
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select


def test_without_a_key_one_is_asked_for_it_and_led_on_afterwards(visitor: Chrome, site: Site) -> None:
    visitor.open("/queues")
    assert visitor.path.startswith("/login?next=")
    visitor.one("input[type=password]").send_keys("gk_0123456789_wrong" + Keys.ENTER)
    visitor.until(lambda: visitor.all("[role=alert]"), "a wrong key is told")

    log_in(visitor, "the-key-of-the-browser-tests", "/queues")
    assert visitor.path == "/queues"
    visitor.one("form[action$='/logout'] button").click()
    visitor.until(lambda: "/login" in visitor.path)
    visitor.open("/queues")
    assert visitor.path.startswith("/login")


def test_a_job_is_submitted_by_the_form_of_its_schema_and_watched_to_its_end(
    admin: Chrome, site: Site
) -> None:
    admin.open("/submit")
    admin.push("mail")
    admin.until(lambda: "type=mail" in admin.path)
    admin.labelled("to").send_keys("ann@example.com")
    copies = admin.labelled("copies")
    copies.clear()
    copies.send_keys("7")
    Select(admin.labelled("format")).select_by_visible_text("html")
    admin.labelled("tags").send_keys("by-hand, urgent")
    admin.push("Submit", "#submit-form")
    admin.until(lambda: admin.path.startswith("/jobs/"))

    admin.shows("completed", "ann@example.com", "by-hand")  # live: nobody reloads it
    assert '"copies": 7' in admin.text("#result")


def test_what_the_schema_forbids_is_told_and_what_was_typed_is_kept(admin: Chrome, site: Site) -> None:
    admin.open("/submit?type=mail")
    admin.labelled("to").send_keys("bob@example.com")
    admin.labelled("copies").send_keys("100")
    admin.push("Submit", "#submit-form")
    assert admin.run("return document.querySelector('#submit-form input:invalid').name") == "payload/copies"
    admin.run("document.getElementById('submit-form').noValidate = true")  # as a browser that checks nothing
    admin.push("Submit", "#submit-form")

    admin.until(lambda: admin.all("[role=alert]"), "the mistake is told")
    assert "copies is more than 99" in admin.text("[role=alert]")
    copies = admin.labelled("copies")
    assert (copies.get_attribute("aria-invalid"), copies.get_attribute("value")) == ("true", "100")
    assert admin.labelled("to").get_attribute("value") == "bob@example.com"


def test_the_secret_of_a_new_key_is_seen_once_and_opens(admin: Chrome, site: Site) -> None:
    admin.open("/keys/new")
    admin.labelled("name").send_keys("seen-once")
    assert not admin.one(".scopes").find_element("css selector", ".ticks").is_displayed()
    admin.push("Make key")
    secret = admin.one("pre.secret").text
    assert secret.startswith("gk_") and secret not in admin.driver.current_url
    admin.push("Done")
    admin.shows("seen-once")

    admin.driver.back()
    admin.until(lambda: admin.path != "/keys" or secret not in admin.driver.page_source)
    assert secret not in admin.driver.page_source
    admin.open("/keys")
    admin.push("Revoke seen-once…")
    admin.push("Revoke key")
    admin.shows("opens nothing any more")


def test_what_went_wrong_is_grouped_and_a_group_is_requeued(admin: Chrome, site: Site) -> None:
    jobs = [{"type": "boom", "payload": {"say": "the disk is on fire"}, "max_retries": 0} for _ in range(3)]
    ids = site.batch(*jobs, {"type": "boom", "payload": {"say": "other trouble"}, "max_retries": 0})
    admin.open("/dlq")
    admin.shows("the disk is on fire", "other trouble")  # live
    admin.until(lambda: "3" in group(admin, "on fire").text)
    group(admin, "on fire").find_element("partial link text", "Requeue").click()
    admin.shows("Retry 3 jobs?")
    admin.push("Retry them")
    admin.until(lambda: admin.path.startswith("/dlq"))

    admin.shows("3 jobs retried")
    admin.until(lambda: [attempts(site, id) for id in ids] == [2, 2, 2, 1], "each of the group ran again")


def attempts(site: Site, id: str) -> int:
    """How many of them are in its history, also from before it was requeued."""
    return len(json.loads(site.gopher("inspect", id, "-o", "json"))["history"])


def group(chrome: Chrome, text: str) -> WebElement:
    return chrome.until(lambda: next((one for one in chrome.all(".groups li") if text in one.text), None))


def test_a_search_finds_and_what_it_finds_is_cancelled_at_once(admin: Chrome, site: Site) -> None:
    jobs = [
        {"type": "mail", "payload": {"to": f"x{n}@example.com"}, "in": 3600, "tags": ["bulk"]}
        for n in range(60)
    ]
    ids = site.batch(*jobs, {"type": "mail", "payload": {"to": "kept@example.com"}, "in": 3600})
    admin.open("/jobs")
    search = admin.one("#search")
    search.send_keys("state:scheduled tag:bulk" + Keys.ENTER)
    admin.until(lambda: "tag" in admin.path)
    admin.until(lambda: len(admin.all("tr[data-row]")) == 50, "a page of them")
    admin.one("[data-all-matching]").click()
    assert not admin.button("Reschedule…").is_enabled(), "all at once would be due in one moment"
    admin.push("Cancel…")
    admin.shows("Cancel 60 jobs?")
    admin.push("Cancel them")

    admin.shows("60 jobs cancelled")
    states = [site.state(id) for id in (ids[0], ids[59], ids[60])]
    assert states == ["cancelled", "cancelled", "scheduled"]


def test_only_the_ticked_jobs_are_meant(admin: Chrome, site: Site) -> None:
    ids = site.batch(*({"type": "echo", "in": 3600, "tags": ["ticked"]} for _ in range(3)))
    admin.open("/jobs?q=tag:ticked")
    admin.one(f"input[value$='{ids[1]}']").click()
    admin.push("Cancel…")
    admin.shows("Cancel 1 job?")
    admin.push("Cancel it")
    admin.shows("1 job cancelled")

    assert [site.state(id) for id in ids] == ["scheduled", "cancelled", "scheduled"]


def test_a_paused_queue_runs_nothing_until_it_is_resumed(admin: Chrome, site: Site) -> None:
    site.submit("echo", 1)
    admin.open("/queues/default")
    admin.push("Pause")
    admin.shows("paused")
    id = site.submit("echo", 2)
    admin.shows("Resume")
    assert site.state(id) == "enqueued"
    admin.push("Resume")

    admin.button("Pause")
    admin.until(lambda: site.state(id) == "completed")


def test_a_question_that_is_open_survives_live_updates(admin: Chrome, site: Site) -> None:
    id = site.submit("echo", 1, "--in", "1h")
    admin.open(f"/jobs/{id}")
    admin.push("Delete…")
    sure = admin.one("#sure")
    site.gopher("cancel", id)  # what the question stands in changes
    admin.until(lambda: "paused" in admin.text("#live-said"), "updates wait for the answer")
    assert sure.is_displayed()
    admin.press(Keys.ESCAPE)

    admin.until(lambda: "cancelled" in admin.text("#head"), "answered, the page goes on")
    admin.push("Delete…")
    admin.push("Delete it")
    admin.until(lambda: id not in admin.path)
    admin.open(f"/jobs/{id}")
    admin.shows("no job")


def test_what_is_ticked_stays_ticked(admin: Chrome, site: Site) -> None:
    ids = site.batch(*({"type": "echo", "in": 3600, "tags": ["stays"]} for _ in range(2)))
    for ticked in (f"input[value$='{ids[0]}']", "[data-all-matching]"):
        admin.open("/jobs?q=tag:stays")
        admin.one(ticked).click()
        site.submit("echo", 1, "--in", "1h", "--tag", "stays")
        admin.until(lambda: "paused" in admin.text("#live-said"), "an update came by")
        assert admin.one(ticked).is_selected()


def test_the_keyboard_does_what_it_says(admin: Chrome, site: Site) -> None:
    site.batch(*({"type": "echo", "in": 3600, "tags": ["keys"]} for _ in range(3)))
    admin.open("/jobs?q=tag:keys")

    def current() -> str:
        return str(admin.run("return document.querySelector('tr.current')?.id ?? ''"))

    admin.press("?")
    admin.one("dialog[open]")
    admin.press(Keys.ESCAPE)
    admin.until(lambda: not admin.all("dialog[open]"))
    admin.press("j")
    first = admin.until(current)
    admin.press("j")
    second = admin.until(lambda: current() != first and current())
    admin.press("x")
    assert [one.get_attribute("value") for one in admin.all("td.pick input:checked")] == [
        f"default/{str(second).removeprefix('job-')}"
    ]
    admin.press("x", "/")
    assert admin.run("return document.activeElement.matches('[data-search]')")
    admin.press(Keys.ESCAPE)
    admin.press("k")
    admin.until(lambda: current() == first)
    admin.press(Keys.ENTER)
    admin.until(lambda: admin.path == f"/jobs/{first.removeprefix('job-')}")
    admin.press("g", "q")
    admin.until(lambda: admin.path == "/queues")
