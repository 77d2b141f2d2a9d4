"""Batches as databases and spreadsheets give them: bare payloads, and rows of CSV."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cli.running import Cli, Ran


def submit(cli: Cli, lines: str, text: str | bytes, *more: str) -> Ran:
    return cli("submit", "-t", "x", "--batch", "-", "--lines", lines, "-o", "plain", *more, stdin=text)


def payloads(cli: Cli) -> list[Any]:
    ids = cli("jobs", "ls", "-q", "--oldest").lines
    return [json.loads(cli("inspect", id, "-o", "json").out)["payload"] for id in ids]


def test_each_line_may_be_a_bare_payload(cli: Cli) -> None:
    ran = submit(cli, "payload", '{"to":"ann"}\n\n [1, 2]\n{"to":\n{"a":1,"a":2}\n')

    assert (ran.code, [line.split("\t")[:2] for line in ran.lines]) == (
        1, [["1", "submitted"], ["3", "submitted"], ["4", "refused"], ["5", "refused"]],
    )  # fmt: skip
    assert payloads(cli) == [{"to": "ann"}, [1, 2]]


def test_a_row_of_csv_is_a_payload_whose_fields_the_header_names(cli: Cli) -> None:
    text = 'to,user.id:=,user.name,tags:=\nann@x.y,42,"Lee, ""Ann""","[1,2]"\nbob@x.y,,@/etc/passwd,\n'
    ran = submit(cli, "csv", text, "-Q", "mail")

    assert ran.code == 0 and [line.split("\t")[0] for line in ran.lines] == ["2", "3"]
    assert payloads(cli) == [
        {"to": "ann@x.y", "user": {"id": 42, "name": 'Lee, "Ann"'}, "tags": [1, 2]},
        {"to": "bob@x.y", "user": {"name": "@/etc/passwd"}},
    ]
    assert cli("jobs", "ls", "-o", "csv", "--no-header").out.count(",mail,") == 2


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbfto;body\r\nann;a,b\r\n;\r\n\r\n",
        b'to\tbody\nann\t"a,b"\n',
        b'"to","body"\nann,"a,b"',
    ],
)
def test_what_spreadsheets_write_is_read(cli: Cli, text: bytes) -> None:
    assert submit(cli, "csv", text).code == 0
    assert payloads(cli) == [{"to": "ann", "body": "a,b"}]


def test_a_cell_may_have_several_lines(cli: Cli) -> None:
    text = 'to,body\nann,"one\n\ntwo"\nbob,three\n'
    ran = submit(cli, "csv", text, "--batch-id", "b")
    again = submit(cli, "csv", text, "--batch-id", "b")

    assert payloads(cli) == [{"to": "ann", "body": "one\n\ntwo"}, {"to": "bob", "body": "three"}]
    assert [line.split("\t")[:2] for line in ran.lines] == [["2", "submitted"], ["5", "submitted"]]
    assert [line.split("\t")[1] for line in again.lines] == ["exists", "exists"]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("ann", "the row has 1 cell, and the header 2"),
        ("ann,2,3", "the row has 3 cells, and the header 2"),
        ("ann,two", "count: this is not valid JSON"),
        ('ann,"2', "the row is not valid CSV"),
        ('5" x,2\n6" x,2', "a cell with a quote is written in quotes"),
        ("ann,1\rpia,2", "it has a CR without LF"),
        (b"\xff,2", "the row is not UTF-8, at byte 0"),
    ],
)
def test_a_row_that_is_wrong_is_refused_and_the_others_go_on(cli: Cli, row: str | bytes, why: str) -> None:
    raw = row if isinstance(row, bytes) else row.encode()
    ran = submit(cli, "csv", b"to,count:=\nbob,1\n" + raw + b"\n")

    assert ran.code == 1 and why in ran.out
    assert payloads(cli) == [{"to": "bob", "count": 1}]


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("to,,x", "column 2 of the header has no name"),
        ("to,to", "say what to is"),
        ("a,a.b", "say what a is"),
        ('to,"b', "the header: the row is not valid CSV"),
        ("to,x\r1,2\r", "the header: the row is not valid CSV: it has a CR without LF"),
    ],
)
def test_a_header_that_is_wrong_stores_nothing(cli: Cli, header: str, why: str) -> None:
    ran = submit(cli, "csv", f"{header}\n1,2,3\n")

    assert ran.code == 2 and why in ran.err and payloads(cli) == []
    assert "(no line is done)" in ran.err


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (["-t", "x", "--batch", "-", "--lines", "pyload"], "did you mean payload?"),
        (["--batch", "-", "--lines", "csv"], "--lines csv needs --type"),
        (["-t", "x", "--lines", "csv"], "--lines is for --batch"),
    ],
)
def test_options_that_do_not_fit_are_refused(cli: Cli, args: list[str], why: str) -> None:
    ran = cli("submit", *args)

    assert ran.code == 2 and why in ran.err


@pytest.mark.parametrize("line", ['{"type":"x","payload":"\\ud800"}', '{"type":"x","payload":{'])
def test_a_line_that_ends_within_a_character_or_a_value_is_not_valid_json(cli: Cli, line: str) -> None:
    ran = cli("submit", "--batch", "-", "-o", "plain", stdin=line + "\n")

    assert ran.code == 1 and "it is not valid JSON" in ran.out
