"""Submitting by hand: a form out of a type's schema, and a job out of the form."""

from __future__ import annotations

import shlex
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from gopher_cli.gopher import Gopher
from gopher_cli.model.select.filter import Filter
from gopher_cli.model.views.job_view import JobDetail
from gopher_cli.web.dashboard.views.resubmit import as_command, as_request
from web.pages import FORM, Page, look, publish, send

pytestmark = pytest.mark.anyio


SCHEMA: dict[str, object] = {
    "type": "object", "required": ["to", "n"], "properties": {
        "to": {"type": "string"}, "n": {"type": "integer"}, "share": {"type": "number", "default": 0.5},
        "loud": {"type": "boolean"}, "kind": {"enum": ["a", 7, None]}, "who": {"$ref": "#/$defs/Who"},
        "names": {"type": "array", "items": {"type": "string"}}, "any": {},
    },
    "$defs": {
        "Who": {"type": "object", "properties": {"first": {"type": "string"}, "age": {"type": "integer"}}},
    },
}  # fmt: skip


async def test_a_form_is_made_of_the_schema_and_a_job_of_the_form(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    await publish(gopher, "greet", SCHEMA)
    page = await look(api, "/submit?type=greet")
    for name in ("to", "n", "share", "loud", "names", "who/first", "who/age"):
        assert any(attrs.get("name") == f"payload/{name}" for _, attrs in page.elements), name

    written = {
        "payload/to": " Ann ", "payload/n": "12345678901234567890123", "payload/loud": "true",
        "payload/kind": "1", "payload/names": "x\r\ny\r\n", "payload/who/age": "7",
        "payload/any": '{"b":[1]}',
        "queue": "mail", "priority": "high", "delay": "10m", "retries": "2", "tags": "a, b",
    }  # fmt: skip
    answer = await send(api, "/submit", **page.fields("/submit") | written)

    id = answer.headers["location"].removeprefix("/jobs/")
    job = await gopher.inspect("mail", id)
    assert job.payload == {
        "to": " Ann ", "n": 12345678901234567890123, "loud": True, "kind": 7, "names": ["x", "y"],
        "who": {"age": 7}, "any": {"b": [1]},
    }  # fmt: skip
    assert (job.state, job.priority, job.max_retries, job.tags) == ("scheduled", 8, 2, ["a", "b"])


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({"payload/n": "many"}, "n: 'many' is not a whole number"),
        ({"payload/n": "1", "payload/kind": "9"}, "kind: choose one of the list"),
        ({"payload/n": "1", "payload/any": "{"}, "any: this is not valid JSON"),
        ({"payload/n": ""}, "n is missing"),
        ({"payload/n": "1", "delay": "soon"}, "delay:"),
        ({"payload/n": "1", "retries": "-1"}, "retries: a whole number"),
        ({"payload/n": "1", "queue": "no queue!"}, "queue"),
        ({"json": '{"to":1,"n":2}'}, "to is an integer, not a string"),
    ],
)
async def test_what_does_not_fit_is_told_and_nothing_that_was_written_is_lost(
    api: httpx2.AsyncClient, gopher: Gopher, written: dict[str, str], told: str
) -> None:
    await publish(gopher, "greet", SCHEMA)

    answer = await send(api, "/submit", type="greet", **{"payload/to": "somebody <b>"} | written)

    assert answer.status_code == 422
    assert told in Page(answer.text).text
    assert 'value="somebody &lt;b&gt;"' in answer.text
    assert await gopher.jobs(Filter()) == []


async def test_all_that_is_wrong_is_told_at_once_each_beside_its_field(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    few = {"type": "integer", "maximum": 9}
    who = {"type": "object", "required": ["age"], "properties": {"name": {"type": "string"}, "age": few}}
    fields = dict.fromkeys("abcdef", few) | {"who": who}
    schema: dict[str, object] = {"type": "object", "required": [*fields], "properties": fields}
    await publish(gopher, "count", schema)
    written = {f"payload/{name}": "10" for name in "abcde"} | {"payload/f": "many"}
    written |= {"payload/who/age": "old", "delay": "soon"}

    page = Page((await send(api, "/submit", type="count", **written)).text)

    assert all(f"{name} is more than 9" in page.text for name in "abcde")
    assert "f: 'many' is not a whole number" in page.text and "who.age: 'old' is not a whole" in page.text
    assert "is missing" not in page.text
    assert len(page.all("p", **{"class": "error"})) == 8


async def test_a_form_that_is_sent_twice_is_one_job(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    fields = (await look(api, "/submit?type=x")).fields("/submit") | {"json": '{"n":1}'}

    first, second = await send(api, "/submit", **fields), await send(api, "/submit", **fields)

    assert first.headers["location"] == second.headers["location"]
    assert len(await gopher.jobs(Filter())) == 1


async def test_one_like_it_begins_with_its_payload(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    id = await gopher.submit("x", {"n": 123456789012345678901}, queue="mail", tags=["a", "b"])

    page = await look(api, f"/submit?like={id}")
    written = {"json": '{"n": 123456789012345678901}', "queue": "mail", "tags": "a, b"}
    answer = await send(api, "/submit", **page.fields("/submit") | written)

    assert '"n": 123456789012345678901' in page.text
    assert page.all("input", name="queue", value="mail") and page.all("input", name="tags", value="a, b")
    assert answer.headers["location"] != f"/jobs/{id}"


WAYS = {
    "priority": 9, "max_retries": 0, "timeout": 3725.25, "backoff": "fixed:10s", "tags": ["a b"],
    "headers": {"x-y": "a=b 'c'"},
}  # fmt: skip


def ways_of(job: JobDetail) -> dict[str, Any]:
    return {name: getattr(job, name) for name in (*WAYS, "queue", "type", "payload", "unique_key")}


async def post(api: httpx2.AsyncClient, page: Page, **written: str) -> httpx2.Response:
    """Send the form as it stands there, but for what is written."""
    names = ("queue", "retries", "timeout", "backoff", "tags", "headers")
    stands = {name: one["value"] for name in names for one in page.all("input", name=name)}
    _, *chosen = [
        one["value"] for one in page.all("option") if "selected" in one
    ]  # the first: how live it is
    stands["priority"] = chosen[0] if chosen else "normal"
    fields = page.fields("/submit") | stands | written
    here = FORM | {"Origin": "http://localhost", "Accept": "text/html"}
    return await api.post("/submit", content=urlencode(fields), headers=here)


async def test_one_like_it_keeps_all_that_counted_but_the_unique_key(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    id = await gopher.submit("x", {"n": 1}, unique_key="only-one", **WAYS)

    page = await look(api, f"/submit?like={id}")
    assert "only-one is left out on purpose" in page.text
    answer = await post(api, page, json='{"n": 1}')

    first = await gopher.inspect("default", id)
    second = await gopher.inspect("default", answer.headers["location"].rpartition("/")[2])
    assert ways_of(second) == ways_of(first) | {"unique_key": None}


async def test_both_ways_to_do_it_once_more_make_the_same_job(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    job = await gopher.inspect("default", await gopher.submit("x", {"n": 1}, unique_key="k", **WAYS))
    page = await look(api, f"/jobs/{job.id}")
    assert "The unique key is left out on purpose" in page.text

    body = shlex.split(as_request(job, "http://gopher"))[-1]
    taken = await api.post("/api/v1/jobs", content=body, headers={"Content-Type": "application/json"})
    made = taken.json()["job_id"]

    assert ways_of(await gopher.inspect("default", made)) == ways_of(job) | {"unique_key": None}
    words = as_command(job, "http://gopher")
    assert words == (
        "gopher submit -t x -Q default -p '{\"n\":1}' --priority 9 --retries 0 --timeout 3725.25s "
        """--backoff fixed:10s --tag 'a b' --header 'x-y=a=b '"'"'c'"'"''"""
    )


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("timeout", "soon"),
        ("timeout", "60d"),
        ("backoff", "never"),
        ("headers", "a=b"),
        ("headers", '{"a":1}'),
    ],
)
async def test_a_way_that_is_none_is_said_in_the_form(
    api: httpx2.AsyncClient, gopher: Gopher, field: str, said: str
) -> None:
    answer = await post(api, await look(api, "/submit?type=x"), **{field: said})

    assert answer.status_code == 422 and field in Page(answer.text).text
    assert await gopher.jobs(Filter()) == []
