"""Sentences are for people: no code decides by them, or edits them; errors carry values for that."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import gopher_cli
from gopher_cli.model import errors, hints
from gopher_cli.model.job.payload import MAX_PAYLOAD, encode_payload
from gopher_cli.remote.problems import error_of
from gopher_cli.web.server.problems import Problem, field, problem_of

HOUSE = Path(gopher_cli.__file__).parent
# What others say has no values: each is read in one place.
FOREIGN = {"store/errors/translate.py", "model/json_fault.py", "worker/execution/event_loop.py"}
EDITS = {"replace", "startswith", "endswith", "partition", "rpartition", "removeprefix", "removesuffix"}
FOR_CLIENTS = {"NotFound", "Conflict", "Changed", "TooMany", "Refused", "Usage", "BadData", "BadSchedule"}


def nodes_of(*rooms: str) -> Iterator[tuple[str, ast.AST]]:
    for path in HOUSE.rglob("*.py"):
        name = str(path.relative_to(HOUSE))
        if not rooms or name.startswith(rooms):
            yield from ((name, node) for node in ast.walk(ast.parse(path.read_text())))


def is_text_of_an_error(node: ast.AST | None) -> bool:
    """``str(error)``, ``error.message``, also in lower case."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return is_text_of_an_error(node.func.value)
    if isinstance(node, ast.Attribute):
        return (
            node.attr in ("message", "hint") and isinstance(node.value, ast.Name) and "err" in node.value.id
        )
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "str"):
        return False
    return bool(node.args) and isinstance(node.args[0], ast.Name) and "err" in node.args[0].id


def judged(node: ast.AST) -> bool:
    if isinstance(node, ast.Compare):
        return any(isinstance(op, (ast.In, ast.NotIn, ast.Eq)) for op in node.ops) and any(
            map(is_text_of_an_error, [node.left, *node.comparators])
        )
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return False
    if isinstance(node.func.value, ast.Name) and node.func.value.id == "re":
        return any(map(is_text_of_an_error, node.args))
    breaks = node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value == "\n"
    return node.func.attr in EDITS and not breaks and is_text_of_an_error(node.func.value)


def test_no_code_judges_or_edits_the_text_of_an_error() -> None:
    found = [f"{name}:{node.lineno}" for name, node in nodes_of() if judged(node)]  # type: ignore[attr-defined]

    assert [place for place in found if place.partition(":")[0] not in FOREIGN] == []


def test_the_look_finds_what_it_is_for() -> None:
    for line in (
        'x = 413 if "is the limit" in str(error) else 422',
        'said = str(error).replace("the payload", "this", 1)',
        're.match("No such", error.message)',
        'if not str(error).startswith("no job"): pass',
    ):
        assert any(map(judged, ast.walk(ast.parse(line)))), line


def test_advice_for_a_shell_is_known_as_such_where_clients_hear_it_too() -> None:
    shell = [
        f"{name}:{node.lineno}"
        for name, node in nodes_of("model/", "verbs/", "store/")
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in FOR_CLIENTS
        for given in [*node.args[1:], *(keyword.value for keyword in node.keywords)]
        if isinstance(given, (ast.Constant, ast.JoinedStr)) and "gopher " in ast.unparse(given)
    ]

    assert shell == []


KNOWN = [hint for hint in vars(hints).values() if isinstance(hint, hints.Hint)]


@pytest.mark.parametrize("hint", KNOWN, ids=lambda hint: hint.shell)
def test_advice_comes_back_from_an_api_in_the_words_of_a_shell(hint: hints.Hint) -> None:
    problem = problem_of(errors.NotFound("no such thing", hint))
    error = error_of(problem.status, {"detail": problem.detail, "hint": problem.hint})

    assert (problem.hint, error.hint) == (hint.http, hint.shell)


def test_advice_that_only_a_shell_can_follow_is_not_given_to_clients() -> None:
    assert problem_of(errors.Conflict("no", hints.Hint("gopher doctor"))).hint == ""
    assert problem_of(errors.Conflict("no", "give an id")).hint == "give an id"


def test_what_is_too_large_is_413_whatever_its_sentence_says() -> None:
    for wrong, status in ((errors.TooLarge("so much"), 413), (errors.BadData("here is the limit"), 422)):
        with pytest.raises(Problem) as refused, field("/payload"):
            raise wrong
        assert (refused.value.status, refused.value.pointer) == (status, "/payload")


@pytest.mark.parametrize("payload", [b'"' + b"x" * MAX_PAYLOAD + b'"', b"[" * 65 + b"]" * 65])
def test_a_payload_past_a_limit_is_too_large(payload: bytes) -> None:
    with pytest.raises(errors.TooLarge):
        encode_payload(payload)
