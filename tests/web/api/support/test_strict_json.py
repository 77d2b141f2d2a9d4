"""Strict JSON: what is let in, what is not, and how long it takes to find that out."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gopher_cli.model.text.json_text import pointer_to
from gopher_cli.web.api.support.strict_json import MAX_DEPTH, parse
from gopher_cli.web.server.problems import Problem

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=3), inside, max_size=4),
    max_leaves=20,
)


def deep(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"  ",
        b"{",
        b"NaN",
        b'{"a":NaN}',
        b"[Infinity]",
        b"[-Infinity]",
        b"[1e400]",
        b"[-1e400]",
        b"01",
        b"[1,]",
        b'["\\ud800"]',
        b'["\\udc00\\ud800"]',
        b'["\xff"]',
        b'["\xc0\xaf"]',
        b'["\xed\xa0\x80"]',
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        b'"\t"',
        b'"\x00"',
        b"{} x",
        b"{'a':1}",
        b"[" * 1_000_000,
        deep(MAX_DEPTH + 1),
        deep(900),
        b'{"a":' * 66 + b"1" + b"}" * 66,
        b"[" + b"9" * 5000 + b"]",
    ],
)
def test_what_is_no_json_is_refused(text: bytes) -> None:
    with pytest.raises(Problem) as refused:
        parse(text)

    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        (b'{"a":1,"a":1}', "/a"),
        (b'{"a":{"b":[0,{"c":1,"c":2}]}}', "/a/b/1/c"),
        (b'{"a":1,"\\u0061":2}', "/a"),
        (b'{"a:":1,"a\\u003a":2}', "/a:"),
        (b'{"a/b":1,"a\\/b":2}', "/a~1b"),
        (b'[{"":1,"":2}]', "/0/"),
        (b'{"x\\u003a":1,"a":{"a":1},"b":{"a":1,"a":[]}}', "/b/a"),
    ],
)
def test_a_key_that_comes_twice_is_named(text: bytes, pointer: str) -> None:
    with pytest.raises(Problem) as refused:
        parse(text)

    assert (refused.value.status, refused.value.pointer) == (422, pointer)


@given(VALUES)
def test_whatever_json_can_say_is_let_in_as_it_is(value: Any) -> None:
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=1)):
        assert parse(text.encode()) == value


@given(VALUES, st.dictionaries(st.text(max_size=3), VALUES, min_size=1, max_size=3), st.data())
def test_a_doubled_key_is_found_wherever_it_is(outer: Any, inner: dict[str, Any], data: Any) -> None:
    key = data.draw(st.sampled_from(sorted(inner)))
    fields = [*inner.items(), (key, outer)]
    twice = "{" + ",".join(f"{json.dumps(name)}:{json.dumps(value)}" for name, value in fields) + "}"

    with pytest.raises(Problem, match="comes twice"):
        parse(f'[{json.dumps(outer)},{{"a":{twice}}}]'.encode())


def test_the_deepest_that_is_allowed_is_let_in() -> None:
    assert parse(deep(MAX_DEPTH)) and parse(b'["' + b"[" * 1000 + b'\\"[[[[' + b'"]')


def test_large_numbers_stay_exact() -> None:
    assert parse(b"[123456789012345678901234567890, -0, 1e308]") == [123456789012345678901234567890, 0, 1e308]


def test_a_pointer_ends_before_a_name_without_end() -> None:
    assert pointer_to("payload", "x" * 100_000, 3) == "/payload"


def test_a_pointer_escapes_what_has_a_meaning_in_it() -> None:
    assert pointer_to("a/b", 0, "m~n") == "/a~1b/0/m~0n"


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 1_000_000,
        b"[" + b"[]," * 300_000 + b"[]]",
        b'{"a":' * 200_000,
        b'["' + b"\\u003a" * 150_000 + b'"]',
        b"[" + b'{"a":1},' * 120_000 + b'{"a":1,"a":2}]',
        b"[" + b"1" * 1_000_000 + b"]",
    ],
)
def test_a_hostile_megabyte_takes_moments(text: bytes) -> None:
    began = time.process_time()
    with suppress(Problem):
        parse(text)

    assert time.process_time() - began < 3  # some ms, as a rule
