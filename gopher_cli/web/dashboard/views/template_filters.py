"""How values look on a page: visible escapes for what hides or reverses text, times, numbers, JSON."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import msgspec
from jinja2 import Environment
from markupsafe import Markup

from gopher_cli.model.text import humanize
from gopher_cli.model.text.duration import rfc3339
from gopher_cli.model.text.safe import safe

_MOST_TEXT = 20_000
_LAST_MS = 253_370_764_800_000  # the year 9999: later moments cannot be written


def shown(value: Any, lines: bool = False) -> str:
    """Text of a job as a page may show it. Escaping for HTML is the template's, always."""
    return safe(value, lines=lines)


def json(value: Any) -> str:
    """JSON as people read it; whole numbers of any size stay what they are."""
    text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    return cut(safe(text, lines=True))


def cut(text: str, most: int = _MOST_TEXT) -> str:
    return text if len(text) <= most else f"{text[:most]}\n… {humanize.size(len(text))} in all"


def local(ms: int) -> str:
    """RFC 3339, for a `datetime` attribute; empty for never."""
    return rfc3339(ms) if 0 < ms < _LAST_MS else ""


def sentence(text: str) -> str:
    """With a capital, where it begins with a word."""
    return text[:1].upper() + text[1:] if text.partition(" ")[0].isalpha() else text


def clock(ms: int) -> str:
    """For who has no JavaScript: the moment in UTC. A script puts the viewer's own zone there."""
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC" if local(ms) else "never"


def by_clock(local: str) -> str:
    """RFC 3339 as people read it, by the clocks that it is of."""
    return f"{datetime.fromisoformat(local):%a %Y-%m-%d %H:%M:%S} {local[19:]}"


def since(ms: int, now: int) -> Markup:
    """A `time` element: how long ago or hence, with the moment on hover. Scripts let it tick."""
    if not local(ms):
        return Markup("–")
    return Markup('<time datetime="{}" title="{}" data-ago>{}</time>').format(
        local(ms), clock(ms), humanize.ago(ms, now)
    )


def segment(text: str) -> str:
    """One part of a path: nothing in it can start another."""
    return quote(text, safe="")


def quoted(text: str) -> str:
    """A value as the search language takes it, whatever is in it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' if not text.isalnum() else text


def _known(write: Callable[[Any], str]) -> Callable[[Any], str]:
    """The same, with a dash of its full length for what nobody knows."""
    return lambda value: "–" if value is None else write(value)


def install(env: Environment) -> None:
    env.filters.update(
        shown=shown, sentence=sentence, quoted=quoted, clock=clock, by_clock=by_clock, json=json, cut=cut,
        since=since, segment=segment, iso=local, number=humanize.number, span=_known(humanize.span),
        took=_known(humanize.took), size=humanize.size, rate=humanize.rate, percent=_known(humanize.percent),
        short=humanize.short_id, plural=humanize.plural,
    )  # fmt: skip
