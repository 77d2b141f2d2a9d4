"""Every word of a job, a worker, a type, a search is somebody else's, and none of them comes alive."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any
from urllib.parse import quote

import pytest
from browser.chrome import Chrome
from browser.conftest import log_in
from browser.corpus import ELSEWHERE, TEMPLATE, WORDS
from browser.site import ADMIN, Site

from gopher_cli.actor import ACTOR
from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import BadData, Usage
from gopher_cli.model.facts import Operation
from gopher_cli.store.stores.redis_store import RedisStore
from gopher_cli.store.url import parse_url
from gopher_cli.verbs.submit import new_job

PAGES = """
    / /jobs /jobs?q=type:boom /jobs?q=state:scheduled /dlq /scheduled /queues /queues/default /workers /server
    /audit /submit /submit?type=hostile /bulk?action=retry&q=state:failed&all=1
""".strip().split()
PLACES = """
    /jobs?q={} /dlq?q={} /submit?type={} /queues/{} /jobs/{} /{} /jobs?cursor={} /?range={} /login?next={}
    /bulk?action=purge&q=queue:{}&all=1 /bulk?action=cancel&all=1&q=type:mail&back={} /audit?before={}
""".strip().split()
_SEEN: set[str] = set()
# Everything that could run, or lead away, if it was there.
_ALIVE = """
const kinds = "script:not([src]), iframe, object, embed, base, math, template, style";
const bad = [...document.querySelectorAll(kinds)];
for (const one of document.querySelectorAll("*")) {
    for (const {name, value} of one.attributes) {
        if (name.startsWith("on") || name === "style" || name === "srcdoc") bad.push(one);
        if (!["href", "src", "action", "formaction", "xlink:href", "data"].includes(name)) continue;
        const at = new URL(value, location.href);
        if (at.origin !== location.origin) bad.push(one);
    }
}
return bad.map((one) => one.outerHTML.slice(0, 300));
"""


@pytest.fixture(scope="module")
def hostile(site: Site) -> list[str]:
    """The ids of jobs that carry a word each, wherever one may be; of all states that a word can come to."""
    return asyncio.run(_spread(site))


async def _spread(site: Site) -> list[str]:
    at = json.loads(site.gopher("embedded", "status", "-o", "json"))["socket"]
    async with Gopher(store=RedisStore(parse_url(f"unix://{at}")), namespace="browser") as gopher:
        await _publish(gopher)
        ids = [await _carry(gopher, word, "boom" if n % 2 else "echo") for n, word in enumerate(WORDS)]
        for word in WORDS:
            await gopher.submit("echo", word, delay=3600)
        actor = ACTOR.set(WORDS[5])
        await gopher.record(Operation(WORDS[0], WORDS[3], detail=WORDS[6]))
        ACTOR.reset(actor)
    return ids


async def _carry(gopher: Gopher, word: str, type: str) -> str:
    """Submits it in as many places as it may be in."""
    payload = {"say": word, word: [word]}
    places = {"tags": [word], "headers": {word: word}, "unique_key": word}
    for name in [name for name in places if await _is_refused(gopher, {name: places[name]})]:
        del places[name]
    _SEEN.update(places)
    return await gopher.submit(type, payload, max_retries=0, **places)


async def _is_refused(gopher: Gopher, place: dict[str, Any]) -> bool:
    try:
        new_job(gopher.defaults, "echo", None, **place)
    except (Usage, BadData):
        return True
    return False


async def _publish(gopher: Gopher) -> None:
    """What a worker of ill will can say of itself and of its types."""
    fields = {word: {"type": "string", "description": word, "default": word} for word in WORDS[:30]}
    kinds = {
        "choice": {"enum": WORDS, "default": WORDS[0], "description": WORDS[1]},
        "list": {"type": "array", "items": {"type": "string"}, "default": WORDS},
        "raw": {"type": ["object", "null"], "default": {word: word for word in WORDS}},
    }
    schema = {
        "type": "object",
        "title": WORDS[0],
        "description": " ".join(WORDS),
        "properties": fields | kinds,
    }
    worker = {"host": WORDS[3], "name": WORDS[5], "version": WORDS[10], "state": WORDS[0], "types": WORDS}
    numbers = (
        "pid",
        "slots",
        "busy",
        "started",
        "rss_bytes",
        "cpu_percent",
        "completed",
        "failed",
        "processes",
    )
    running = {"id": WORDS[6], "type": WORDS[0], "queue": WORDS[5], "seconds": 1.0}
    worker |= dict.fromkeys(numbers, 1) | {"queues": ["default"], "current": [running]}
    await gopher.publish_types({"hostile": json.dumps(schema).encode()})
    await gopher.beat(WORDS[2], worker)


_ID = re.compile(r"\b[0-9a-f]{8,}\b|\b[0-9a-f-]{36}\b")


def harmless(chrome: Chrome) -> None:
    """Nothing on this page is alive, and nothing was worked out."""
    chrome.clean()
    assert chrome.run(_ALIVE) == [], chrome.path
    words = _ID.sub("", chrome.text())  # the digits of an id may be these, too
    assert TEMPLATE not in words, chrome.path


@pytest.fixture
def quick(admin: Chrome) -> Chrome:
    """With updates every second."""
    admin.run("localStorage.setItem('gopher-every', '1')")
    return admin


def test_the_words_have_come_everywhere(site: Site, hostile: list[str]) -> None:
    """Else all the rest would tell nothing."""
    assert {"tags", "headers", "unique_key"} <= _SEEN


def test_the_page_of_each_job_shows_its_words_as_words(quick: Chrome, site: Site, hostile: list[str]) -> None:
    for id, word in zip(hostile, WORDS, strict=False):
        quick.open(f"/jobs/{id}")
        harmless(quick)
        if word.isprintable() and "\\" not in word and '"' not in word:
            assert word in quick.text("#payload"), word


def test_every_page_shows_them_as_words_also_after_an_update(
    quick: Chrome, site: Site, hostile: list[str]
) -> None:
    for path in PAGES:
        quick.open(path)
        harmless(quick)
        if quick.all("[data-live]"):
            quick.until(lambda: "fetch" in kinds_of(quick), "an update comes")
            harmless(quick)


def kinds_of(chrome: Chrome) -> list[str]:
    return list(chrome.run("return performance.getEntriesByType('resource').map((one) => one.initiatorType)"))


def test_what_stands_in_an_address_is_never_code(quick: Chrome, site: Site) -> None:
    for n, word in enumerate(WORDS):
        quick.open(PLACES[n % len(PLACES)].format(quote(word, safe="")))
        harmless(quick)
        quick.open(PLACES[(n + 5) % len(PLACES)].format(quote(word, safe="")))
        harmless(quick)


def test_what_is_typed_into_the_search_and_the_forms_is_never_code(quick: Chrome, site: Site) -> None:
    for word in (WORDS[5], WORDS[7], WORDS[0], WORDS[42]):
        for path, css in (
            ("/jobs", "#search"),
            ("/submit?type=mail", "#tags"),
            ("/submit?type=mail", "#queue"),
        ):
            quick.open(path)
            field = quick.one(css)
            send = "const [at, word] = arguments; at.value = word; at.form.noValidate = true;"
            quick.run(f"{send} at.form.requestSubmit()", field, word)
            quick.until(lambda field=field: gone(field))
            harmless(quick)


def gone(element: Any) -> bool:
    """Whether its page has made way for another."""
    from selenium.common.exceptions import WebDriverException

    try:
        element.is_enabled()
    except WebDriverException:
        return True
    return False


def test_a_login_leads_to_no_other_place(visitor: Chrome, site: Site) -> None:
    for place in ELSEWHERE:
        visitor.forget()
        log_in(visitor, ADMIN, f"/login?next={quote(place, safe='')}")
        assert visitor.driver.current_url.startswith(site.url + "/"), (place, visitor.driver.current_url)
        harmless(visitor)
        visitor.open(f"/login?next={quote(place, safe='')}")  # signed in already
        assert visitor.driver.current_url.startswith(site.url + "/"), (place, visitor.driver.current_url)
