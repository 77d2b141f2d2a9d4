"""What operators do from the pages: each deed is asked about first, done, and told."""

from __future__ import annotations

import builders
import httpx2
import pytest

from gopher_cli.gopher import Gopher
from gopher_cli.model.select.filter import Filter
from web.operated import end, in_every_state, take
from web.pages import Page, look, send

pytestmark = pytest.mark.anyio


async def said(api: httpx2.AsyncClient, answer: httpx2.Response) -> str:
    """What the page behind a redirection tells first."""
    assert answer.status_code == 303, answer.text
    page = await look(api, answer.headers["location"])
    return page.text


@pytest.mark.parametrize(
    ("state", "deed", "becomes"),
    [
        ("failed", "retry", "enqueued"), ("retrying", "retry", "enqueued"),
        ("cancelled", "retry", "enqueued"),
        ("scheduled", "promote", "enqueued"), ("retrying", "promote", "enqueued"),
        ("enqueued", "cancel", "cancelled"), ("scheduled", "cancel", "cancelled"),
        ("completed", "purge", ""), ("failed", "purge", ""), ("blocked", "purge", ""),
    ],
)  # fmt: skip
async def test_a_button_does_what_it_says(
    api: httpx2.AsyncClient, gopher: Gopher, state: str, deed: str, becomes: str
) -> None:
    id = (await in_every_state(gopher))[state]
    page = await look(api, f"/jobs/{id}")
    assert page.all("form", action=f"/jobs/{id}/{deed}")

    answer = await send(api, f"/jobs/{id}/{deed}")

    assert "1 job " in await said(api, answer)
    found = [row.state for row in await gopher.jobs(Filter(id_part=id))]
    assert found == ([becomes] if becomes else [])


async def test_a_page_of_an_id_in_two_queues_wants_one_named_and_acts_on_that(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    for queue in ("one", "two"):
        await gopher.submit_many([builders.job("dup", queue=queue, delay=3600.0)])
    assert (await api.get("/jobs/dup", headers={"Accept": "text/html"})).status_code == 409
    assert (await send(api, "/jobs/dup/cancel")).status_code == 409
    page = await look(api, "/jobs/dup?queue=two")
    assert page.all("form", action="/jobs/dup/cancel?queue=two")

    answer = await send(api, "/jobs/dup/cancel?queue=two")

    assert "1 job " in await said(api, answer)
    found = {row.queue: row.state for row in await gopher.jobs(Filter())}
    assert found == {"one": "scheduled", "two": "cancelled"}


async def test_a_running_job_is_asked_to_stop(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    id = (await in_every_state(gopher))["processing"]

    answer = await send(api, f"/jobs/{id}/cancel")

    assert "asked to stop" in await said(api, answer)


async def test_a_deed_that_came_too_late_is_told_and_does_nothing(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    id = (await in_every_state(gopher))["completed"]

    answer = await send(api, f"/jobs/{id}/retry")

    assert "left as it is: completed" in await said(api, answer)


async def test_a_message_is_shown_once_and_not_to_the_page_that_refreshes_itself(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    id = (await in_every_state(gopher))["failed"]
    await send(api, f"/jobs/{id}/retry")

    live = await look(api, f"/jobs/{id}", **{"X-Live": "1"})
    first = await look(api, f"/jobs/{id}")
    second = await look(api, f"/jobs/{id}")

    told = ["1 job retried" in page.text for page in (live, first, second)]
    assert told == [False, True, False]


async def test_selected_jobs_are_counted_before_anything_is_done(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    ids = [await gopher.submit("x") for _ in range(3)]
    picked = "&".join(f"job=default/{id}" for id in ids[:2])

    page = await look(api, f"/bulk?action=cancel&back=/jobs&q=&{picked}")
    assert "Cancel 2 jobs?" in page.text
    assert await gopher.jobs(Filter(states=("cancelled",))) == []
    answer = await send(api, "/bulk", action="cancel", back="/jobs", job=[f"default/{id}" for id in ids[:2]])

    assert "2 jobs cancelled" in await said(api, answer)
    assert {row.id for row in await gopher.jobs(Filter(states=("cancelled",)))} == set(ids[:2])


async def test_nothing_selected_is_nothing_done(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    await gopher.submit("x")

    asked = await said(api, await api.get("/bulk?action=purge&q=&back=/jobs"))
    sent = await said(api, await send(api, "/bulk", action="purge", back="/jobs", q=""))

    assert "No job is selected" in asked
    assert "No job is selected" in sent
    assert len(await gopher.jobs(Filter())) == 1


async def test_all_that_match_are_done_and_no_other(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    for n in range(5):
        await gopher.submit("x", {"n": n})
    await gopher.submit("other")

    page = await look(api, "/bulk?action=cancel&q=type:x&all=1&back=/jobs")
    assert "Cancel 5 jobs?" in page.text
    answer = await send(api, "/bulk", **page.fields("/bulk"))

    assert "5 jobs cancelled" in await said(api, answer)
    assert [row.type for row in await gopher.jobs(Filter(states=("enqueued",)))] == ["other"]


async def test_a_long_deed_goes_on_page_by_page_and_tells_the_sum(
    api: httpx2.AsyncClient, gopher: Gopher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gopher_cli.web.dashboard.pages.bulk._AT_ONCE", 0.0)
    jobs = [builders.job(type="x") for _ in range(1100)]
    await gopher.submit_many(jobs)

    answer = await send(api, "/bulk", action="cancel", q="type:x", all="1", back="/jobs")
    pages = 0
    while answer.status_code == 200:
        pages += 1
        page = Page(answer.text)
        assert page.all("form", action="/bulk")
        fields = page.fields("/bulk")
        fields["word"] = [attrs["value"] for attrs in page.all("input", name="word")]  # type: ignore[assignment]
        answer = await send(api, "/bulk", **fields)

    assert pages == 2
    assert "1 100 jobs cancelled" in await said(api, answer)


async def test_a_whole_queue_is_deleted_by_who_types_its_name(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    await gopher.submit("x", queue="mail")
    page = await look(api, "/bulk?action=purge&q=queue:mail&all=1&back=/queues/mail")
    assert "Type mail to confirm" in page.text

    wrong = await send(api, "/bulk", **page.fields("/bulk"), typed="male")
    assert "Nothing was deleted" in await said(api, wrong)
    assert len(await gopher.jobs(Filter())) == 1

    right = await send(api, "/bulk", **page.fields("/bulk"), typed="mail")
    assert "1 job deleted" in await said(api, right)


async def test_a_group_of_dead_jobs_runs_again(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    for error in ("no answer from 1", "no answer from 2", "full"):
        await gopher.submit("x", max_retries=0)
        told = builders.msgspec.json.encode({"outcome": "failed", "error": error})
        await end(gopher, await take(gopher), builders.failure(delay=None), told)
    page = await look(api, "/dlq")
    (link,) = [
        one["href"] for one in page.all("a") if "action=retry" in one["href"] and "group" in one["href"]
    ][:1]

    answer = await send(api, "/bulk", **(await look(api, link)).fields("/bulk"))

    assert "2 jobs retried" in await said(api, answer)
    assert [row.error for row in await gopher.jobs(Filter(states=("failed",)))] == ["full"]


async def test_a_queue_is_paused_and_resumed(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    await gopher.submit("x", queue="mail")

    paused = await said(api, await send(api, "/queues/mail/pause"))
    assert (await gopher.stats(["mail"])).queues[0].paused
    resumed = await said(api, await send(api, "/queues/mail/resume"))

    assert "mail is paused" in paused
    assert "mail is running again" in resumed
    assert not (await gopher.stats(["mail"])).queues[0].paused


async def test_what_was_done_stands_in_the_audit(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    await gopher.submit("x", queue="mail")
    await send(api, "/queues/mail/pause")

    page = await look(api, "/audit")

    assert "pause mail" in page.text
    assert "anybody@" in page.text


async def test_the_question_names_poison_jobs(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    for outcome in (b"poison", b"failed"):
        await gopher.submit("x")
        said = b'{"outcome":"%s","error":"e","attempt":1}' % outcome
        await end(gopher, await take(gopher), builders.discard(), said)
    every = await look(api, "/bulk?action=retry&q=state:failed&all=1&back=/dlq")
    others = await look(api, "/bulk?action=retry&q=state:failed%20poison:no&all=1&back=/dlq")

    assert "1 of them is poison" in every.text and "Retry 2 jobs?" in every.text
    assert "poison:" in others.text and "of them is" not in others.text and "Retry 1 job?" in others.text


async def test_one_poison_job_is_asked_about_wherever_it_is_retried(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    ids = []
    for outcome in (b"poison", b"failed"):
        ids.append(await gopher.submit("x"))
        said = b'{"outcome":"%s","error":"e","attempt":1}' % outcome
        await end(gopher, await take(gopher), builders.discard(), said)
    poison, other = ids
    page = await look(api, f"/jobs/{poison}")
    assert page.all("button", popovertarget="poison") and "Workers died of this job" in page.text
    assert page.fields(f"/jobs/{poison}/retry")["sure"] == "yes"
    assert not (await look(api, f"/jobs/{other}")).all("button", popovertarget="poison")

    asked = await send(api, f"/jobs/{poison}/retry")  # from a page of before it was dead
    assert asked.headers["location"].startswith("/bulk?action=retry&job=default%2F")
    question = await look(api, asked.headers["location"])
    assert "Retry 1 job?" in question.text and "It is poison" in question.text
    several = await look(api, f"/bulk?action=retry&job=default/{poison}&job=default/{other}")
    assert "1 of them is poison" in several.text
    assert (await gopher.inspect("default", poison)).state == "failed"

    await send(api, f"/jobs/{poison}/retry", sure="yes")
    await send(api, f"/jobs/{other}/retry")
    assert {(await gopher.inspect("default", id)).state for id in ids} == {"enqueued"}
    assert "poison" not in (await look(api, f"/bulk?action=retry&job=default/{poison}")).text
