"""Bodies that are almost JSON, or far too much of it: each is a problem of the client, and stores nothing."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx2
import pytest

pytestmark = pytest.mark.anyio

JOBS, BATCH = "/api/v1/jobs", "/api/v1/jobs/batch"
LIMIT = 1024 * 1024


def payload(text: bytes) -> bytes:
    return b'{"type":"t","payload":%s}' % text


NO_JSON = {
    "nothing": b"",
    "spaces": b" \n\t ",
    "a word": b"hello",
    "half an object": b'{"type":"t"',
    "two objects": b'{"type":"t"}{"type":"t"}',
    "rubbish behind it": b'{"type":"t"}x',
    "a comma too many": b'{"type":"t",}',
    "single quotes": b"{'type':'t'}",
    "a comment": b'{"type":"t"/**/}',
    "NaN": payload(b"NaN"),
    "Infinity": payload(b"Infinity"),
    "-Infinity": payload(b"[-Infinity]"),
    "a number beyond all numbers": payload(b"1e400"),
    "a negative one": payload(b"[-1e400]"),
    "a leading zero": payload(b"01"),
    "a plus": payload(b"+1"),
    "a bare point": payload(b".5"),
    "hexadecimal": payload(b"0x10"),
    "half a surrogate pair": payload(rb'"\ud800"'),
    "the other half": payload(rb'"\udc00"'),
    "a pair the wrong way round": payload(rb'"\udc00\ud800"'),
    "half a pair in a key": payload(rb'{"\ud800":1}'),
    "half an escape": payload(rb'"\u12"'),
    "a line break in a string": payload(b'"a\nb"'),
    "NUL in a string": payload(b'"a\0b"'),
    "NUL between": b'{"type":\0"t"}',
    "no UTF-8": payload(b'"\xff\xfe"'),
    "an overlong slash": payload(b'"\xc0\xaf"'),
    "a surrogate in UTF-8": payload(b'"\xed\xa0\x80"'),
    "a byte order mark": b"\xef\xbb\xbf" + payload(b"1"),
    "UTF-16": payload(b"1").decode().encode("utf-16"),
    "UTF-16 without a mark": payload(b"1").decode().encode("utf-16-le"),
    "UTF-32": payload(b"1").decode().encode("utf-32"),
    "ten thousand brackets": payload(b"[" * 10_000 + b"]" * 10_000),
    "a million brackets": b"[" * 1_000_000,
    "a million brackets in a payload": b'{"type":"t","payload":' + b"[" * 1_000_000,
    "objects in objects": payload(b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    "depth 65": payload(b"[" * 65 + b"]" * 65),
    "a key twice": b'{"type":"t","type":"t"}',
    "a key twice in the payload": payload(b'{"a":1,"a":2}'),
    "a key twice, deep": payload(b'[[{"b":{"a":1,"c":2,"a":3}}]]'),
    "a key twice in two spellings": payload(rb'{"a":1,"\u0061":2}'),
    "a known field in two spellings": rb'{"type":"t","\u0074ype":"u"}',
    "an empty key twice": payload(b'{"":1,"":2}'),
}
KEPT = {
    "minus zero": b"-0",
    "minus zero as a fraction": b"-0.0",
    "2 ** 63": b"9223372036854775808",
    "2 ** 64 + 1": b"18446744073709551617",
    "a number of 400 digits": b"1" * 400,
    "a negative one of 400 digits": b"-" + b"1" * 400,
    "the largest fraction": b"1.7976931348623157e308",
    "the smallest": b"5e-324",
    "depth 63": b"[" * 62 + b"]" * 62,
    "NUL, escaped": rb'"a\u0000b"',
    "a pair of surrogates": rb'"\ud83d\ude00"',
    "text that turns round": rb'"\u202egpj.exe"',
    "the separators of JavaScript": rb'"\u2028\u2029"',
    "a key that pollutes": rb'{"__proto__":{"admin":true},"constructor":1}',
    "an empty key": b'{"":1}',
    "keys that differ in case": b'{"a":1,"A":2}',
    "the same key in two objects": b'[{"a":1},{"a":2}]',
    "the same word as key and value": b'{"a":"a","b":"a"}',
}


async def refused(api: httpx2.AsyncClient, answer: httpx2.Response) -> dict[str, Any]:
    """It is a problem of the client's, and nothing is stored."""
    assert answer.status_code in (400, 413, 415, 422), answer.text[:300]
    assert answer.headers["content-type"] == "application/problem+json"
    problem = dict(answer.json())
    assert problem["status"] == answer.status_code and problem["error"] == problem["detail"]
    assert (await api.get("/api/v1/stats")).json()["total"] == 0
    return problem


async def sent(
    api: httpx2.AsyncClient, body: bytes, path: str = JOBS, kind: str = "application/json"
) -> httpx2.Response:
    return await api.post(path, content=body, headers={"Content-Type": kind})


@pytest.mark.parametrize("name", NO_JSON)
async def test_what_is_no_strict_json_is_refused_at_once(api: httpx2.AsyncClient, name: str) -> None:
    began = time.process_time()

    await refused(api, await sent(api, NO_JSON[name]))

    assert time.process_time() - began < 2.0  # it costs us no more than it costs them


@pytest.mark.parametrize("name", KEPT)
async def test_strict_json_is_kept_as_it_is(api: httpx2.AsyncClient, name: str) -> None:
    answer = await sent(api, payload(KEPT[name]))

    assert answer.status_code == 201, answer.text
    found = (await api.get(answer.headers["location"])).text
    assert json.loads(found)["payload"] == json.loads(KEPT[name])
    if KEPT[name].lstrip(b"-").isdigit():
        assert f'"payload":{int(KEPT[name])}' in found.replace(" ", ""), "no digit may get lost"


@pytest.mark.parametrize("path", [JOBS, "/api/jobs", "/job"])
@pytest.mark.parametrize("over", [0, 1])
async def test_a_megabyte_is_the_limit_to_the_byte(api: httpx2.AsyncClient, path: str, over: int) -> None:
    frame = payload(b'""')
    body = payload(b'"%s"' % (b"x" * (LIMIT - len(frame) + over)))
    assert len(body) == LIMIT + over

    answer = await sent(api, body, path)

    if over:
        assert (await refused(api, answer))["status"] == 413
    else:
        assert answer.status_code < 300, answer.text[:300]


@pytest.mark.parametrize("name", NO_JSON)
async def test_a_broken_line_of_a_batch_is_refused_alone(api: httpx2.AsyncClient, name: str) -> None:
    if not NO_JSON[name].strip() or b"\n" in NO_JSON[name]:
        lines = [b'{"type":"t","id":"a"}', b"{", b'{"type":"t","id":"b"}']
    else:
        lines = [b'{"type":"t","id":"a"}', NO_JSON[name], b'{"type":"t","id":"b"}']

    answer = await sent(api, b"\n".join(lines), BATCH, "application/x-ndjson")

    assert answer.status_code in (200, 400, 413, 422), answer.text[:300]
    stored = (await api.get("/api/v1/stats")).json()["total"]
    if answer.status_code == 200:
        statuses = [item["status"] for item in items_of(answer)]
        assert [statuses[0], statuses[-1]] == ["enqueued", "enqueued"] and "refused" in statuses
        assert stored == 2
    else:
        assert stored == 0, "a batch is refused as a whole, or line by line"


def items_of(answer: httpx2.Response) -> list[dict[str, Any]]:
    if "ndjson" in answer.headers["content-type"]:
        return [json.loads(line) for line in answer.text.splitlines()]
    return list(answer.json()["items"])


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 1000 + b"]" * 1000,
        b"[[[]]]",
        b"[1]",
        b'["t"]',
        b"[null]",
        b'{"jobs":{}}',
        b'{"jobs":[[{"type":"t"}]]}',
        b'{"jobs":null}',
        b'{"jobs":[{"type":"t"}],"jobs":[]}',
        b'[{"type":"t","type":"u"}]',
        b'[{"type":"t","payload":NaN}]',
    ],
)
@pytest.mark.parametrize("path", [JOBS, BATCH])
async def test_a_batch_of_nonsense_stores_nothing(api: httpx2.AsyncClient, path: str, body: bytes) -> None:
    answer = await sent(api, body, path)

    assert answer.status_code in (200, 400, 422), answer.text[:300]
    if answer.status_code == 200:
        assert {item["status"] for item in items_of(answer)} == {"refused"}
    assert (await api.get("/api/v1/stats")).json()["total"] == 0
