"""What the annotation of a payload lets in."""

from __future__ import annotations

import dataclasses
import json
import typing
from typing import Any

import msgspec
import pytest

from gopher_cli.model.errors import BadData
from gopher_cli.model.schema.annotation import decoder, schema_of
from gopher_cli.model.schema.json_schema import check_payload, misfits


@dataclasses.dataclass
class Crumb:
    size: int = 1


@dataclasses.dataclass
class Bread:
    loaves: int = 1
    crumbs: list[Crumb] = dataclasses.field(default_factory=list)


class Roll(typing.TypedDict, total=False):
    loaves: int


@pytest.mark.parametrize("kind", [Bread, Roll])
def test_a_dataclass_and_a_typed_dict_have_no_other_fields(kind: Any) -> None:
    with pytest.raises(BadData, match=r"does not fit bake: loafs is not known; did you mean loaves\?"):
        decoder("bake", kind)(msgspec.Raw(b'{"loafs":3}'))
    with pytest.raises(BadData, match=r"fields: loaves"):
        decoder("bake", kind)(msgspec.Raw(b'{"loaves":3,"zzz":1}'))
    with pytest.raises(BadData, match=r"loafs is not known; did you mean loaves\?"):
        check_payload("bake", json.loads(schema_of(kind)), {"loafs": 3})
    assert decoder("bake", kind)(msgspec.Raw(b'{"loaves":3}')) in (Bread(3), {"loaves": 3})


def test_the_schema_closes_what_is_within_and_leaves_open_what_decides_itself() -> None:
    class Open(msgspec.Struct):
        bread: Bread | None = None

    schema = json.loads(schema_of(Open))

    assert list(misfits(schema, {"bread": {"crumbs": [{"sise": 1}]}})) == [
        "bread.crumbs[0].sise is not known; did you mean size?"
    ]
    assert list(misfits(schema, {"more": 1})) == []
    assert decoder("bake", Open)(msgspec.Raw(b'{"more":1}')) == Open()
