"""Lists of jobs: for people, for pipes and for programs; and their filters."""

from __future__ import annotations

import csv
import json
import re

import pytest

from cli.running import Cli
from cli.world import fail


def test_a_pipe_gets_tabs_whole_ids_and_rfc_3339(cli: Cli) -> None:
    id = cli.id("-t", "email")
    head, row = (line.split("\t") for line in cli("jobs", "ls").lines)

    assert head[:4] == ["JOB_ID", "TYPE", "QUEUE", "STATUS"]
    assert row[:4] == [id, "email", "default", "enqueued"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", row[head.index("SINCE")])
    assert cli("jobs", "ls", "--no-header").lines == ["\t".join(row)]


def test_a_terminal_gets_short_ids_and_ages(cli: Cli) -> None:
    id = cli.id("-t", "email")
    ran = cli("jobs", "ls", tty=True)

    assert id[-12:] in ran.out and id not in ran.out
    assert re.search(r"now|ago", ran.out)


def test_json_is_an_array_and_ndjson_a_line_each(cli: Cli) -> None:
    ids = [cli.id("-t", "x") for _ in range(2)]

    assert [row["job_id"] for row in json.loads(cli("jobs", "ls", "--json").out)["items"]] == ids[::-1]
    assert [json.loads(line)["job_id"] for line in cli("jobs", "ls", "-o", "ndjson").lines] == ids[::-1]
    assert cli("jobs", "ls", "-o", "id").lines == cli("jobs", "ls", "-q").lines == ids[::-1]


def test_csv_can_be_read_back(cli: Cli) -> None:
    fail(cli, error='a "quoted", error\nof two lines')
    (row,) = csv.DictReader(cli("jobs", "ls", "-o", "csv").lines)

    assert row["status"] == "failed"
    assert row["error"] == 'a "quoted", error\\nof two lines'


def test_an_empty_list_is_no_error(cli: Cli) -> None:
    assert cli("jobs", "ls") == cli("list-failed")
    assert (cli("jobs", "ls").code, cli("jobs", "ls").out) == (0, "")
    assert json.loads(cli("jobs", "ls", "--json").out) == {"items": [], "more": False}


def test_a_list_is_filtered(cli: Cli) -> None:
    cli.id("-t", "a", "-Q", "q1", "--tag", "red")
    later = cli.id("-t", "b", "-Q", "q2", "--in", "1h")
    dead = fail(cli, error="timeout of the database")

    assert cli("jobs", "ls", "-q", "--state", "scheduled,failed").lines.sort() == [later, dead].sort()
    assert cli("jobs", "ls", "-q", "-t", "b").lines == [later]
    assert len(cli("jobs", "ls", "-q", "--tag", "red").lines) == 1
    assert cli("jobs", "ls", "-q", "-Q", "q2").lines == [later]
    assert cli("list-failed", "-q", "--error", "time.*base").lines == [dead]
    assert cli("list-failed", "-q", "--error", "network").lines == []
    assert cli("jobs", "ls", "-q", "--older-than", "1h").lines == []
    assert len(cli("jobs", "ls", "-q", "--limit", "2").lines) == 2


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--state", "failled"], "did you mean failed?"),
        (["--older-than", "x"], "--older-than"),
        (["--limit", "-1"], "--limit takes a whole number"),
        (["--error", "("], "is not a regular expression"),
        (["-o", "jsn"], "did you mean json?"),
        (["--color", "yes"], "--color is auto, always or never"),
    ],
)
def test_a_wrong_filter_is_refused(cli: Cli, args: list[str], said: str) -> None:
    ran = cli("jobs", "ls", *args)

    assert ran.code == 2 and said in ran.err
