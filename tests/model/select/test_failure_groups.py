"""Errors that differ in what varies are one group, and those that differ in what they say are not."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gopher_cli.model.select.failure_groups import NOTHING_TOLD, group_of, shape_of


@pytest.mark.parametrize(
    ("error", "shape"),
    [
        ("division by zero", "division by zero"),
        ("KeyError: 'ann'", "KeyError: …"),
        ("HTTP2Error: 503 from 10.0.0.7:8080", "HTTP2Error: … from …"),
        ("no job 0193a1b2-aaaa-7bbb-8ccc-0123456789ab here", "no job … here"),
        ("<Socket at 0x7f3a2b>", "<Socket at …>"),
        ("order ord_8f3kd02jfk2 refused", "order … refused"),
        ("checksum deadbeef01 of /srv/data/ann/7.csv", "checksum … of /srv/…"),
        ("https://key@api.example.com/users/42?x=1 is gone", "https://api.example.com… is gone"),
        ("user ann@example.com is unknown", "user … is unknown"),
        ("can't read ann's file", "can't read ann's file"),
        ("it took 1, 2, 3 steps", "it took … steps"),
        ("\n  first line\nTraceback", "first line"),
        ("", NOTHING_TOLD),
    ],
)
def test_what_varies_is_left_out_and_the_class_stays(error, shape):
    assert shape_of(error) == shape


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("timed out after 3s", "timed out after 30.25s"),
        ("no such file: '/tmp/a/b'", "no such file: '/tmp/c'"),
        ('duplicate key "a@b.c"', 'duplicate key "x"'),
    ],
)
def test_such_errors_are_one_group(one, other):
    assert group_of(one) == group_of(other)
    assert re.fullmatch("[0-9a-f]{12}", group_of(one))


def test_other_words_or_another_class_are_another_group():
    told = ["ValueError: no", "KeyError: no", "refused", "timed out", ""]

    assert len({group_of(error) for error in told}) == len(told)


@given(st.text())
def test_any_error_has_a_group_and_only_its_first_words_count(error):
    assert group_of(error) == group_of(error)
    assert shape_of(error) and "\n" not in shape_of(error)


def test_a_hostile_error_takes_no_time():
    began = time.process_time()
    for piece in ("a.", "1-", "'", "/a", "…", "a@a-", "0x"):
        shape_of(piece * 100_000)

    assert time.process_time() - began < 1
