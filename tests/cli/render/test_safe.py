"""Nothing that a job says can move a cursor, hide, reverse or ring."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gopher_cli.cli.terminal.printer import json_safe
from gopher_cli.model.text.safe import safe

anything = st.text(st.characters(exclude_categories=()))


def is_hostile(char: str) -> bool:
    """Control, format and surrogate characters, and the breakers of lines."""
    return unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")


@given(anything)
def test_a_cell_has_no_hostile_character(text: str) -> None:
    assert not [char for char in safe(text) if is_hostile(char)]


@given(anything)
def test_a_text_keeps_newlines_and_tabs_alone(text: str) -> None:
    assert not [char for char in safe(text, lines=True) if is_hostile(char) and char not in "\n\t"]


@given(st.text(st.characters(categories=("L", "N", "P", "Zs"))))
def test_plain_words_stay_as_they_are(text: str) -> None:
    if not any(char in "\u115f\u1160\u3164\uffa0\u17b4\u17b5" for char in text):
        assert safe(text) == text


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("a\rb", "a\\rb"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("\u202eabc", "\\u202eabc"),
        ("\u200b", "\\u200b"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_an_escape_is_visible(hostile: str, shown: str) -> None:
    assert safe(hostile) == shown


@given(st.dictionaries(anything.filter(str.isprintable), anything))
def test_json_for_a_terminal_is_harmless_and_means_the_same(value: dict[str, str]) -> None:
    text = json_safe(json.dumps(value, ensure_ascii=False))

    assert not [char for char in text if is_hostile(char)]
    assert json.loads(text) == value
