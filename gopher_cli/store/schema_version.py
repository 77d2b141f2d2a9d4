"""The schema version of what is stored, and whether this gopher may touch it.

It stands once in the fleet's keyspace, in the field ``schema`` of ``meta``: ``<major>.<minor>;<gopher>``.
A newer minor adds what older versions may pass over: they leave fields alone that they do not know.
A newer major may mean anything, but for two keys: ``meta`` and ``queues`` keep their form for ever, so
that every version can read there that it must stay away.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from gopher_cli.model.errors import BadData, Outdated
from gopher_cli.version import __version__

FIELD = "schema"
_FORM = re.compile(rb"(\d{1,9})\.(\d{1,9})(?:;([\x21-\x7e]{0,40}))?")


class SchemaVersion(NamedTuple):
    major: int
    minor: int
    gopher: str = ""

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"

    @property
    def is_news(self) -> bool:
        """Whether it has a minor that this gopher does not know."""
        return self.minor > OURS.minor


# 1.1: streams of events, samples, keys of callers, totals and failures in the cells.
# 1.2: jobs without a handler stand apart.
OURS = SchemaVersion(1, 2, __version__)
# Before anybody wrote it down there was one version only.
_FIRST = SchemaVersion(1, 0, "0.1")


def written(version: SchemaVersion = OURS) -> str:
    return f"{version};{version.gopher}"


def checked(raw: bytes | None) -> SchemaVersion:
    """The version of stored data. Raises Outdated for another major, BadData for what is no version."""
    version = _read(raw)
    if version.major == OURS.major:
        return version
    upgrade = "upgrade this one: pip install --upgrade gopher-cli"
    migrate = (
        f"finish its jobs with a gopher that knows {version.major}.x, or choose another GOPHER_NAMESPACE"
    )
    raise Outdated(
        f"this data was written by gopher {version.gopher or '?'} (schema {version}); "
        f"this is gopher {__version__} and knows {OURS.major}.x",
        upgrade if version.major > OURS.major else migrate,
    )


def _read(raw: bytes | None) -> SchemaVersion:
    if raw is None:
        return _FIRST
    match = _FORM.fullmatch(raw)
    if not match:
        raise BadData(
            f"the schema version of the stored data cannot be read: {raw[:40]!r}",
            f"who knows that it is {OURS.major}.x may write it anew: redis-cli HSET KEY {FIELD} {OURS}",
        )
    return SchemaVersion(int(match[1]), int(match[2]), (match[3] or b"").decode())
