"""What stands in the address or in a form of a page is no error of ours, whatever it is."""

from __future__ import annotations

import logging
from importlib import import_module
from pkgutil import walk_packages
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from gopher_cli.gopher import Gopher
from gopher_cli.web.dashboard import pages as all_pages
from web.conftest import Open
from web.operated import in_every_state
from web.pages import FORM

pytestmark = pytest.mark.anyio

HTML = {"Accept": "text/html", "Origin": "http://localhost"}
ODD = [
    *(quote(text, safe="") for text in (
        "x", "-1", "99999999999999999999-1", "\0\n", "é😀\u202e", "{a}/b", "(", '"', "state:x", "a" * 1999,
    )),
    "%FF%FE", "%", "&=",
]  # fmt: skip


def pages(method: str) -> list[Any]:
    """The routes of all pages."""
    modules = (import_module(one.name) for one in walk_packages(all_pages.__path__, f"{all_pages.__name__}."))
    return [route for one in modules for route in one.router.routes if method in route.methods]


async def test_no_query_of_a_page_is_an_error_of_ours(
    api: httpx2.AsyncClient, gopher: Gopher, caplog: pytest.LogCaptureFixture
) -> None:
    made = await in_every_state(gopher)
    caplog.set_level(logging.WARNING, "gopher.web")
    wrong = []
    for route in pages("GET"):
        path = filled(route.path, made)
        names = {one.alias for one in route.dependant.query_params} | {"queue"}
        for name in sorted(names):
            for text in ODD:
                answer = await api.get(f"{path}?{name}={text}&all=1", headers=HTML)
                if answer.status_code >= 500:
                    wrong.append((answer.status_code, f"{path}?{name}={text[:60]}"))
    assert not wrong and not caplog.messages, (wrong, caplog.messages[:3])


async def test_no_part_of_the_path_of_a_page_is_an_error_of_ours(
    api: httpx2.AsyncClient, gopher: Gopher, caplog: pytest.LogCaptureFixture
) -> None:
    await in_every_state(gopher)
    caplog.set_level(logging.WARNING, "gopher.web")
    wrong = []
    for method in ("GET", "POST"):
        for route in pages(method):
            if "{" not in route.path:
                continue
            for text in ODD:
                path = filled(route.path, {}, text)
                answer = await api.request(method, path, headers=HTML | FORM, content="")
                if answer.status_code >= 500:
                    wrong.append((method, answer.status_code, path[:80]))
    assert not wrong and not caplog.messages, (wrong, caplog.messages[:3])


async def test_no_field_of_a_form_is_an_error_of_ours(
    open_api: Open, gopher: Gopher, caplog: pytest.LogCaptureFixture
) -> None:
    made = await in_every_state(gopher)
    caplog.set_level(logging.WARNING, "gopher.web")
    wrong = []
    async with open_api() as api:
        for path, sure, names in FORMS:
            for name in names.split():
                for text in ODD:
                    body = f"{name}={text}&{sure}"
                    answer = await api.post(filled(path, made), headers=HTML | FORM, content=body)
                    if answer.status_code >= 500:
                        wrong.append((answer.status_code, path, body[:80]))
    assert not wrong and not caplog.messages, (wrong, caplog.messages[:3])


FORMS = (
    ("/bulk", "action=cancel", "action job back"),
    ("/bulk", "action=cancel&all=1", "q cursor word typed"),
    ("/reschedule", "job=default/x&when=1h", "when back"),
    ("/reschedule", "when=1h", "job"),
    ("/submit", "type=x&json={}", "id queue delay retries headers tags timeout backoff priority"),
    ("/submit", "json={}", "type"),
    ("/submit", "type=x", "json"),
    ("/login", "key=x", "next key"),
    ("/keys", "name=n&role=viewer", "name role scopes expires rate"),
)


def filled(path: str, made: dict[str, str], text: str = "") -> str:
    for name, value in (("{id}", made.get("failed")), ("{queue}", "default"), ("{action}", "retry")):
        path = path.replace(name, text or value or "")
    return path.replace("{name}", text or "default")
