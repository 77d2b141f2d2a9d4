"""What a payload may be: JSON text that every reader can read."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gopher_cli.model.errors import BadData
from gopher_cli.model.job.payload import EMPTY, MAX_DEPTH, decode_payload, encode_payload
from gopher_cli.model.text.json_text import is_deep


def kind(value: object) -> str:
    """How a case is called: some cannot be shown."""
    return value if isinstance(value, str) and value.isidentifier() else type(value).__name__


NAN = float("nan")


@dataclasses.dataclass
class Score:
    value: float
    note: str | None = None


class Point(msgspec.Struct):
    x: float
    y: float | None = None


def nested(levels: int) -> Any:
    value: Any = []
    for _ in range(levels - 1):
        value = [value]
    return value


FORMS: list[Callable[[int], Any]] = [
    nested,
    lambda levels: b"[" * levels + b"]" * levels,
    lambda levels: msgspec.Raw(b"[" * levels + b"]" * levels),
    lambda levels: bytearray(b'{"a":' * levels + b"1" + b"}" * levels),
    lambda levels: {"a": msgspec.Raw(b"[" * (levels - 1) + b"]" * (levels - 1))},
    lambda levels: b'{"[]": "\\"[\\\\", "b":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}",
]


@pytest.mark.parametrize("form", FORMS)
def test_a_payload_is_nested_64_deep_at_most_in_every_form(form: Callable[[int], Any]) -> None:
    encode_payload(form(MAX_DEPTH))

    for levels in (MAX_DEPTH + 1, 985, 100_000 if form is not nested else 2000):
        with pytest.raises(BadData, match="nested more than 64 deep"):
            encode_payload(form(levels))


def test_brackets_side_by_side_or_in_texts_are_no_depth() -> None:
    for text in (
        b'["' + b"[" * 1000 + b'\\"[[[\\\\"]',
        b"[" + b"[]," * 1000 + b"{}]",
        b'{"\\\\":"[[' + b"[" * 99 + b'"}',
    ):
        assert bytes(encode_payload(text)) == text


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(st.sampled_from('[]{}"\\ab,:')),
        lambda inside: (
            st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=3), inside, max_size=3)
        ),
    ),
    st.integers(0, 12),
)
@example("[", 0)
def test_depth_is_counted_as_a_reader_would(value: Any, most: int) -> None:
    def depth(one: Any) -> int:
        inside = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        return max(map(depth, inside), default=0) + isinstance(one, (dict, list))

    assert is_deep(json.dumps(value).encode(), most) == (depth(value) > most)


@pytest.mark.parametrize(
    "payload",
    [
        NAN, -float("inf"), {"score": NAN}, [1, [None, float("inf")]], (NAN,), {"a": {"b": {"c": NAN}}},
        Score(NAN), Point(NAN), {"p": Point(1.0, NAN)}, {1: NAN}, {"raw": EMPTY, "n": NAN, "null": None},
    ],
)  # fmt: skip
def test_a_number_that_json_does_not_have_is_refused_and_never_null(payload: Any) -> None:
    with pytest.raises(BadData, match="NaN and infinities are not JSON"):
        encode_payload(payload)


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (None, b"null"), ({"a": None}, b'{"a":null}'), (Point(1.0), b'{"x":1.0,"y":null}'),
        ("null", b'"null"'),
        (Score(1.5), b'{"value":1.5,"note":null}'), ({"a": EMPTY, "b": None}, b'{"a":{},"b":null}'),
        (EMPTY, b"{}"), (b" [1] ", b" [1] "), (bytearray(b"[1]"), b"[1]"), (memoryview(b"[1]"), b"[1]"),
        ({1: [None]}, b'{"1":[null]}'), (10**30, b"1" + b"0" * 30), ([1e308, -0.0], b"[1e308,-0.0]"),
    ],
)  # fmt: skip
def test_what_json_can_say_is_kept_as_it_is(payload: Any, text: bytes) -> None:
    assert bytes(encode_payload(payload)) == text


@pytest.mark.parametrize(
    "payload",
    [
        b"1e400", msgspec.Raw(b"[1e400]"), {"a": msgspec.Raw(b"-1e999")}, msgspec.Raw(b"NaN"), b"Infinity",
        msgspec.Raw(b"garbage"), {"a": msgspec.Raw(b"{")}, {"a": msgspec.Raw(b"")}, msgspec.Raw(b""),
        msgspec.Raw(b'"\\ud800"'), {"a": msgspec.Raw(b'"\\udc00"')}, "\ud800", {"\udfff": 1},
        b'"\xed\xa0\x80"',
        b'"\xff"', msgspec.Raw(b'"\xff"'), b"\xef\xbb\xbf{}", b"{} {}", b" ", b"1\x00", 10**5000,
        {None: 1}, {("a",): 1}, {1, "a", object}, lambda: 1, ...,
    ],
    ids=kind,
)  # fmt: skip
def test_what_a_reader_could_not_read_is_refused(payload: Any) -> None:
    with pytest.raises(BadData, match="JSON"):
        encode_payload(payload)


def test_whatever_a_value_raises_when_it_is_written_is_bad_data() -> None:
    class Worse:
        @property
        def __dataclass_fields__(self) -> Any:
            raise RuntimeError("not even that")

    with pytest.raises(BadData):
        encode_payload({"a": Worse()})


@given(
    st.one_of(
        st.binary(max_size=40), st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass"))
    )
)
def test_text_that_is_accepted_can_be_read_again(raw: bytes) -> None:
    for form in (raw, msgspec.Raw(raw)):
        try:
            kept = bytes(encode_payload(form))
        except BadData:
            continue
        assert kept == raw
        json.loads(kept.decode())
        decode_payload(kept)


TWICE: list[Any] = [
    b'{"a":1,"a":2}',
    msgspec.Raw(b'{"a":1,"a":2}'),
    {"x": msgspec.Raw(b'{"a":1,"a":2}')},
    {1: "one", "1": "two"},
    b'[0,{"b":{"c:":1,"c\\u003a":2}}]',
]


@pytest.mark.parametrize("payload", TWICE, ids=range(len(TWICE)))
def test_a_key_that_comes_twice_is_refused_in_every_form(payload: Any) -> None:
    with pytest.raises(BadData, match="twice"):
        encode_payload(payload)
