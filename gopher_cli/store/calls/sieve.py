"""Looking through many jobs in the server: those that a filter cannot mean stay there."""

from __future__ import annotations

from typing import Any, NamedTuple

from gopher_cli.store.calls.call import Call, make_call, pairs, text
from gopher_cli.store.keyspace import Keys

Standing = tuple[str, float]  # an id and its score
GONE = -1


class Sieve(NamedTuple):
    """What a job must have to be meant: ``part`` in its id, ``head`` at the beginning of its spec, and each
    of ``texts`` somewhere in it."""

    part: str = ""
    head: bytes = b""
    texts: tuple[bytes, ...] = ()


class Reach(NamedTuple):
    """Which jobs of a place: between two scores, as ZRANGEBYSCORE takes them; behind the job ``after`` of
    that score, or behind ``skip`` jobs. At most 500 are looked at."""

    low: str
    high: str
    newest: bool
    after: str = ""
    score: str = "0"
    skip: int = 0
    limit: int = 500


class Sifted(NamedTuple):
    """How many were ``read`` (or GONE: the job to go on behind), the first and the last of them, and those
    left: (id, score, record)."""

    read: int
    first: Standing = ("", 0.0)
    last: Standing = ("", 0.0)
    rows: tuple[tuple[str, float, bytes], ...] = ()


def filter_jobs(keys: Keys, place: str, reach: Reach, sieve: Sieve, *, now: str = "") -> Call[Sifted]:
    """Those of these jobs that the sieve lets through, in their order."""

    def answer(raw: Any) -> Sifted:
        if len(raw) == 2:
            return Sifted(int(raw[1]))
        first, last = (text(raw[2]), float(raw[3])), (text(raw[4]), float(raw[5]))
        rows = tuple((text(id), float(score), record) for id, score, record in pairs(raw[6:], 3))
        return Sifted(int(raw[1]), first, last, rows)

    argv: dict[str, Any] = {
        **reach._asdict(), "now": now, "newest": "1" if reach.newest else "",
        "part": sieve.part, "head": sieve.head,
    }  # fmt: skip
    return make_call("filter_jobs", keys, argv, answer, sieve.texts, place=keys[place])
