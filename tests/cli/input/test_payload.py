"""Every way to write a payload comes to the same JSON, and every mistake has its sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.running import Cli


def payload(cli: Cli, *args: str, stdin: str = "") -> Any:
    assert (ran := cli("submit", "-t", "x", *args, stdin=stdin)).code == 0, ran.err
    shown = cli("inspect", "@last", "-o", "json")
    return json.loads(shown.out)["payload"]


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["-p", '{"a": 1}'], {"a": 1}),
        (["-p", '"text"'], "text"),
        (["-p", "null"], None),
        (["-p", "a=1"], {"a": "1"}),
        (["-p", "a:=1"], {"a": 1}),
        (["a=x y", "b:=[1,2]", "c:=true"], {"a": "x y", "b": [1, 2], "c": True}),
        (["-p", '{"a": 1, "b": 2}', "b:=3"], {"a": 1, "b": 3}),
        (["to.name=Ann", "to.age:=7"], {"to": {"name": "Ann", "age": 7}}),
        (["url=http://x/?a=b"], {"url": "http://x/?a=b"}),
        ([], {}),
    ],
)  # fmt: skip
def test_forms_of_a_payload(cli: Cli, args: list[str], expected: object) -> None:
    assert payload(cli, *args) == expected


def test_a_payload_from_a_file(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text('{"a": [1]}')
    (tmp_path / "body.txt").write_text("Hello")

    assert payload(cli, "-p", "@p.json", "body=@body.txt") == {"a": [1], "body": "Hello"}


def test_a_payload_from_stdin(cli: Cli) -> None:
    assert payload(cli, "-p", "-", stdin='{"a": 2}') == {"a": 2}


@pytest.mark.parametrize(
    "args",
    [["--tag", "\udcff"], ["--header", "k=\udcff"], ["--unique", "\udcff"], ["k=\udcff"], ["-p", "\udcff"]],
)
def test_an_argument_that_is_no_utf8_is_a_usage_error(cli: Cli, args: list[str]) -> None:
    ran = cli("submit", "-t", "x", *args)

    assert (ran.code, ran.out) == (2, "")
    assert "\\xff' is not UTF-8" in ran.err


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b'{"a": "x\xffy"}', "byte 0xff at position 8 is not UTF-8"),
        (b'{"a": "\\ud800"}', "half of a surrogate pair"),
    ],
)
def test_invalid_text_inside_a_json_string_is_refused_by_every_door(
    cli: Cli, tmp_path: Path, raw: bytes, said: str
) -> None:
    (tmp_path / "p.json").write_bytes(raw)
    (tmp_path / "b.ndjson").write_bytes(b'{"type":"x","payload":' + raw + b"}\n")
    one, many = cli("submit", "-t", "x", "-p", "@p.json"), cli("submit", "--batch", "b.ndjson")

    assert one.code == 65 and said in one.err
    assert many.code == 1 and "refused" in many.out
    assert cli("jobs", "ls", "-q").lines == []


def test_the_text_of_a_pair_is_utf8(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "body").write_bytes(b"a\xff")

    assert cli("submit", "-t", "x", "body=@body").code == 65


def test_the_caret_stands_below_the_mistake_though_characters_are_wide(cli: Cli) -> None:
    *_, shown, caret, _ = ["", *cli("submit", "-t", "x", "-p", '{"日本":1,x}').err.splitlines(), ""]

    assert shown == '  {"日本":1,x}'
    assert caret == " " * 12 + "^"


def test_large_numbers_and_their_spelling_survive(cli: Cli) -> None:
    assert payload(cli, "-p", '{"n": 12345678901234567890}') == {"n": 12345678901234567890}


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["-p", '{"a": 1,}'], 65, "not valid JSON"),
        (["-p", "{'a': 1}"], 65, "column 2"),
        (["-p", ""], 65, "the payload is empty"),
        (["-p", '{"a": "b'], 65, "Unterminated string at line 1, column 7"),
        (["-p", "@nowhere.json"], 3, "no file nowhere.json"),
        (["-p", "[1]", "a=1"], 65, "JSON object"),
        (["-p", "{}", "-p", "[]"], 2, "two payloads"),
        (["a:=x"], 65, "for text write a=x"),
        (["nonsense"], 2, "not key=text"),
        (["a=1", "a.b=2"], 2, "a is not an object"),
        (["-p", '"' + "x" * 1024 * 1024 + '"'], 65, "1 MB is the limit"),
    ],
)  # fmt: skip
def test_a_payload_that_is_none(cli: Cli, args: list[str], code: int, said: str) -> None:
    ran = cli("submit", "-t", "x", *args)

    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_the_caret_stands_under_the_place(cli: Cli) -> None:
    lines = cli("submit", "-t", "x", "-p", '{"a": 1,}').err.splitlines()

    assert lines[1][lines[2].index("^")] == "}"


def test_stdin_is_left_alone_unless_asked_for(cli: Cli) -> None:
    assert payload(cli, "a=1", stdin='{"b": 2}') == {"a": "1"}


@pytest.mark.parametrize("pairs", [["a=1", "a=2"], ["a:=1", "a=1"], ["a.b=1", "a=2"], ["a.b=1", "a.b=1"]])
def test_a_field_that_is_given_twice_is_refused(cli: Cli, pairs: list[str]) -> None:
    ran = cli("submit", "-t", "x", *pairs)

    assert ran.code == 2 and "is given twice" in ran.err
    assert cli("jobs", "ls", "-q").lines == []
