"""A page as a test reads it: its elements, its text, its forms, and what a strict policy forbids in it."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urlencode

import httpx2

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
