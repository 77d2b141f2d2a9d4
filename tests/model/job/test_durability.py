"""What people may write for how safe a submit must be."""

from __future__ import annotations

import pytest

from gopher_cli.model.job.durability import FSYNC, MEMORY, Durability, parse_durability


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("", MEMORY), ("memory", MEMORY), (" Memory ", MEMORY), ("fsync", FSYNC), ("FSYNC", FSYNC),
        ("replica", Durability("replica", 1)), ("replica:1", Durability("replica", 1)),
        ("replicas:2", Durability("replica", 2)), ("replica:9", Durability("replica", 9)),
    ],
)  # fmt: skip
def test_a_level_is_read(text: str, level: Durability) -> None:
    assert parse_durability(text) == level
    assert parse_durability(str(level)) == level


@pytest.mark.parametrize(
    "text", ["disk", "replica:0", "replica:10", "replica:-1", "replica:x", "replica:", "fsync:1", "memory:1"]
)
def test_what_is_no_level_is_refused_with_those_that_are(text: str) -> None:
    with pytest.raises(
        ValueError, match=r"is not a durability: memory, fsync or replica:N \(N from 1 to 9\)"
    ):
        parse_durability(text)


def test_a_level_is_written_as_it_is_read() -> None:
    assert [str(parse_durability(text)) for text in ("memory", "fsync", "replica", "replicas:3")] == [
        "memory", "fsync", "replica:1", "replica:3",
    ]  # fmt: skip
