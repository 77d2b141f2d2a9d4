"""A form made of a schema: the browser is told each limit, a fault stands beside its field."""

from __future__ import annotations

from typing import Any

import httpx2
import msgspec
import pytest

from gopher_cli import builtin
from gopher_cli.gopher import Gopher
from gopher_cli.model.select.filter import Filter
from gopher_cli.web.dashboard.forms.form_body import Form
from gopher_cli.web.dashboard.forms.form_fields import fields_of, other_kinds
from gopher_cli.web.dashboard.forms.form_values import payload_of
from gopher_cli.web.dashboard.forms.html_pattern import in_html
from gopher_cli.web.dashboard.forms.inputs import inputs_of
from web.pages import Page, look, publish, send

pytestmark = pytest.mark.anyio

LIMITED: dict[str, object] = {
    "type": "object", "required": ["count", "zip", "to"], "properties": {
        "count": {"type": "integer", "minimum": 1, "exclusiveMaximum": 100, "multipleOf": 5},
        "zip": {"type": "string", "pattern": "^[0-9]{5}$", "description": "five digits"},
        "name": {"type": "string", "minLength": 2, "maxLength": 8, "default": "nobody"},
        "mail": {"type": "string", "format": "email"}, "day": {"type": "string", "format": "date"},
        "text": {"type": "string", "maxLength": 5000}, "kind": {"const": "a"},
        "sizes": {"type": "array", "maxItems": 2, "items": {"enum": ["S", "M", "L"]}},
        "to": {"type": "object", "required": ["street", "geo"], "properties": {
            "street": {"type": "string"}, "geo": {"type": "object", "properties": {
                "lat": {"type": "number", "maximum": 90}}}}},
        "bill": {"type": "object", "required": ["iban"], "properties": {"iban": {"type": "string"}}},
        "more": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
    },
}  # fmt: skip
SAID = {"count": 5, "zip": "12345", "to": {"street": "x", "geo": {}}}
FITS = {"payload/count": "5", "payload/zip": "12345"}


async def test_the_browser_is_told_each_limit_that_it_can_check(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    await publish(gopher, "parcel", LIMITED)

    page = await look(api, "/submit?type=parcel")

    for name, tag, attributes in (
        ("count", "input", {"type": "number", "max": "100", "required": "required", "step": "1", "min": "1"}),
        ("zip", "input", {"pattern": ".*(?:^[0-9]{5}$).*", "required": "required", "title": "five digits"}),
        ("name", "input", {"minlength": "2", "pattern": ".{0,8}", "placeholder": "nobody"}),
        ("mail", "input", {"type": "email"}), ("day", "input", {"type": "date"}), ("text", "textarea", {}),
        ("to/geo/lat", "input", {"type": "number", "max": "90", "step": "any"}),
        ("to/street", "input", {"required": "required"}), ("more", "textarea", {}),
    ):  # fmt: skip
        (found,) = page.all(tag, name=f"payload/{name}")
        assert attributes.items() <= found.items(), name
    assert "required" not in page.all("input", name="payload/bill/iban")[0]
    assert [one["value"] for one in page.all("input", name="payload/sizes")] == ["0", "1", "2"]
    assert "a whole number from 1 below 100 in steps of 5" in page.text


@pytest.mark.parametrize(
    ("name", "said", "told"),
    [
        ("count", "7", "count is not a multiple of 5"),
        ("zip", "<b>", "zip does not match ^[0-9]{5}$"),
        ("name", "x", "name is shorter than 2 characters"),
        ("sizes", ["0", "1", "2"], "sizes has more than 2 items"),
        ("to/geo/lat", "91", "to.geo.lat is more than 90"),
        ("to/geo/lat", "1e999", "to.geo.lat: '1e999' is not a number"),
        ("more", "[1]", "more[0] is an integer, not a string"),
    ],
)
async def test_what_the_server_refuses_is_said_beside_its_field(
    api: httpx2.AsyncClient, gopher: Gopher, name: str, said: str | list[str], told: str
) -> None:
    await publish(gopher, "parcel", LIMITED)

    written: dict[str, Any] = FITS | {f"payload/{name}": said}
    answer = await send(api, "/submit", type="parcel", tags="kept", **written)

    page = Page(answer.text)
    assert answer.status_code == 422 and page.all("input", name="tags", value="kept")
    assert page.text.count(told) == 2  # above all, and beside it
    tag, at = next(
        (tag, one)
        for tag, one in page.elements
        if "aria-invalid" in one and (name in one.get("name", "") or tag == "fieldset")
    )
    assert at["aria-describedby"].split()[0] == f"{at['id']}-wrong"
    assert page.all("p", id=f"{at['id']}-wrong") and page.all("a", href=f"#{at['id']}")
    if tag == "input":
        assert at["value"] == said
    assert await gopher.jobs(Filter()) == []


async def test_what_is_within_the_limits_is_submitted(api: httpx2.AsyncClient, gopher: Gopher) -> None:
    await publish(gopher, "parcel", LIMITED)

    written: dict[str, Any] = FITS | {"payload/sizes": ["0", "2"], "payload/more": "a\r\nb"}
    answer = await send(api, "/submit", type="parcel", **written, **{"payload/to/street": "Main St"})

    job = await gopher.inspect("default", answer.headers["location"].removeprefix("/jobs/"))
    assert job.payload == {
        "count": 5, "zip": "12345", "sizes": ["S", "L"], "more": "a\nb",
        "to": {"street": "Main St", "geo": {}},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("payload", "in_fields"),
    [
        (SAID | {"to": {"street": "x", "geo": {"lat": 1.5}}, "sizes": ["S", "L"], "more": ["a"]}, True),
        (SAID | {"count": 10**30, "zip": "a\nb", "more": "b", "kind": "a"}, True),
        (SAID | {"sizes": ["L", "S"]}, False),
        (SAID | {"beside": 1}, False),
        (SAID | {"count": 5.0}, False),
        (SAID | {"name": "a\u202eb"}, False),
        (SAID | {"name": "a\rb"}, False),
        ({"count": 5}, False),
        ([1, "\U000e0001"], False),
    ],
)
async def test_one_like_it_stands_in_the_fields_or_else_as_json_and_is_the_same_in_both(
    api: httpx2.AsyncClient, gopher: Gopher, payload: Any, in_fields: bool
) -> None:
    await publish(gopher, "parcel", LIMITED)
    id = await gopher.submit("parcel", payload)

    page = await look(api, f"/submit?like={id}")

    form = Form(page.filled("/submit"))
    assert bool(form.one("json")) != in_fields
    assert payload_of(fields_of(LIMITED), form) == (payload, {})


TEXT, WHOLE = {"type": "string"}, {"type": "integer"}
A = {"A": {"properties": {"a": TEXT}}}


def of(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


@pytest.mark.parametrize(
    ("schema", "said", "payload"),
    [
        (of(a=TEXT), {}, {}),
        (of(a=TEXT) | {"required": ["a"]}, {"payload/a": ""}, {"a": ""}),
        (of(a={"anyOf": [WHOLE, {"type": "null"}]}), {"payload/a": " 7 "}, {"a": 7}),
        (of(a={"type": "number"}), {"payload/a": "1e3"}, {"a": 1000.0}),
        (of(a={"type": "boolean", "default": True}), {}, {"a": False}),
        (of(a={"enum": ["x", "y"]}), {"payload/a": "1"}, {"a": "y"}),
        (of(a={"type": "array", "items": WHOLE}), {"payload/a": "1\n2"}, {"a": [1, 2]}),
        (of(**{"a/b": TEXT}), {"payload/a/b": "x"}, {"a/b": "x"}),
        (of(a=TEXT), {"json": "[1]", "payload/a": "x"}, [1]),
        ({"type": "array"}, {"json": ""}, {}),
        ({"$ref": "#/$defs/A", "$defs": A}, {"payload/a": "x"}, {"a": "x"}),
    ],
)
def test_a_payload_is_what_was_written_and_nothing_that_was_not(
    schema: dict[str, Any], said: dict[str, str], payload: Any
) -> None:
    form = Form({name: [text] for name, text in said.items()})

    assert payload_of(fields_of(schema), form) == (payload, {})


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}}, {"properties": None}, {"required": 7},
        {"properties": []}, of(a=None), of(a={"$ref": 7}), of(a={"anyOf": "x"}), of(a={"anyOf": 7}),
        of(a={"type": ["string", "null"], "enum": {}}), of(**{str(n): {} for n in range(500)}),
        of(a={"type": "array", "items": 7}), of(a={"type": {}}), of(a=of(b=None) | {"required": 7}),
    ],
)  # fmt: skip
def test_a_schema_of_any_shape_makes_a_form_or_none(schema: dict[str, Any]) -> None:
    for field in fields_of(schema):
        assert field.name.startswith("payload/")


def test_what_is_no_number_is_refused_by_the_name_of_its_field() -> None:
    fields = fields_of(of(who=of(age=WHOLE)))

    _, faults = payload_of(fields, Form({"payload/who/age": ["old"]}))

    assert faults == {"payload/who/age": "who.age: 'old' is not a whole number"}


@pytest.mark.parametrize(
    ("pattern", "spelt"),
    [
        ("^[0-9]{5}$", "^[0-9]{5}$"), (r"^[\w.@-]+$", r"^[\p{L}\p{N}_\.\@\-]+$"), (r"\d\-x", r"[\p{Nd}]-x"),
        (r"[^()|&a-f\]]", r"[^\(\)\|\&a-f\]]"), (r"a/b\.(?:c|d)(?=e)", r"a/b\.(?:c|d)(?=e)"),
        (r"(a)(b)?", r"(a)(b)?"),
        (r"(?P<name>a)", None), (r"(?i)a", None), (r"a\Z", None), (r"\ba", None), (r"[\b]", None),
    ],
)  # fmt: skip
def test_a_pattern_is_spelt_as_browsers_read_it_or_not_at_all(pattern: str, spelt: str | None) -> None:
    assert in_html(pattern) == (f".*(?:{spelt}).*" if spelt else "")


@pytest.mark.parametrize(
    ("schema", "text", "kind", "step"),
    [
        (WHOLE, "many", "", ""), (WHOLE, "7", "number", "1"), (WHOLE | {"multipleOf": 6}, "", "number", "6"),
        (WHOLE | {"multipleOf": 6}, "7", "number", "1"),
        (WHOLE | {"minimum": 4, "multipleOf": 6}, "", "number", "1"),
        ({"type": "number", "multipleOf": 0.5, "minimum": 1}, "", "number", "0.5"),
        ({"type": "string", "format": "date"}, "2026-02-30", "", ""),
    ],
)  # fmt: skip
def test_an_input_shows_what_was_written_and_forbids_nothing_that_fits(
    schema: dict[str, Any], text: str, kind: str, step: str
) -> None:
    form = Form({"payload/a": [text]}) if text else None

    (one,) = inputs_of(fields_of(of(a=schema)), form, {})

    assert one.text == text
    assert (one.attributes.get("type", ""), one.attributes.get("step", "")) == (kind, step)


async def test_where_a_text_will_do_as_well_the_form_is_that_of_the_object(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    """As `email` of the built-in handlers takes an address alone, or a message."""
    schema = builtin.registry.schemas()["email"]
    await publish(gopher, "email", msgspec.json.decode(schema))
    page = await look(api, "/submit?type=email")
    assert page.all("input", name="payload/subject") and "It may be a text, too." in page.text
    assert page.all("textarea", name="json"), "the switch to JSON"
    hidden = page.fields("/submit")

    lacking = await send(api, "/submit", **hidden | {"payload/subject": "Hi"})
    assert lacking.status_code == 422 and "to is missing" in Page(lacking.text).text
    written = await send(
        api, "/submit", **hidden | {"payload/to": "ann@example.com", "payload/subject": "Hi"}
    )
    alone = await send(api, "/submit", **hidden | {"id": "alone", "json": '"bob@example.com"'})
    assert (written.status_code, alone.status_code) == (303, 303)
    rows = await gopher.jobs(Filter())
    payloads = [(await gopher.inspect(row.queue, row.id)).payload for row in rows]
    assert {"to": "ann@example.com", "subject": "Hi"} in payloads and "bob@example.com" in payloads

    again = await look(api, "/submit?like=alone")
    assert ("json", '"bob@example.com"') in again.written


@pytest.mark.parametrize(
    ("schema", "fields", "others"),
    [
        ({"anyOf": [{"$ref": "#/$defs/o"}, {"type": "string"}]}, ["a"], ["string"]),
        ({"oneOf": [{"type": "null"}, {"$ref": "#/$defs/o"}, {"type": "array"}]}, ["a"], ["array"]),
        ({"anyOf": [{"$ref": "#/$defs/o"}, {"type": "object", "properties": {"b": {}}}]}, [], []),
        ({"anyOf": [{"type": "string"}, {"type": "object"}]}, [], []),
        ({"anyOf": [{"$ref": "#/$defs/o"}, {"type": "null"}]}, ["a"], []),
        ({"$ref": "#/$defs/o"}, ["a"], []),
    ],
)
def test_of_several_kinds_the_one_object_with_fields_makes_the_form(
    schema: dict[str, Any], fields: list[str], others: list[str]
) -> None:
    whole = schema | {"$defs": {"o": {"type": "object", "properties": {"a": {"type": "string"}}}}}
    assert [one.label for one in fields_of(whole)] == fields
    assert other_kinds(whole) == others
