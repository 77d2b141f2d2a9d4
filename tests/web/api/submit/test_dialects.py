"""The dialects of submitters: each spelling means one thing, each state has its word."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gopher_cli.gopher import Gopher
from gopher_cli.model.job.defaults import Defaults
from gopher_cli.model.job.fields import BY_NAME, keys_of
from gopher_cli.model.job.job import JobState
from gopher_cli.web.api.support.dialects import CLASSIC, DIALECTS, PLAIN, V1, Accepted
from gopher_cli.web.api.support.job_request import read_job
from web.operated import in_every_state

pytestmark = pytest.mark.anyio

RETRIES = keys_of(BY_NAME["max_retries"])
PATHS = {V1.name: "/api/v1/jobs", CLASSIC.name: "/api/jobs", PLAIN.name: "/job"}
RETRIES = keys_of(BY_NAME["max_retries"])
PAYLOADS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=3), inside, max_size=3),
    max_leaves=8,
)


@given(
    payload=PAYLOADS,
    retries=st.integers(0, 1000),
    spelling=st.sampled_from(sorted(RETRIES)),
    priority=st.sampled_from(["high", "normal", "low"]) | st.integers(0, 10),
    queue=st.from_regex(r"[a-z]{1,20}", fullmatch=True),
)
def test_what_is_asked_for_is_what_is_made(
    payload: Any, retries: int, spelling: str, priority: int | str, queue: str
) -> None:
    body = {"type": "t", "payload": payload, "priority": priority, "queue": queue}
    asked = read_job(json.dumps(body | {spelling: retries + RETRIES[spelling]}).encode(), Defaults())

    spec = asked.job.spec
    assert json.loads(bytes(spec.payload)) == payload == asked.payload
    assert spec.max_retries == retries and asked.job.queue == queue
    assert spec.priority == {"high": 8, "normal": 5, "low": 2}.get(priority, priority)  # type: ignore[call-overload]


@given(
    state=st.sampled_from(list(JobState)),
    at_ms=st.integers(0, 4_000_000_000_000),
    dialect=st.sampled_from(DIALECTS),
)
def test_an_answer_names_the_job_and_its_state(state: JobState, at_ms: int, dialect: Any) -> None:
    made = Accepted(id="job-1", type="t", queue="q", state=state.value, at_ms=at_ms)

    said = dialect.submitted(dialect, made)

    told = said if isinstance(said, dict) else {name: getattr(said, name) for name in said.__struct_fields__}
    assert (told["job_id"], told["status"]) == ("job-1", dialect.words[state])
    assert dialect is V1 or set(told) == {"job_id", "status"}


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda one: one.name)
def test_every_state_has_a_word_in_every_dialect(dialect: Any) -> None:
    assert set(dialect.words) == {state.value for state in JobState} | {"gone", "paused", "over"}


@pytest.mark.parametrize("name", PATHS)
async def test_every_dialect_understands_every_spelling(api: httpx2.AsyncClient, name: str) -> None:
    for more in ({"retries": 2}, {"max_retries": 2}, {"max_attempts": 3, "priority": "low"}, {"delay": 9}):
        answer = await api.post(PATHS[name], json={"type": "t", "payload": "text"} | more)
        assert answer.status_code == 201, answer.text
        assert (await api.get(answer.headers["location"])).status_code == 200


@pytest.mark.parametrize("name", PATHS)
async def test_a_known_job_is_answered_in_the_words_of_its_dialect(
    api: httpx2.AsyncClient, name: str
) -> None:
    await api.post(PATHS[name], json={"type": "t", "id": "mine"})
    again = await api.post(PATHS[name], json={"type": "t", "id": "mine"})

    word = "Pending" if name == "plain" else "enqueued"
    assert (again.status_code, again.json()["job_id"], again.json()["status"]) == (200, "mine", word)


async def test_the_plain_words_are_five(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    made = await in_every_state(gopher)

    words = {state: (await api.get(f"/job/{id}")).json()["status"] for state, id in made.items()}

    assert words == {
        "completed": "Completed",
        "failed": "Failed",
        "retrying": "Retrying",
        "processing": "InProcess",
        "cancelled": "Failed",
        "enqueued": "Pending",
        "scheduled": "Pending",
        "blocked": "Pending",
    }


@pytest.mark.parametrize("path", PATHS.values())
async def test_a_job_may_recur_in_every_dialect(api: httpx2.AsyncClient, path: str) -> None:
    body = {"type": "t", "recurring": {"cron_expression": "0 0 1 1 *", "name": "s"}}
    made, again = await api.post(path, json=body), await api.post(path, json=body)

    assert (made.status_code, again.status_code) == (201, 200) and made.json() == again.json()
    assert made.headers["location"] == "/api/v1/schedules/default/s"
    assert made.json()["job_id"].startswith("s:")
    assert made.json()["status"] == ("Pending" if path == "/job" else "scheduled")
    assert path == "/api/v1/jobs" or set(made.json()) == {"job_id", "status"}


async def test_old_routes_say_where_the_new_ones_are(api: httpx2.AsyncClient) -> None:
    document = (await api.get("/openapi.json")).json()["paths"]
    old = [
        ("/api/jobs", "post"),
        ("/job", "post"),
        ("/job/{id}", "get"),
        ("/job/requeue-dlq", "post"),
        ("/api/v1/jobs/types", "get"),
        ("/api/v1/queue/stats", "get"),
    ]

    assert all(document[path][method]["deprecated"] for path, method in old)
    answer = await api.post("/job", json={"type": "t"})
    assert answer.headers["link"] == '</api/v1/jobs>; rel="successor-version"'
