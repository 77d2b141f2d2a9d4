"""Another time for jobs that wait for theirs: from Python, from HTTP, from the pages."""

from __future__ import annotations

from typing import Any

import builders
import httpx2
import pytest

from gopher_cli.actor import ACTOR
from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import Usage
from gopher_cli.model.facts import Fact, Operation
from gopher_cli.model.text.duration import rfc3339
from web.operated import end, in_every_state, take
from web.pages import Page, look, send

pytestmark = pytest.mark.anyio

FAR = 4_102_444_800  # 2100-01-01T00:00:00Z


async def due(gopher: Gopher, id: str) -> int:
    return (await gopher.inspect("default", id)).due


async def test_what_waits_for_a_moment_gets_another_and_all_else_is_left(gopher: Gopher) -> None:
    made = await in_every_state(gopher)
    heard: list[Fact] = []
    gopher.listeners.append(heard.append)
    token = ACTOR.set("ann")

    words = builders.words(await gopher.reschedule("default", [*made.values(), "nobody"], due=FAR))

    ACTOR.reset(token)
    said = {name: words[id] for name, id in made.items()}
    assert said == {name: name for name in made} | dict.fromkeys(("scheduled", "retrying"), "rescheduled")
    assert words["nobody"] == "gone"
    for name in ("scheduled", "retrying"):
        job = await gopher.inspect("default", made[name])
        assert (job.state, job.due, job.attempts) == (name, FAR * 1000, 1 if name == "retrying" else 0)
    (fact,) = heard
    assert isinstance(fact, Operation) and set(fact.ids) == {made["scheduled"], made["retrying"]}
    (entry,) = await gopher.audit_log()
    assert (entry.actor, entry.action, entry.changed) == ("ann", "reschedule", 2)
    assert entry.detail == "at 2100-01-01T00:00:00.000Z"


@pytest.mark.parametrize("given", [{"delay": -1.0}, {"delay": float("nan")}, {"due": 1e12}, {"due": -1.0}])
async def test_a_moment_that_nobody_lives_to_see_is_refused(gopher: Gopher, given: dict[str, float]) -> None:
    id = await gopher.submit("x", delay=60)
    before = await due(gopher, id)

    with pytest.raises(Usage, match="is a number of seconds"):
        await gopher.reschedule("default", [id], **given)

    assert await due(gopher, id) == before


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"execute_at": "2100-01-01T00:00:00Z"}, 200), ({"execute_at": FAR}, 200), ({"delay": "2h"}, 200),
        ({"delay": 0}, 200), ({"execute_at": "1999-01-01"}, 200), ({}, 422), ([], 422),
        ({"delay": "soon"}, 422), ({"execute_at": FAR, "delay": 1}, 422), ({"execute_at": "then"}, 422),
        ({"when": 1}, 422), ({"execute_at": "0001-01-01T00:00:00+23:59"}, 200),
        ({"execute_at": 1e300}, 422), ({"delay": 1e300}, 422),
    ],
)  # fmt: skip
async def test_over_http_a_time_or_a_duration_is_taken_and_nothing_else(
    api: httpx2.AsyncClient, gopher: Gopher, body: Any, status: int
) -> None:
    id = await gopher.submit("x", delay=60)
    before = await due(gopher, id)

    answer = await api.post(f"/api/v1/jobs/{id}/reschedule", json=body)

    assert answer.status_code == status, answer.text
    if status == 200:
        said = answer.json()
        assert (said["outcome"], said["changed"]) == ("rescheduled", True)
        assert said["due_at"] == rfc3339(await due(gopher, id))
    assert (await due(gopher, id) != before) == (status == 200)


@pytest.mark.parametrize(("said", "meant"), [("at", "execute_at"), ("in", "delay")])
async def test_the_words_of_the_command_line_get_those_of_http(
    api: httpx2.AsyncClient, said: str, meant: str
) -> None:
    problem = (await api.post("/api/v1/jobs/any/reschedule", json={said: "2h"})).json()

    assert problem["errors"][0]["pointer"] == f"#/{said}" and problem["hint"] == f"did you mean {meant}?"


async def test_over_http_a_state_that_forbids_it_is_told(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    made = await in_every_state(gopher)

    for before, id in made.items():
        answer = await api.post(f"/api/v1/jobs/{id}/reschedule", json={"delay": 5})
        allowed = before in ("scheduled", "retrying")
        assert answer.status_code == (200 if allowed else 409)
        assert allowed or answer.json()["job_status"] == before
    assert (await api.post("/api/v1/jobs/nobody/reschedule", json={"delay": 5})).status_code == 404


async def test_a_page_asks_when_and_tells_what_came_of_it(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    made = await in_every_state(gopher)
    assert not (await look(api, f"/jobs/{made['failed']}")).all("a", href=_link(made["failed"]))
    (link,) = (await look(api, f"/jobs/{made['scheduled']}")).all("a", href=_link(made["scheduled"]))
    asked = await look(api, link["href"])
    assert f"Run x {made['scheduled'][-12:]} at another time" in asked.text
    assert "Now due in" in asked.text and asked.all("a", href="/scheduled", **{"aria-current": "page"})

    wrong = await send(api, "/reschedule", **asked.fields("/reschedule"), when="soon")
    right = await send(api, "/reschedule", **Page(wrong.text).fields("/reschedule"), when="2100-01-01")

    assert wrong.status_code == 422 and Page(wrong.text).all("input", name="when", value="soon")
    assert right.headers["location"] == f"/jobs/{made['scheduled']}"
    assert "1 job rescheduled." in (await look(api, right.headers["location"])).text
    assert await due(gopher, made["scheduled"]) == FAR * 1000


async def test_a_page_asks_for_no_job_that_cannot_have_another_time(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    made = await in_every_state(gopher)

    for state, id in made.items():
        await look(api, _link(id), 200 if state in ("scheduled", "retrying") else 409)
    await look(api, _link("nobody"), 404)


async def test_a_list_of_what_waits_offers_another_time_before_it_offers_to_delete(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    await in_every_state(gopher)

    def offered(page: Page) -> list[str]:
        return [one["value"] for one in page.all("button", name="action")]

    for path in ("/scheduled", "/jobs?q=state:scheduled", "/jobs?q=state:scheduled,retrying"):
        assert offered(await look(api, path))[-2:] == ["reschedule", "purge"], path
    for path in ("/jobs", "/jobs?q=state:scheduled,failed"):
        assert "reschedule" not in offered(await look(api, path)), path


async def test_a_job_tells_when_it_runs_again_until_it_gets_another_time(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    await gopher.submit("x")
    said = b'{"outcome":"failed","error":"no","attempt":1,"retry_in":3600}'
    (id,) = await end(gopher, await take(gopher), builders.failure(delay=3600), said)
    assert "again in" in (await look(api, f"/jobs/{id}")).text

    await gopher.reschedule("default", [id], due=FAR)

    assert "again in" not in (await look(api, f"/jobs/{id}")).text


async def test_ticked_jobs_are_put_off_together(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    ids = [await gopher.submit("x", delay=60, queue=queue) for queue in ("default", "mail")]
    page = await look(api, "/scheduled")
    assert page.all("button", formaction="/reschedule", value="reschedule")
    picked = [one["value"] for one in page.all("input", name="job")]

    asked = await api.get("/reschedule", params={"job": picked, "action": "reschedule"})
    fields: dict[str, Any] = Page(asked.text).fields("/reschedule") | {"job": picked, "when": "1h"}
    answer = await send(api, "/reschedule", **fields)

    assert "2 jobs rescheduled." in (await look(api, answer.headers["location"])).text
    dues = [(await gopher.inspect(queue, id)).due for queue, id in zip(("default", "mail"), ids, strict=True)]
    now = (await gopher.inspect("mail", ids[1])).now
    assert all(3500_000 < at - now <= 3600_000 for at in dues)


async def test_nothing_ticked_is_nothing_done(api: httpx2.AsyncClient) -> None:
    for query, said in (("job=", "No job is selected"), ("job=q/1&all=1", "not all that match")):
        answer = await api.get(f"/reschedule?{query}", headers={"Accept": "text/html"})

        assert answer.headers["location"] == "/scheduled"
        assert said in (await look(api, "/scheduled")).text


def _link(id: str) -> str:
    return f"/reschedule?job=default%2F{id}&back=%2Fjobs%2F{id}"
