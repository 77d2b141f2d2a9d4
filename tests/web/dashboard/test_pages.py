"""The pages: each shows what is there, whatever that is, under a policy that lets nothing else in."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import builders
import httpx2
import msgspec
import pytest
from redis import Redis

from gopher_cli.gopher import Gopher
from gopher_cli.model.job.job import JobState
from gopher_cli.store.asks import ask
from gopher_cli.web.dashboard import assets, render
from gopher_cli.web.dashboard.render import POLICY
from web.conftest import Open
from web.operated import end, in_every_state, take
from web.pages import look

pytestmark = pytest.mark.anyio

PAGES = (
    "/", "/?range=6h", "/?range=24h", "/queues", "/queues/default", "/jobs", "/jobs?q=state:failed", "/dlq",
    "/jobs?q=state:completed,failed+older:1s", "/jobs?q=type:x",
    "/jobs?order=oldest&size=25", "/scheduled", "/schedules", "/workers", "/server", "/submit",
    "/submit?type=x", "/audit", "/keys", "/keys/new",
    "/bulk?action=retry&q=state:failed&all=1", "/bulk?action=purge&q=&all=1",
)  # fmt: skip
EVIL = "\"><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}'`</textarea></title>\u202e\x1b[31m"
each_page = pytest.mark.parametrize("path", PAGES)


@each_page
async def test_every_page_shows_jobs_in_every_state(
    api: httpx2.AsyncClient, gopher: Gopher, path: str
) -> None:
    await in_every_state(gopher)

    page = await look(api, path)

    assert page.forbidden() == []
    assert len(page.all("h1")) == 1
    assert len(page.all("main")) == 1


@each_page
async def test_every_page_of_an_empty_server_says_what_to_do(api: httpx2.AsyncClient, path: str) -> None:
    unknown = path == "/queues/default"

    page = await look(api, path, 404 if unknown else 200)

    assert page.forbidden() == []
    if path in ("/", "/jobs"):
        assert "gopher submit -t math" in page.text


async def test_the_page_of_a_job_is_there_in_every_state(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    for state, id in (await in_every_state(gopher)).items():
        page = await look(api, f"/jobs/{id}")

        assert state in page.text
        assert page.forbidden() == []
        assert {"aria-label": "Timeline", "id": "life"}.items() <= page.all("section", id="life")[0].items()


async def test_every_state_has_a_tab_with_its_count(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    await in_every_state(gopher)

    page = await look(api, "/jobs")

    for state in JobState:
        assert f"{state} 1" in page.text


@each_page
async def test_every_answer_has_the_strict_policy_and_is_not_kept(api: httpx2.AsyncClient, path: str) -> None:
    headers = (await api.get(path, headers={"Accept": "text/html"})).headers

    assert headers["content-security-policy"] == POLICY
    assert "unsafe" not in POLICY
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"


async def made_of_evil(gopher: Gopher) -> str:
    """A dead job with hostile text wherever text can be."""
    id = await gopher.submit(
        "x", {EVIL: EVIL}, tags=[EVIL], headers={EVIL: EVIL}, unique_key=EVIL, max_retries=0
    )
    told = {"outcome": "failed", "error": EVIL, "traceback": f"{EVIL}\n{EVIL}", "attempt": 1}
    await end(gopher, await take(gopher), builders.discard(), msgspec.json.encode(told))
    await gopher.beat("evil", {"host": EVIL, "pid": 1, "types": [EVIL], "queues": [EVIL], "current": [
        {"id": EVIL, "type": EVIL, "queue": EVIL, "seconds": 1}]})  # fmt: skip
    return id


async def test_hostile_text_stays_text_on_every_page(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    id = await made_of_evil(gopher)

    for path in (*PAGES, f"/jobs/{id}", "/jobs?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E"):
        answer = await api.get(path, headers={"Accept": "text/html"})
        page = await look(api, path, answer.status_code)

        assert page.forbidden() == [], path
        assert "<script>alert" not in answer.text
        assert "\x1b" not in answer.text and "\u202e" not in answer.text, path
        assert [attrs["src"].rpartition("/")[2] for attrs in page.all("script")] == ["theme.js", "app.js"]
        assert [attrs["src"].rpartition("/")[2] for attrs in page.all("img")] == ["gopher.svg"]
    assert "{{7*7}}" in (await look(api, f"/jobs/{id}")).text


async def test_a_search_that_is_wrong_says_where(api: httpx2.AsyncClient) -> None:
    page = await look(api, "/jobs?q=stat:failed", 422)

    assert "no qualifier stat:" in page.text
    assert "did you mean state" in page.text


@pytest.mark.parametrize(
    "query", ["/jobs?q=", "/dlq?q=", "/bulk?all=1&action=retry&q=", "/login?next=/", "/submit?type="]
)
async def test_a_parameter_of_a_page_that_is_too_long_is_told_by_name(
    api: httpx2.AsyncClient, query: str
) -> None:
    answer = await api.get(query + "x" * 4001)

    name = query.rpartition("?")[2].rpartition("&")[2].partition("=")[0]
    assert answer.status_code == 422 and f"{name} has at most " in answer.text.lower()


async def test_pages_follow_each_other_and_lose_nothing(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    ids = {await gopher.submit("x") for _ in range(60)}
    seen: set[str] = set()
    path = "/jobs?size=25"

    while path:
        page = await look(api, path)
        seen |= {link["href"].removeprefix("/jobs/") for link in page.all("a", **{"class": "id"})}
        path = next((link["href"] for link in page.all("a", rel="next")), "")

    assert seen == ids


async def test_numbers_of_any_size_are_shown_exactly(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    id = await gopher.submit("x", {"n": 123456789012345678901234567890})

    assert '"n": 123456789012345678901234567890' in (await look(api, f"/jobs/{id}")).text


async def test_dead_jobs_are_grouped_by_what_went_wrong(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    for n in range(3):
        await gopher.submit("x", max_retries=0)
        told = msgspec.json.encode({"outcome": "failed", "error": f"no answer from 10.0.0.{n}"})
        await end(gopher, await take(gopher), builders.failure(delay=None), told)

    page = await look(api, "/dlq")

    assert "3 no answer from …" in page.text
    (group,) = (await gopher.failure_groups()).groups
    assert any(group.group in link["href"] for link in page.all("a", **{"class": "button"}))


async def test_a_command_to_copy_is_one_that_a_shell_takes_as_it_is(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    id = await gopher.submit("x", {"to": "o'hara; rm -rf /"}, queue="mail", tags=["a b"])

    page = await look(api, f"/jobs/{id}")

    payload = """'{"to":"o'"'"'hara; rm -rf /"}'"""
    ways = "--retries 3 --timeout 5m --backoff exp:5s --tag 'a b'"
    assert f"gopher submit -t x -Q mail -p {payload} {ways}" in page.text


async def test_without_redis_a_page_says_so_and_comes_back_by_itself(open_api: Open) -> None:
    async with open_api(REDIS_URL="redis://127.0.0.1:1") as api:
        page = await look(api, "/", 503)

        assert "Redis is away" in page.text
        assert page.all("meta", **{"http-equiv": "refresh"})
        assert page.forbidden() == []


async def test_an_address_that_is_none_is_told_to_people_as_a_page_and_to_programs_as_a_problem(
    api: httpx2.AsyncClient,
) -> None:
    assert "Nothing here" in (await look(api, "/nowhere", 404)).text
    assert "There is no job" in (await look(api, "/jobs/none", 404)).text
    assert (await api.get("/nowhere")).headers["content-type"] == "application/problem+json"
    browser = await api.get("/api/v1/nowhere", headers={"Accept": "text/html"})
    assert browser.headers["content-type"] == "application/problem+json"


async def test_the_first_load_is_small(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    """Everything that `/` needs, as it goes over the wire."""
    await in_every_state(gopher)
    packed = {"Accept": "text/html", "Accept-Encoding": "gzip"}
    whole = 0
    names = [f"/static/{assets.version()}/{name}" for name in assets.files()]

    for path in ("/", *names):
        async with api.stream("GET", path, headers=packed) as answer:
            assert answer.headers["content-encoding"] == "gzip"
            whole += len(b"".join([piece async for piece in answer.aiter_raw()]))

    assert whole <= 30_000


async def test_static_files_are_kept_for_ever_under_the_address_of_their_version(
    api: httpx2.AsyncClient,
) -> None:
    page = await look(api, "/")
    sheet = page.all("link", rel="stylesheet")[0]["href"]

    new = await api.get(sheet)
    old = await api.get("/static/000000000000/gopher.css")

    assert "immutable" in new.headers["cache-control"]
    assert new.headers["content-type"] == "text/css; charset=utf-8"
    assert old.headers["cache-control"] == "no-cache"
    for path in ("/static/x/nothing.css", "/static/x/..%2frender.py", "/static/x/%2e%2e/render.py"):
        assert (await api.get(path)).status_code == 404


async def test_under_a_prefix_every_link_begins_with_it(open_api: Open, gopher: Gopher) -> None:
    id = await gopher.submit("x")
    async with open_api(SERVER_ROOT_PATH="/ops/gopher") as api:
        for path in (*PAGES, f"/jobs/{id}"):
            page = await look(api, path)
            for tag, attrs in page.elements:
                for name in ("href", "src", "action"):
                    assert attrs.get(name, "/ops/gopher").startswith(("/ops/gopher", "#")), (tag, attrs)

        through = await look(api, "/ops/gopher/jobs")  # a proxy that leaves the prefix in place
        assert through.all("a", href="/ops/gopher/jobs", **{"aria-current": "page"})


async def test_a_later_page_of_jobs_is_as_live_as_the_first(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    """Its tabs are: a list beside them that stands still would be called live, too."""
    ids = [await gopher.submit("x") for _ in range(30)]
    first = await look(api, "/jobs?size=25&order=oldest")
    (link,) = first.all("a", rel="next")
    assert (await look(api, link["href"])).all("div", id="list")[0].get("data-live") == ""
    await gopher.cancel("default", [ids[-1]])
    again = await look(api, link["href"], **{"X-Live": "1"})
    assert [one["value"] for one in again.all("input", name="job")] == [f"default/{id}" for id in ids[25:]]
    assert len(again.all("span", class_="state s-cancelled")) == 1


async def test_every_page_with_jobs_says_what_the_clock_of_redis_was(
    api: httpx2.AsyncClient, gopher: Gopher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the browser's clock nor this server's: a job's times are by the one of Redis."""
    made = await in_every_state(gopher)
    monkeypatch.setattr(render, "time", SimpleNamespace(time_ns=lambda: 0))
    one = f"/jobs/{made['failed']}"
    for path in ("/", "/queues", "/queues/default", "/jobs", "/dlq", "/scheduled", one, "/audit", "/keys"):
        before = await gopher.store.ask(ask.time_ms())
        said = int((await look(api, path)).all("body")[0]["data-now"])
        assert before <= said <= await gopher.store.ask(ask.time_ms()), path


def test_scripts_never_make_markup_of_text() -> None:
    place = Path(assets.__file__).parent / "static"
    never = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|https?://|setAttribute\(\"style"

    for path in place.glob("*.js"):
        assert not re.search(never, path.read_text()), path.name
    for path in (*place.glob("*.css"), *place.parent.glob("templates/*.html")):
        assert not re.search(r"@import|url\(|https?://|\|\s*safe\b|autoescape false", path.read_text()), (
            path.name
        )


async def test_a_queue_with_foreign_keys_hides_no_other(
    api: httpx2.AsyncClient, gopher: Gopher, redis: Redis
) -> None:
    await gopher.submit("x", queue="mail")
    await gopher.submit("x", queue="odd")
    key = gopher.keys("odd")["failed"]
    redis.set(key, "not ours")

    for path in ("/", "/queues"):
        page = await look(api, path)
        assert "mail" in page.text
        assert "Not counted, for keys that are not ours: odd" in page.text
    redis.delete(key)


async def test_a_schema_that_is_no_schema_costs_nobody_a_page(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    for published in (b"[1]", b"7", b"{", b'{"properties":7}'):
        await gopher.store.ask(ask.publish_types(gopher.namespace, {"x": published}))
        for path in ("/submit", "/submit?type=x", "/jobs"):
            await look(api, path)


async def test_an_error_of_ours_is_a_page_too(
    api: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gopher_cli.gopher.Gopher.workers", None)

    page = await look(api, "/workers", 500)

    assert "That went wrong" in page.text
    assert "NoneType" not in page.text


async def test_a_rare_job_far_back_is_looked_for_until_it_is_found(
    api: httpx2.AsyncClient, gopher: Gopher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gopher_cli.verbs.select.scan.LOOKED_AT", 100)
    monkeypatch.setattr("gopher_cli.web.dashboard.pages.jobs._LOOKING", 0.0)
    rare = await gopher.submit("rare")
    await gopher.submit_many([builders.job(type="x") for _ in range(250)])
    path, found = "/jobs?q=type:rare", ""

    for _ in range(10):
        page = await look(api, path)
        found = next((link["href"] for link in page.all("a", **{"class": "id"})), "")
        if found:
            break
        (further,) = [link for link in page.all("a", rel="next") if "data-look-on" in link]
        path = further["href"]

    assert found == f"/jobs/{rare}"
