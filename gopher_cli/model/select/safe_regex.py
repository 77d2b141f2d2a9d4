"""Regular expressions of strangers: only those that cannot keep a server busy.

Python's `re` knows no time-out, and tries every way in which repeats can share a text among them. So
there may be few that repeat without end, and none within another.
"""

from __future__ import annotations

import re
from typing import Any

from gopher_cli.model.errors import Usage

LONGEST = 200
_OFTEN = 32  # what may repeat oftener repeats without end, as far as time goes
_WAYS = 1000  # in which all the others together may fit
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")
_REFUSED = {
    "GROUPREF": "a reference to a group", "GROUPREF_EXISTS": "a reference to a group",
    "ASSERT": "a look ahead or behind", "ASSERT_NOT": "a look ahead or behind",
}  # fmt: skip
_HINT = "write a simpler one: words, and .* once or twice"


def check_pattern(text: str) -> str:
    """The text itself. Raises Usage for what is no regular expression, or one that may take long."""
    if len(text) > LONGEST:
        raise Usage(f"a pattern has at most {LONGEST} characters, not {len(text)}")
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(text)
            parsed = re._parser.parse(text)  # type: ignore[attr-defined]
    except (re.error, RecursionError, OverflowError) as error:
        raise Usage(f"{text!r} is not a regular expression: {error}") from None
    counts = _Found()
    counts.look(parsed, within=False)
    dots = all(counts.endless)
    if counts.ways > _WAYS or len(counts.endless) > 2 or (len(counts.endless) == 2 and not dots):
        raise Usage(f"{text!r} repeats too much to be searched for", _HINT)
    return text


class _Found:
    """What can cost time: for each repeat without end whether it is ``.*``, and the ways to fit the rest."""

    def __init__(self) -> None:
        self.endless: list[bool] = []
        self.ways = 1

    def look(self, items: Any, *, within: bool) -> None:
        """Raises Usage for choices and repeats within a repeat, and for what else is not searched for."""
        for name, value in items:
            kind = str(name)
            if kind in _REFUSED:
                raise Usage(f"{_REFUSED[kind]} is not searched for", _HINT)
            if within and (kind in _REPEATS or kind == "BRANCH"):
                raise Usage("a repeat or a choice within a repeat is not searched for", _HINT)
            if kind in _REPEATS:
                self._repeat(*value)
            elif kind == "BRANCH":
                self.ways *= len(value[1])
                for part in value[1]:
                    self.look(part, within=within)
            elif kind in ("SUBPATTERN", "ATOMIC_GROUP"):
                self.look(value[-1] if kind == "SUBPATTERN" else value, within=within)

    def _repeat(self, least: int, most: int, inner: Any) -> None:
        if most > _OFTEN:
            self.endless.append([str(name) for name, _ in inner] == ["ANY"])
        else:
            self.ways *= most - least + 1
        self.look(inner, within=True)
