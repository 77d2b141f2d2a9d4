"""A payload against a published schema: the field at fault is named, and what is odd is let pass."""

from __future__ import annotations

import pytest

from gopher_cli.model.schema.json_schema import Misfit, check_payload, faults, misfits

EMAIL = {
    "$ref": "#/$defs/Email",
    "$defs": {
        "Email": {
            "type": "object",
            "required": ["to"],
            "properties": {
                "to": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
                "cc": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                "n": {"type": "integer"},
                "share": {"type": "number"},
                "sort": {"enum": ["a", "b"]},
                "inner": {"$ref": "#/$defs/Inner"},
            },
        },
        "Inner": {
            "type": "object",
            "required": ["x"],
            "properties": {"x": {"type": "boolean"}},
            "additionalProperties": False,
        },
    },
}


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ({"to": "a"}, []),
        ({"to": ["a", "b"], "n": 3, "share": 1, "cc": None, "sort": "a", "inner": {"x": True}}, []),
        ({}, ["to is missing"]),
        ([], ["it is an array, not an object"]),
        ({"to": 3}, ["to is an integer, not a string or an array"]),
        ({"to": ["a", 1]}, ["to[1] is an integer, not a string"]),
        ({"to": "a", "n": "3"}, ["n is a string, not an integer"]),
        ({"to": "a", "n": True}, ["n is a boolean, not an integer"]),
        ({"to": "a", "n": 3.0}, []),
        ({"to": "a", "cc": 1}, ["cc is an integer, not a string or null"]),
        ({"to": "a", "sort": "c"}, ["sort is not one of a, b"]),
        ({"to": "a", "inner": {}}, ["inner.x is missing"]),
        ({"to": "a", "inner": {"x": 1}}, ["inner.x is an integer, not a boolean"]),
        ({"to": "a", "inner": {"x": True, "y": 2}}, ["inner.y is not known; fields: x"]),
        ({"to": "a", "unknown": 1}, []),
    ],
)  # fmt: skip
def test_faults_are_named(payload: object, said: list[str]) -> None:
    assert list(misfits(EMAIL, payload)) == said


@pytest.mark.parametrize(
    "schema", [{}, {"$ref": "#/nowhere"}, {"$ref": "#"}, {"type": "magic"}, {"$ref": "http://x"}]
)
def test_what_is_not_understood_is_let_pass(schema: dict[str, object]) -> None:
    assert list(misfits(schema, {"a": 1})) == []


def test_a_schema_that_refers_to_itself_ends() -> None:
    loop = {"$ref": "#/$defs/A", "$defs": {"A": {"anyOf": [{"$ref": "#/$defs/A"}]}}}

    assert list(misfits(loop, {"a": 1})) == []


@pytest.mark.parametrize(
    ("names", "told", "found"),
    [
        ("abc", r"does not fit email: a is missing; b is missing; c is missing$", 3),
        ("abcde", r"a is missing; b is missing; c is missing; and 2 more$", 5),
        ("abcdefghijklmnopqrstuvwxyz", r"; and 17 more$", 20),
    ],
)
def test_the_error_tells_three_faults_and_knows_twenty(names: str, told: str, found: int) -> None:
    with pytest.raises(Misfit, match=told) as caught:
        check_payload("email", {"type": "object", "required": [*names]}, {})

    assert len(caught.value.faults) == found


def test_each_fault_has_its_place_in_the_payload() -> None:
    payload = {"to": ["a", 1], "inner": {"x": 1}}

    assert [fault.path for fault in faults(EMAIL, payload)] == [("to", 1), ("inner", "x")]


@pytest.mark.parametrize(
    ("limit", "fits", "fails", "said"),
    [
        ({"minimum": 1}, [1, 2.5, 10**30], 0, "is less than 1"),
        ({"maximum": 99}, [99, -1, 0.5], 100, "is more than 99"),
        ({"exclusiveMinimum": 0}, [0.01], 0, "is not more than 0"),
        ({"exclusiveMaximum": 1}, [0.99], 1.0, "is not less than 1"),
        ({"multipleOf": 6}, [0, -12, 6.0], 7, "is not a multiple of 6"),
        ({"multipleOf": 0.1}, [0.3, 7, 1e300], 0.25, "is not a multiple of 0.1"),
        ({"minLength": 2}, ["ab", "🐹🐹"], "🐹", "is shorter than 2 characters"),
        ({"maxLength": 1}, ["", "🐹"], "ab", "is longer than 1 character"),
        ({"pattern": "^[0-9]{5}$"}, ["12345"], "1234", "does not match ^[0-9]{5}$"),
        ({"minItems": 1}, [[0]], [], "has fewer than 1 item"),
        ({"maxItems": 2}, [[], [1, 2]], [1, 2, 3], "has more than 2 items"),
        ({"const": "a"}, ["a"], "b", "is not a"),
    ],
)
def test_a_value_beyond_a_limit_is_told(
    limit: dict[str, object], fits: list[object], fails: object, said: str
) -> None:
    schema = {"properties": {"it": limit}}

    assert [list(misfits(schema, {"it": value})) for value in fits] == [[] for _ in fits]
    assert list(misfits(schema, {"it": fails})) == [f"it {said}"]


@pytest.mark.parametrize("keyword", ["minimum", "exclusiveMinimum", "multipleOf", "maxLength", "pattern"])
@pytest.mark.parametrize("limit", [None, True, "[", [], {}, float("nan"), "(a+)+$"])
def test_a_limit_that_makes_no_sense_or_costs_too_much_forbids_nothing(keyword: str, limit: object) -> None:
    for value in ("a" * 40, 7, True):
        assert list(misfits({keyword: limit}, value)) == []


def test_a_number_that_no_float_holds_is_held_against_nothing_and_breaks_nothing() -> None:
    for keyword in ("minimum", "maximum", "multipleOf"):
        assert list(misfits({keyword: 1}, 10**400)) == list(misfits({keyword: 10**400}, 1.5)) == []


def test_a_number_is_held_against_no_limit_of_a_text_and_the_other_way_round() -> None:
    schema = {"minimum": 5, "maxLength": 1, "maxItems": 0, "pattern": "x"}

    assert list(misfits(schema, 7)) == []
    assert list(misfits({"minimum": 5, "maximum": 1, "multipleOf": 3}, "text")) == []
