"""A page as a test reads it: its elements, its text, its forms, and what a strict policy forbids in it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import urlencode

import httpx2
import msgspec

from gopher_cli.gopher import Gopher
from gopher_cli.store.asks import ask

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_VOID = {"input", "link", "meta", "br", "img", "option", "tr", "td", "th", "li"}


class Page(HTMLParser):
    """``elements`` are (tag, attributes) in their order; ``text`` is what people read."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.pieces: list[str] = []
        self._within: list[str] = []
        self.inline: list[str] = []
        self.written: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self._within.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._within and self._within.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._within and self._within[-1] in ("script", "style") and data.strip():
            self.inline.append(data)
        self.pieces.append(data)
        if self._within and self._within[-1] == "textarea":
            name = self.elements[-1][1].get("name", "")
            self.written.append((name, data.removeprefix("\n")))

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.pieces).split())

    def all(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        return [
            attrs
            for name, attrs in self.elements
            if name == tag and all(attrs.get(key.rstrip("_")) == value for key, value in wanted.items())
        ]

    def fields(self, action: str) -> dict[str, str]:
        """The hidden fields of the first form that posts there."""
        found: dict[str, str] = {}
        here = False
        for tag, attrs in self.elements:
            if tag == "form":
                if here:
                    break
                here = attrs.get("action") == action and attrs.get("method") == "post"
            elif here and tag == "input" and attrs.get("type") == "hidden":
                found[attrs["name"]] = attrs.get("value", "")
        return found

    def filled(self, action: str) -> dict[str, list[str]]:
        """All fields of that form as a browser would send them untouched."""
        found: dict[str, list[str]] = {name: [text] for name, text in self.written}
        here, chooses = False, ""
        for tag, attrs in self.elements:
            if tag == "form":
                here = attrs.get("action") == action and attrs.get("method") == "post"
            if not here:
                continue
            chooses = attrs.get("name", "") if tag == "select" else chooses
            if tag == "input" and (attrs.get("type") not in ("checkbox", "radio") or "checked" in attrs):
                found.setdefault(attrs["name"], []).append(attrs.get("value", ""))
            elif tag == "option" and "selected" in attrs:
                found[chooses] = [attrs["value"]]
        return found

    def forbidden(self) -> list[str]:
        """What Content-Security-Policy would refuse: inline code and styles, and foreign addresses."""
        wrong = [*self.inline]
        for tag, attrs in self.elements:
            wrong += [f"<{tag} {name}>" for name in attrs if name.startswith("on") or name == "style"]
            for name in ("href", "src", "action", "formaction"):
                address = attrs.get(name, "/").strip().lower()
                if not address.startswith(("/", "#", "?")) or address.startswith("//"):
                    wrong.append(f"<{tag} {name}={address}>")
            if tag in ("style", "iframe", "object", "embed", "base"):
                wrong.append(f"<{tag}>")
        return wrong


async def look(api: httpx2.AsyncClient, path: str, status: int = 200, **headers: str) -> Page:
    answer = await api.get(path, headers={"Accept": "text/html"} | headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return Page(answer.text)


async def send(
    api: httpx2.AsyncClient, path: str, headers: dict[str, str] | None = None, **fields: str | list[str]
) -> httpx2.Response:
    """A form as a browser sends it from a page of ours."""
    here = FORM | {"Origin": "http://localhost", "Accept": "text/html"} | (headers or {})
    return await api.post(path, content=urlencode(fields, doseq=True), headers=here)


async def sign_in(api: httpx2.AsyncClient, secret: str, next: str = "/") -> httpx2.Response:
    """With a key, as a person does; the client keeps the cookie."""
    answer = await send(api, "/login", key=secret, next=next)
    if cookie := re.match(r"(gopher_session_\w+)=([^;]*)", answer.headers.get("set-cookie", "")):
        api.cookies.set(cookie[1], cookie[2])
    return answer


async def publish(gopher: Gopher, type: str, schema: dict[str, object]) -> None:
    """As a worker does it that has a handler for this type."""
    await gopher.store.ask(ask.publish_types(gopher.namespace, {type: msgspec.json.encode(schema)}))
