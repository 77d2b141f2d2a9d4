"""The table of docs/reliability.md and the tests agree: every row has its tests, every test its row."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

from each import each

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "reliability.md"
ROWS = [
    f"{letter}{n}"
    for letter, most in (("W", 27), ("R", 23), ("N", 9), ("C", 11), ("S", 14))
    for n in range(1, most + 1)
]
_NAMED = re.compile(r"`([\w/]+\.py)::(test_\w+)`")


@cache
def table() -> dict[str, list[str]]:
    """The cells of each row of the fault matrix by its name."""
    found: dict[str, list[str]] = {}
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| ") and cells[0] in ROWS:
            assert cells[0] not in found, f"{cells[0]} stands twice"
            found[cells[0]] = cells
    return found


@cache
def marked() -> dict[str, set[tuple[str, str]]]:
    """(file, test) by row, as the tests are marked."""
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for path in TESTS.rglob("test_*.py"):
        tree = ast.parse(path.read_text())
        everywhere = _rows_of([node.value for node in tree.body if isinstance(node, ast.Assign)])
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_"):
                for row in _rows_of(node.decorator_list) | everywhere:
                    found[row].add((str(path.relative_to(TESTS)), node.name))
    return found


def _rows_of(nodes: list[ast.expr]) -> set[str]:
    return {
        str(argument.value)
        for node in nodes
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "row"
        for argument in call.args
        if isinstance(argument, ast.Constant)
    }


@each(ROWS)
def test_every_row_names_its_tests_or_says_why_it_cannot_be_run(row: str) -> None:
    assert row in table(), f"docs/reliability.md has no row {row}"
    _, fault, test, seen = table()[row]
    assert fault and seen, f"{row} says nothing"
    named = set(_NAMED.findall(test))
    assert named or "not run" in test, f"{row} names no test: {test!r}"
    assert named <= marked()[row], f"{row} names {named - marked()[row]}: no test is marked so"


def test_no_test_covers_a_row_that_does_not_exist() -> None:
    assert set(marked()) <= set(ROWS), set(marked()) - set(ROWS)


def test_no_row_with_tests_is_called_not_run() -> None:
    assert not [row for row, cells in table().items() if "not run" in cells[2] and marked()[row]]
