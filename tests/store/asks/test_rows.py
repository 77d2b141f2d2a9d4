"""Stored records as rows: the error of a job, however long its history is."""

from __future__ import annotations

import msgspec
import pytest

from gopher_cli.model.select.failure_groups import group_of
from gopher_cli.store.rows import last_error


def entry(error: str, traceback: str = "") -> bytes:
    return b"1700000000000 " + msgspec.json.encode({"error": error, "traceback": traceback}) + b"\n"


@pytest.mark.parametrize("size", [0, 1, 600, 1900, 9_000, 60_000])
def test_the_error_of_a_long_entry_is_told_and_groups_by_what_it_is(size: int) -> None:
    error = "ValueError: row 5" + "x" * size
    history = entry("older") + entry(error, "Traceback\n" * (size // 10))

    assert last_error(history) == error
    assert group_of(last_error(history)) != group_of("")


def test_an_entry_that_cannot_be_read_hides_no_error_before_it() -> None:
    cut = entry("y" * 100)[40:]

    assert last_error(cut + entry("good") + b"1700000000000 {no json}\n\n") == "good"
    assert last_error(b"") == last_error(b"\n\n") == last_error(cut) == ""
