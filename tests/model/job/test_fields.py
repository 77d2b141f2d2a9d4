"""The table of the fields of a job, and what is written out beside it for the sake of speed: they agree."""

from __future__ import annotations

import inspect

import msgspec
import pytest

from gopher_cli.model.errors import Usage
from gopher_cli.model.job.fields import BY_NAME, CHECKS, FIELDS, JSON_KEYS, Field
from gopher_cli.model.job.job import NO_OPTIONS, Options, Spec
from gopher_cli.model.job.make import make_job, make_options

OF_SCHEDULES = {"schedule", "instant"}  # what a schedule alone says of its jobs
HEAD = {"type", "payload", "options"}


def test_every_field_of_a_spec_has_a_row_and_every_row_is_a_field() -> None:
    assert {field.name for field in FIELDS if not field.is_optional} == set(Spec.__struct_fields__) - HEAD
    assert set(CHECKS) == set(Options.__struct_fields__) - OF_SCHEDULES


def test_a_job_is_made_of_what_a_spec_has() -> None:
    own = {"id", "queue", "due", "delay", "options"}
    parameters = inspect.signature(make_job).parameters

    assert set(parameters) - own - HEAD == set(Spec.__struct_fields__) - HEAD


@pytest.mark.parametrize("field", [field for field in FIELDS if field.is_optional], ids=lambda f: f.name)
def test_an_option_takes_no_room_where_it_is_not_given(field: Field) -> None:
    assert make_options(**{field.name: None}) == NO_OPTIONS
    assert msgspec.json.encode(NO_OPTIONS) == b"{}"


def test_no_two_fields_are_called_the_same() -> None:
    for names in ([f.name for f in FIELDS], [f.option for f in FIELDS], [f.short for f in FIELDS if f.short]):
        assert len(names) == len(set(names))
    assert len(JSON_KEYS) == len(BY_NAME) + sum(len(field.spellings) for field in FIELDS)


def test_an_unknown_option_is_a_mistake_of_the_program() -> None:
    with pytest.raises(TypeError, match="no option prio"):
        make_options(prio=3)


def test_what_a_spec_does_not_say_is_none() -> None:
    spec = make_job("t", options=make_options(retention=0, tags=[])).spec
    values = {field.name: field.of(spec) for field in FIELDS}

    assert values == dict.fromkeys(BY_NAME) | {"priority": 5, "retention": 0}
    with pytest.raises(Usage):
        make_options(tags=[""])
