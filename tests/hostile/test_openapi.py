"""The OpenAPI document is true: whatever it allows is accepted, whatever else is a problem, as it says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile.conftest import KEY, Victim
from hostile.fuzzing import fuzz


@pytest.fixture
def guarded(redis_url: str, tmp_path: Path) -> Iterator[Victim]:
    one = Victim(redis_url, tmp_path, API_KEY=KEY)
    yield one
    one.kill()


@pytest.mark.timeout(300)  # two thousand requests, on a machine that may be busy
def test_the_api_is_as_its_document_says_under_every_check_and_link(guarded: Victim) -> None:
    """The same cases each time. `make fuzz` looks for new ones."""
    words = ("--seed", "1", "--generation-deterministic", "--max-examples", "2")

    code, said = fuzz(guarded, *words, "--no-shrink", patience=280)

    assert code == 0, said
    guarded.ends_well()
