"""Pages of schedules: what recurs, what became of it, and what operators do about it."""

from __future__ import annotations

from typing import Any

import builders
import httpx2
import pytest
from redis import Redis

from gopher_cli.gopher import Gopher
from gopher_cli.store import calls
from gopher_cli.store.asks import schedules
from web.conftest import Open
from web.operated import end, take
from web.pages import Page, look, send, sign_in

pytestmark = pytest.mark.anyio

NIGHT = {"cron": "0 3 * * *", "tz": "Europe/Berlin"}
START = 1_767_225_600_000  # 2026-01-01T00:00:00Z


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody but the test ticks."""
    monkeypatch.setattr("gopher_cli.web.services.ticks._QUEUES", 1e9)


async def ticked(gopher: Gopher, name: str, *ends: str, **options: Any) -> None:
    """A schedule of every minute, and what becomes of its ticks: ok, dead, or that its job stays in line."""
    await gopher.set_schedule(name, "x", every=60, now=str(START), overlap="all", max_retries=0, **options)
    queue = options.get("queue", "default")
    for n, how in enumerate(ends, 1):
        await gopher.tick(queue, now=str(START + n * builders.minute))
        if how in ("ok", "dead"):
            await end(
                gopher,
                await take(gopher, 1, queue),
                builders.success() if how == "ok" else builders.discard(),
            )


def strips(page: Page) -> list[str]:
    return [one["aria-label"] for one in page.all("span", role="img")]


async def test_the_list_tells_when_each_runs_and_what_became_of_it(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    await gopher.set_schedule("nightly", "report", queue="mail", **NIGHT)
    await ticked(gopher, "poll", "ok", "ok", "dead", "stays")

    page = await look(api, "/schedules")

    assert page.forbidden() == [] and len(page.all("h1")) == 1
    assert "every day at 03:00, Europe/Berlin 0 3 * * *" in page.text and "every minute" in page.text
    assert strips(page) == [
        "Last ticks: 2 completed, 1 enqueued, 1 failed. The newest: enqueued", "No tick yet",
    ]  # fmt: skip
    last = page.all("a", href="/jobs/poll%3A20260101T000400Z?queue=default")
    assert len(last) == 1 and "never" in page.text
    for moment in ("00:05", "00:04"):
        assert page.all("time", datetime=f"2026-01-01T{moment}:00.000Z"), "the next one, and the last"
    marks = [one["class"] for one in page.all("i") if "class" in one]
    assert marks == ["s-completed", "s-completed", "s-failed", "s-enqueued"], "the newest comes last"


async def test_without_any_it_shows_how_to_make_one(api: httpx2.AsyncClient) -> None:
    assert "gopher schedule set nightly" in (await look(api, "/schedules")).text


async def test_a_queue_is_looked_at_alone(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    await gopher.set_schedule("one", "x", every=60)
    await gopher.set_schedule("two", "x", every=60, queue="mail")

    page = await look(api, "/schedules?queue=mail")

    assert page.all("a", href="/schedules/mail/two") and not page.all("a", href="/schedules/default/one")
    assert page.all("a", href="/schedules?queue=mail", **{"aria-current": "true"})
    assert "has no schedule" in (await look(api, "/schedules?queue=nobody")).text


async def test_many_come_page_by_page(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    names = [(queue, f"s{n:02}") for queue in ("a", "a-b") for n in range(65)]
    for queue, name in names:
        await gopher.set_schedule(name, "x", every=60, queue=queue)

    first = await look(api, "/schedules")
    (more,) = first.all("a", rel="next")
    second = await look(api, more["href"])

    opened = [one["href"] for page in (first, second) for one in page.all("a") if "data-open" in one]
    shown = [(queue, name) for _, _, queue, name in (href.split("/") for href in opened)]
    assert shown == names and not second.all("a", rel="next")
    assert "First page" in (await look(api, "/schedules?after=zz/zz")).text


async def test_a_page_tells_all_of_one(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    await ticked(gopher, "poll", "ok", "dead", payload={"n": 12345678901234567890}, catchup="skip")
    await gopher.tick("default", now=str(START + builders.hour))

    page = await look(api, "/schedules/default/poll")

    assert page.forbidden() == []
    assert "12345678901234567890" in page.text
    for said in ("completed", "failed", "missed 57 times", "what was missed does not run"):
        assert said in page.text, said
    assert page.all("a", href="/jobs/poll%3A20260101T000100Z?queue=default")
    assert page.all("time", datetime="2026-01-01T01:00:00.000Z"), "until when they were missed"
    (jobs,) = [one for one in page.all("a") if one["href"].startswith("/jobs?q=id")]
    found = await look(api, jobs["href"])
    assert found.all("tr", id="job-poll:20260101T000100Z") and found.all("tr", id="job-poll:20260101T000200Z")
    await look(api, "/schedules/default/nobody", 404)
    await look(api, "/schedules/nobody/poll", 404)


async def test_who_is_in_the_way_of_a_skipped_tick_is_named(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    await gopher.set_schedule("crawl", "x", every=60, now=str(START))
    for n in (1, 2, 3):
        await gopher.tick("default", now=str(START + n * builders.minute))

    page = await look(api, "/schedules/default/crawl")

    assert "skipped 2 times because of crawl:20260101T000100Z" in page.text
    assert strips(page) == ["Last ticks: 2 skipped, 1 enqueued. The newest: skipped 2 times"]


async def test_a_job_that_is_not_kept_is_no_success(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    await ticked(gopher, "poll", "ok")
    await gopher.delete("default", ["poll:20260101T000100Z"])

    page = await look(api, "/schedules/default/poll")

    assert "ran, its job is not kept any more" in page.text and "completed" not in page.text


async def test_it_is_paused_with_a_reason_and_resumed(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    await gopher.set_schedule("nightly", "x", **NIGHT)
    here = "/schedules/default/nightly"

    answer = await send(api, f"{here}/pause", reason="the database moves")

    assert answer.headers["location"] == here
    page = await look(api, here)
    assert "nightly is paused." in page.text and "by anybody@" in page.text
    assert "the database moves" in page.text and "the database moves" in (await look(api, "/schedules")).text
    assert page.all("form", action=f"{here}/resume") and not page.all("form", action=f"{here}/pause")
    await send(api, f"{here}/resume")
    assert (await gopher.schedule_row("nightly")).state == "active"
    entries = await gopher.audit_log()
    assert [(one.action, one.target) for one in entries[:2]] == [
        ("resume schedule", "default/nightly"), ("pause schedule", "default/nightly"),
    ]  # fmt: skip
    assert entries[1].detail == "the database moves" and entries[1].actor.startswith("anybody@")


async def test_it_runs_now_and_its_job_is_shown(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    await gopher.set_schedule("nightly", "x", **NIGHT)

    answer = await send(api, "/schedules/default/nightly/run")

    assert answer.headers["location"].startswith("/jobs/nightly%3Anow%3A")
    await look(api, answer.headers["location"])
    again = await send(api, "/schedules/default/nightly/run")
    assert again.headers["location"] == "/schedules/default/nightly"
    assert "Not run: nightly:now:" in (await look(api, again.headers["location"])).text
    assert "by hand" in (await look(api, "/schedules/default/nightly")).text


async def test_it_is_removed_and_its_jobs_stay(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    await ticked(gopher, "poll", "ok")

    answer = await send(api, "/schedules/default/poll/remove")

    assert answer.headers["location"] == "/schedules"
    assert await gopher.schedules() == []
    await look(api, "/jobs/poll%3A20260101T000100Z")
    assert (await send(api, "/schedules/default/poll/remove")).status_code == 404


async def test_a_deed_that_is_none_is_not_found(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    await gopher.set_schedule("nightly", "x", **NIGHT)

    assert (await send(api, "/schedules/default/nightly/explode")).status_code == 404


async def test_one_that_cannot_be_read_says_why_and_can_be_removed(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    await gopher.set_schedule("nightly", "x", **NIGHT)
    await broken(gopher, "nightly", b"Europe/Berlin", b"Mars/Olympus")
    await gopher.set_schedule("other", "x", every=60)

    listed, page = await look(api, "/schedules"), await look(api, "/schedules/default/nightly")

    for one in (listed, page):
        assert "unreadable" in one.text and "'Mars/Olympus' is not a time zone here" in one.text
    assert listed.all("a", href="/schedules/default/other")
    assert not page.all("form", action="/schedules/default/nightly/run")
    await send(api, "/schedules/default/nightly/remove")
    assert [row.name for row in await gopher.schedules()] == ["other"]


async def broken(gopher: Gopher, name: str, before: bytes, after: bytes) -> None:
    keys = gopher.keys("default")
    (stored,) = await gopher.store.ask(schedules.read(keys, [name]))
    assert stored
    call = calls.schedule(
        keys, name, "define", revision=stored.revision, expected=stored.tick, next=stored.tick,
        definition=stored.definition.replace(before, after),
    )  # fmt: skip
    assert await gopher.store.run(call) == "done"


@pytest.mark.parametrize(
    ("role", "may"), [("viewer", ()), ("operator", ("run", "pause", "remove"))], ids=["viewer", "operator"]
)
async def test_buttons_are_for_those_who_may(
    open_api: Open, gopher: Gopher, role: str, may: tuple[str, ...]
) -> None:
    await gopher.set_schedule("nightly", "x", **NIGHT)
    made = await gopher.create_key("one", role=role)
    here = "/schedules/default/nightly"
    async with open_api() as api:
        await sign_in(api, made.secret)
        page = await look(api, here)
        token = page.fields("/logout")["csrf_token"]
        for deed in ("run", "pause", "remove"):
            assert bool(page.all("form", action=f"{here}/{deed}")) == (deed in may)
            assert (await send(api, f"{here}/{deed}")).status_code == 403, "without the token of the session"
            answer = await send(api, f"{here}/{deed}", csrf_token=token)
            assert (answer.status_code == 303) == (deed in may), answer.text


async def test_a_job_names_the_schedule_that_has_made_it(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    await ticked(gopher, "poll", "ok", queue="mail")
    by_hand = await gopher.run_schedule("poll", "mail")

    page = await look(api, "/jobs/poll%3A20260101T000100Z")

    assert page.all("a", href="/schedules/mail/poll")
    assert page.all("time", datetime="2026-01-01T00:01:00.000Z")
    assert "poll by hand" in (await look(api, f"/jobs/{by_hand}")).text


async def test_what_cron_feeds_is_expected_and_told_when_it_is_late(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    await gopher.expect("backup", "backup", 90_000, queue="mail", grace=60)
    await gopher.expect("hourly", "y", 1)
    assert "gopher schedule set" in (await look(api, "/schedules?queue=")).text

    page = await look(api, "/schedules?queue=mail")

    assert page.forbidden() == [] and "hourly" not in page.text
    assert "backup backup in mail 1d1h and 1m more waits for the first never" in page.text
    await gopher.submit("backup", queue="mail")
    await end(gopher, await take(gopher, 1, "mail"), builders.success())
    assert "on time" in (await look(api, "/schedules?queue=mail")).text


async def test_a_key_of_one_queue_runs_the_schedules_of_that_alone(open_api: Open, gopher: Gopher) -> None:
    for queue in ("mail", "shop"):
        await gopher.set_schedule("nightly", "x", queue=queue, **NIGHT)
    made = await gopher.create_key("one", scopes=["read", "submit:mail"])
    async with open_api() as api:
        await sign_in(api, made.secret)
        for queue, status in (("mail", 303), ("shop", 403)):
            here = f"/schedules/{queue}/nightly"
            page = await look(api, here)
            assert bool(page.all("form", action=f"{here}/run")) == (status == 303)
            assert not page.all("form", action=f"{here}/pause")
            token = page.fields("/logout")["csrf_token"]
            assert (await send(api, f"{here}/run", csrf_token=token)).status_code == status
            assert (await send(api, f"{here}/pause", csrf_token=token)).status_code == 403


@pytest.mark.parametrize("key", ["schedules", "ticks", "runs"])
async def test_a_queue_with_foreign_keys_hides_no_other(
    api: httpx2.AsyncClient, gopher: Gopher, redis: Redis, key: str
) -> None:
    for queue in ("mail", "shop"):
        await gopher.set_schedule("nightly", "x", queue=queue, **NIGHT)
    place = gopher.keys("shop")[key]
    kept = redis.dump(place)
    redis.set(place, "foreign")

    page, listed = await look(api, "/schedules"), await api.get("/api/v1/schedules")

    redis.restore(place, 0, kept, replace=True)
    assert "Not shown, for keys that are not ours: shop." in page.text
    assert page.all("a", href="/schedules/mail/nightly") and not page.all("a", href="/schedules/shop/nightly")
    assert [one["queue"] for one in listed.json()["items"]] == ["mail"]
