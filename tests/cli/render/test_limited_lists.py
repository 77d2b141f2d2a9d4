"""No list leaves out anything without a word: people see the first rows, programs get all."""

from __future__ import annotations

import csv
import json

import pytest

from cli.running import Cli
from gopher_cli.verbs.select import list as list_module


def fill(cli: Cli, count: int) -> None:
    lines = "".join(f'{{"type":"x","id":"j{n}"}}\n' for n in range(count))
    assert cli("submit", "--batch", "-", "-q", stdin=lines).code == 0


@pytest.mark.parametrize("door", ["near", "far"])
def test_a_program_gets_all_rows_and_a_person_the_first(near: Cli, far: Cli, door: str) -> None:
    cli = {"near": near, "far": far}[door]
    fill(near, 121)

    program, person = cli("jobs", "ls", "-q"), cli("jobs", "ls", "-q", tty=True)
    assert (len(set(program.lines)), program.err) == (121, "")
    assert len(person.lines) == 50 and "only 50 jobs shown; all of them: --limit 0" in person.err


@pytest.mark.parametrize("form", ["plain", "csv", "ndjson", "id", "json", "table"])
def test_where_a_limit_cuts_one_line_says_so_in_every_format(cli: Cli, form: str) -> None:
    fill(cli, 4)

    cut, whole = (cli("jobs", "ls", "-o", form, "-n", n) for n in ("3", "4"))
    assert cut.err.splitlines() == ["only 3 jobs shown; all of them: --limit 0"] and whole.err == ""
    if form == "json":
        assert [(len(said["items"]), said["more"]) for said in map(json.loads, (cut.out, whole.out))] == [
            (3, True), (4, False),
        ]  # fmt: skip


def test_json_says_whether_there_is_more_at_a_terminal_too(cli: Cli) -> None:
    fill(cli, 51)

    said = json.loads(cli("jobs", "ls", "--json", tty=True).out)
    assert (len(said["items"]), said["more"]) == (50, True)


def test_a_list_that_comes_in_slices_is_one_list(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_module, "SLICE", 3)
    fill(cli, 8)

    ids = [f"j{n}" for n in reversed(range(8))]
    assert [row["job_id"] for row in json.loads(cli("jobs", "ls", "--json").out)["items"]] == ids
    assert [row["job_id"] for row in csv.DictReader(cli("jobs", "ls", "-o", "csv").lines)] == ids
    assert [line.split("\t")[0] for line in cli("jobs", "ls").lines] == ["JOB_ID", *ids]
    assert cli("jobs", "ls", "--limit", "7", "-q").lines == ids[:7]


def test_a_list_of_groups_says_whether_there_are_more(cli: Cli) -> None:
    from cli.world import fail

    for error in ("disk", "net"):
        fail(cli, error=error)

    cut = cli("list-failed", "--groups", "--json", "-n", "1")
    assert json.loads(cut.out)["more"] and "only 1 group shown" in cut.err
    assert not json.loads(cli("list-failed", "--groups", "--json").out)["more"]


@pytest.mark.parametrize(
    "verb", [["jobs", "ls"], ["purge", "--state", "all", "--dry-run"], ["retry-all", "--dry-run"]]
)
def test_who_waits_for_a_search_at_a_terminal_sees_how_far_it_is(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, verb: list[str]
) -> None:
    fill(cli, 3)
    monkeypatch.setattr("gopher_cli.cli.render.progress.SOON", -1.0)

    assert "searching" in cli(*verb, "--type", "nope", tty=True).err
    assert "searching" not in cli(*verb, "--type", "nope").err
