"""A batch of which only some lines are taken: each has its word, and no stored one is told as undone."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from worker.processes import PATIENCE

from cli.running import Cli, Ran
from gopher_cli.model.errors import Unavailable
from gopher_cli.remote.http import Wire
from gopher_cli.verbs import submit


@pytest.fixture
def scoped(near: Cli, far: Cli, redis: Any) -> Iterator[Cli]:
    """Far away, with a key that may submit to the queue `default` alone."""
    key = near("keys", "create", "narrow", "--scope", "submit:default", "-q").out.strip()
    asks = f"{near.env['GOPHER_NAMESPACE']}:{{~}}:keys"
    try:
        until(far, 77)
        cli = replace(far, env=far.env | {"GOPHER_API_KEY": key})
        until(cli, 0, "submit", "-t", "x", "--id", "first", "-q")
        yield cli
    finally:
        redis.delete(asks)
        until(far, 0)


def until(cli: Cli, code: int, *words: str) -> None:
    """A server hears of a new key within a second."""
    end = time.monotonic() + PATIENCE
    while cli(*(words or ("queue", "ls"))).code != code:
        assert time.monotonic() < end


def lines(many: int, foreign: Sequence[int]) -> str:
    """So many, of which some are for another queue."""
    return "".join(
        json.dumps({"type": "far", "payload": n} | ({"queue": "other"} if n in foreign else {})) + "\n"
        for n in range(1, many + 1)
    )


def words(ran: Ran) -> list[str]:
    return [line.split("\t")[1] for line in ran.lines]


def stored(cli: Cli) -> int:
    return len(cli("jobs", "ls", "--type", "far", "-q", "--limit", "0").lines)


def test_a_line_that_the_server_alone_refuses_is_told_as_refused_and_the_others_are_stored(
    near: Cli, scoped: Cli
) -> None:
    ran = scoped("submit", "--batch", "-", "-o", "plain", stdin=lines(10, [5]))
    alone = scoped("submit", "--batch", "-", "-o", "plain", stdin=lines(1, [1]))
    one = scoped("submit", "-t", "far", "-Q", "other")

    assert ran.code == 1 and "done" not in ran.err
    assert words(ran) == [*["submitted"] * 4, "refused", *["submitted"] * 5]
    assert ran.lines[4] == "5\trefused\t-\tthis key may not submit to the queue other"
    assert (alone.code, words(alone)) == (1, ["refused"])
    assert one.code == 77  # of a single job it stays the error that it is
    assert stored(near) == 9


def test_a_batch_with_an_id_goes_past_a_line_that_the_server_alone_refuses(near: Cli, scoped: Cli) -> None:
    batch = ("submit", "--batch", "-", "--batch-id", "b1", "-o", "plain")
    text = lines(1100, [500, 501, 1003])
    first, again = scoped(*batch, stdin=text), scoped(*batch, stdin=text)
    mended = scoped(*batch, stdin=lines(1100, [501, 1003]))

    assert (first.code, again.code, mended.code) == (1, 1, 1)
    assert [i + 1 for i, word in enumerate(words(first)) if word == "refused"] == [500, 501, 1003]
    assert words(again).count("exists") == 1097 and words(again).count("refused") == 3
    assert words(mended).count("exists") == 1097
    assert [line.split("\t")[:2] for line in mended.lines if "\tsubmitted\t" in line] == [
        ["500", "submitted"]
    ]
    assert stored(near) == 1098


def test_the_marks_of_a_far_batch_forget_lines_that_were_in_doubt_and_then_taken(near: Cli, far: Cli) -> None:
    text = '{"type":"x","id":"p"}\n{"type":"x","id":"c","after":["p"]}\n{"type":"x","after":["nobody"]}\n'
    marks = []
    for cli, queue in ((near, "near"), (far, "far")):
        args = ("submit", "-Q", queue, "--batch", "-", "--batch-id", "b2")
        assert cli(*args, stdin=text).code == 1
        near("purge", "--queue", queue, "--all", "--yes")
        again = cli(*args, "-o", "plain", stdin=text)
        marks.append(words(again))

    assert marks == [["exists", "exists", "refused"]] * 2


def breaks_at(patch: pytest.MonkeyPatch, call: int) -> None:
    """Redis goes away with the call of this number on its way."""
    underway, calls = submit.underway, count(1)

    async def breaks(name: str, request: Any) -> Any:
        if next(calls) == call:
            request.close()
            raise Unavailable("Redis does not answer")
        return await underway(name, request)

    patch.setattr(submit, "underway", breaks)


def test_what_is_stored_before_redis_goes_away_is_told_line_by_line(
    near: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        breaks_at(patch, 2)
        ran = near("submit", "--batch", "-", "-o", "plain", stdin=lines(6, [2, 3, 5]))

    assert ran.code == 69
    assert words(ran) == ["submitted", "unknown", "unknown", "submitted", "unknown", "submitted"]
    assert "of the lines 1, 4, 6 are done; 2-3, 5 may be" in ran.err
    assert stored(near) == 3


def test_what_a_server_says_that_redis_breaks_off_is_told_line_by_line(
    near: Cli, far: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is that of tests/web/api/submit/test_batch.py."""
    items = [
        {"index": 0, "job_id": "a", "status": "enqueued"},
        {"index": 1, "status": "refused", "error": "no", "pointer": "/type"},
        {"index": 2, "job_id": "c", "status": "unknown"},
    ]
    told = Wire.told

    def away(self: Wire, method: str, path: str, *more: Any, **how: Any) -> Any:
        if path != "/jobs/batch":
            return told(self, method, path, *more, **how)
        error = Unavailable("Redis does not answer")
        error.problem = {"status": 503, "items": items}  # type: ignore[attr-defined]
        raise error

    monkeypatch.setattr(Wire, "told", away)
    ran = far("submit", "--batch", "-", "-o", "plain", stdin=lines(4, []))

    assert ran.code == 69 and words(ran) == ["submitted", "refused", "unknown"]
    assert re.search(r"of the lines 1 are done; 3 may be", ran.err)


def test_a_level_that_cannot_be_given_ends_a_far_batch_as_beside_redis(near: Cli, far: Cli) -> None:
    text = lines(3, []) + "{oops\n"
    ran = [
        cli("submit", "--batch", "-", "--durability", "replica:3", "-o", "plain", stdin=text)
        for cli in (near, far)
    ]

    assert [one.code for one in ran] == [78, 78] and ran[0].out == ran[1].out
    assert words(ran[0]) == ["refused"]
    assert all("(no line is done)" in one.err for one in ran)
    assert stored(near) == 0
