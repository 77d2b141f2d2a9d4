"""A batch of too many: it is refused before anything is made of what is in it."""

from __future__ import annotations

import tracemalloc

import httpx2
import pytest

from gopher_cli.web.api.submit import batch, batch_split
from gopher_cli.web.api.submit.batch_split import MOST, jobs_of, lines_of
from gopher_cli.web.server.problems import Problem

MB = 1024 * 1024
LARGEST = 16 * MB
HOSTILE = {
    "numbers": b"[" + b"1," * (LARGEST // 2) + b"1]",
    "objects": b"[" + b"{}," * (LARGEST // 3) + b"{}]",
    "texts": b"[" + b'"",' * (LARGEST // 3) + b'""]',
    "spaced": b" \n[ " + b"1 , " * (LARGEST // 4) + b"1 ] ",
    "beside the jobs": b'{"jobs":[' + b"1," * MOST + b'1],"more":[' + b"1," * (LARGEST // 2) + b"1]}",
    "in jobs": b'{"jobs":[' + b"1," * (LARGEST // 2) + b"1]}",
}
HIDDEN = {
    "a second list": b'{"jobs":[],"more":[' + b"1," * (LARGEST // 2) + b"1]}",
    "the list again": b'{"jobs":[],"jobs":[' + b"1," * (LARGEST // 2) + b"1]}",
    "behind the end": b"[1][" + b"1," * (LARGEST // 2) + b"1]",
    "behind what is too deep": b"[" + b"[" * 200 + b"]" * 200 + b"," + b"1," * (LARGEST // 2) + b"1]",
    "behind a text without an end": b'["' + b"1," * (LARGEST // 2),
}


def costs(text: bytes, take: object = jobs_of) -> tuple[int, int]:
    """The status of the refusal, and how many bytes it has taken at most."""
    tracemalloc.start()
    try:
        with pytest.raises(Problem) as refusal:
            take(text)  # type: ignore[operator]
        return refusal.value.status, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("what", HOSTILE)
def test_too_many_items_are_refused_before_there_is_an_object_for_each(what: str) -> None:
    status, most = costs(HOSTILE[what])

    assert status == 413
    assert most < MB


@pytest.mark.parametrize("what", HIDDEN)
def test_items_that_are_hidden_from_the_count_are_not_made_either(what: str) -> None:
    status, most = costs(HIDDEN[what])

    assert status in (400, 422)
    assert most < 2 * MB


def test_too_many_lines_are_refused_before_there_is_an_object_for_each() -> None:
    status, most = costs(b"1\n" * (LARGEST // 2), lines_of)

    assert status == 413
    assert most < MOST * 200


def test_blank_lines_are_nothing_however_many() -> None:
    text = b"\n \r\n" * (LARGEST // 4) + b' {"a":1} \r\n\t\n{"b":2}'
    tracemalloc.start()
    assert lines_of(text) == [b'{"a":1} \r', b'{"b":2}']
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert most < MB


def test_a_list_in_an_item_counts_as_one_however_long() -> None:
    long = b"[[" + b"[],{}," * (MB // 2) + b'"\\"],["],{"a":[[[1,2]]]}]'

    assert [len(one) for one in jobs_of(long)] == [len(long) - 18, 15]


@pytest.mark.parametrize("count", [MOST - 1, MOST, MOST + 1])
@pytest.mark.parametrize("shape", [b"[%s]", b' {"jobs" : [ %s ] } '])
@pytest.mark.parametrize("item", [b'{"type":"t","payload":{"n":[1,2,"],\\"["]}}', b"1", b'"a,b"'])
def test_the_limit_is_exact(count: int, shape: bytes, item: bytes) -> None:
    text = shape % b" , ".join([item] * count)

    if count > MOST:
        assert costs(text)[0] == 413
    else:
        assert jobs_of(text) == [item] * count


def test_items_are_counted_as_the_parser_sees_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_split, "MOST", 4)
    for text in (
        b"[1,2,3,4]",
        b'["a,b","c\\",",[1,[2,{"x":",]}"}]],{"y":[]}]',
        b"[[1,2,3,4,5,6]]",
        b"[1,2,3,4 ] ",
    ):
        assert 1 <= len(jobs_of(text)) <= 4
    for text in (b"[1,2,3,4,5]", b'[[],{},"",null,true]', b'{"jobs":[1,2,3,4,5]}'):
        assert costs(text)[0] == 413
    for text in (b"[1,2,3,4,]", b"[1,,2,3,4]", b"[,1,2,3,4", b"[[1,2,3,4,5}]]", b"[1,2,3,4,5"):
        assert costs(text)[0] in (400, 413)


@pytest.mark.anyio
@pytest.mark.parametrize("atomic", [False, True])
async def test_an_item_larger_than_a_job_may_be_is_not_read(
    api: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, atomic: bool
) -> None:
    read = list[int]()
    real = batch.read_job
    monkeypatch.setattr(batch, "read_job", lambda text, *more: read.append(len(text)) or real(text, *more))
    large = b'{"type":"t","payload":[' + b"1," * MB + b"1]}"

    answer = await api.post(
        f"/api/v1/jobs/batch?atomic={atomic}",
        content=b'[{"type":"t"},' + large + b"]",
        headers={"Content-Type": "application/json"},
    )

    assert read == [12]
    if atomic:
        assert answer.status_code == 422 and answer.json()["errors"][0]["pointer"] == "#/1"
    else:
        assert [one["status"] for one in answer.json()["items"]] == ["enqueued", "refused"]
        assert "1 MB is the limit" in answer.json()["items"][1]["error"]
