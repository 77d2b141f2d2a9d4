"""gopher submit: flags become fields of the job; what makes no sense is refused before it is sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cli.running import Cli
from gopher_cli.build import run_once
from gopher_cli.config import Settings


def job(cli: Cli, id: str = "@last") -> dict[str, Any]:
    return json.loads(cli("inspect", id, "-o", "json").out)


def publish(cli: Cli, **schemas: object) -> None:
    raw = {type: json.dumps(schema).encode() for type, schema in schemas.items()}
    run_once(Settings.resolve(cli.env), lambda gopher: gopher.publish_types(raw))


def test_a_taken_id_is_told_in_a_pipe_too(cli: Cli) -> None:
    cli("submit", "-t", "email", "--id", "mine")
    ran = cli("submit", "-t", "report", "--id", "mine")

    assert (ran.code, ran.out, ran.err) == (0, "mine\n", "there is such a job already: mine\n")
    assert cli("submit", "-q", "-t", "report", "--id", "mine").err == ""


@pytest.mark.parametrize(
    ("args", "hint"),
    [
        (["worker", "--grace", "1y"], ""),
        (["worker", "--concurrency", "0"], ""),
        (["worker", "--app", "no such"], ""),
        (["stats", "--bogus"], "hint: see: gopher stats --help"),
        (["stats", "--wacth"], "hint: did you mean --watch?"),
    ],
)
def test_the_hint_for_a_flag_is_to_the_point_or_not_there(cli: Cli, args: list[str], hint: str) -> None:
    ran = cli(*args)

    assert ran.code == 2
    assert ran.err.splitlines()[1:] == ([hint] if hint else [])


def test_it_prints_the_id_and_nothing_else(cli: Cli) -> None:
    ran = cli("submit", "-t", "email")

    assert (ran.code, ran.err) == (0, "")
    assert ran.out == job(cli)["job_id"] + "\n"


def test_a_terminal_gets_a_word_on_stderr(cli: Cli) -> None:
    ran = cli("submit", "-t", "email", "--in", "10m", tty=True)

    assert "submitted email" in ran.err and "due in 10m" in ran.err
    assert len(ran.lines) == 1


def test_flags_become_fields(cli: Cli) -> None:
    cli(
        "submit",
        "-t",
        "email",
        "-Q",
        "mail",
        "--priority",
        "high",
        "-r",
        "7",
        "--timeout",
        "1m30s",
        "--backoff",
        "fixed:10s",
        "--id",
        "my-id",
        "--unique",
        "k",
        "--tag",
        "a",
        "--tag",
        "b",
        "--header",
        "x=y=z",
    )

    found = job(cli)
    assert found["job_id"] == "my-id"
    assert (found["queue"], found["type"], found["priority"]) == ("mail", "email", 8)
    assert (found["max_retries"], found["timeout"], found["backoff"]) == (7, 90.0, "fixed:10s")
    assert (found["unique_key"], found["tags"], found["headers"]) == ("k", ["a", "b"], {"x": "y=z"})


def test_settings_fill_what_no_flag_says(cli: Cli) -> None:
    cli.env |= {"QUEUE_NAME": "night", "MAX_RETRIES": "9", "JOB_TIMEOUT": "2m"}
    cli("submit", "-t", "x")

    found = job(cli)
    assert (found["queue"], found["max_retries"], found["timeout"]) == ("night", 9, 120.0)


@pytest.mark.parametrize("args", [["--in", "1h"], ["--at", "2090-01-01T00:00:00Z"], ["--at", "3786912000"]])
def test_later_is_scheduled(cli: Cli, args: list[str]) -> None:
    cli("submit", "-t", "x", *args)

    assert job(cli)["status"] == "scheduled"


def test_after_waits_for_the_other(cli: Cli) -> None:
    first = cli.id("-t", "x")
    cli("submit", "-t", "x", "--after", first)

    assert (job(cli)["status"], job(cli)["after"]) == ("blocked", [first])


def test_after_is_for_the_same_queue(cli: Cli) -> None:
    first = cli.id("-t", "x", "-Q", "one")
    ran = cli("submit", "-t", "x", "--after", first)

    assert ran.code == 2 and "add -Q one" in ran.err


def test_a_second_unique_job_answers_the_first(cli: Cli) -> None:
    first = cli.id("-t", "x", "--unique", "k")

    assert cli("submit", "-t", "x", "--unique", "k").out.strip() == first
    assert cli("submit", "-t", "x", "--unique", "k", "--if-exists", "fail").code == 5


def test_the_same_id_twice_is_one_job(cli: Cli) -> None:
    for _ in range(2):
        assert cli("submit", "-t", "x", "--id", "one").out == "one\n"

    assert cli("jobs", "ls", "-q").lines == ["one"]


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        ([], 2, "needs --type"),
        (["-t", "a b"], 2, "the type 'a b'"),
        (["-t", "x", "-Q", "a/b"], 2, "the queue 'a/b'"),
        (["-t", "x", "--priority", "hihg"], 2, "did you mean high?"),
        (["-t", "x", "--priority", "11"], 2, "not 11"),
        (["-t", "x", "-r", "-1"], 2, "--retries takes a whole number"),
        (["-t", "x", "--timeout", "soon"], 2, "--timeout: 'soon' is not a duration"),
        (["-t", "x", "--in", "5x"], 2, "--in: '5x' is not a duration"),
        (["-t", "x", "--at", "tomorrow"], 2, "--at: 'tomorrow' is not a time"),
        (["-t", "x", "--in", "1s", "--at", "1"], 2, "give one of them"),
        (["-t", "x", "--backoff", "often"], 2, "is not a back-off"),
        (["-t", "x", "--header", "x"], 2, "not KEY=VALUE"),
        (["-t", "x", "--unique-for", "1h"], 2, "add --unique KEY"),
        (["-t", "x", "--id", "a b"], 2, "the id 'a b'"),
        (["-t", "x", "--after", "nobody"], 3, "no job 'nobody'"),
        (["-t", "x", "--if-exists", "no"], 2, "--if-exists is ok or fail"),
        (["-t", "x", "--batch-id", "b"], 2, "is for --batch"),
        (["--tpye", "x"], 2, "did you mean --type?"),
        (["-t"], 2, "-t needs a value"),
        (["-t", "x", "--redis-url", "http://x"], 2, "http"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(cli: Cli, args: list[str], code: int, said: str) -> None:
    ran = cli("submit", *args)

    assert (ran.code, ran.out) == (code, ""), ran.err
    assert said in ran.err
    assert ran.err.startswith("gopher: ") and ran.err.count("\n") <= 2


def test_a_payload_is_checked_with_what_workers_have_published(cli: Cli) -> None:
    publish(cli, email={"type": "object", "required": ["to"], "properties": {"n": {"type": "integer"}}})
    ran = cli("submit", "-t", "email", "n=many")

    assert ran.code == 65
    assert "to is missing; n is a string, not an integer" in ran.err
    assert cli("submit", "-t", "email", "to=a", "n:=1").code == 0


def test_a_type_that_nobody_knows_is_said_and_accepted(cli: Cli) -> None:
    publish(cli, email={})
    ran = cli("submit", "-t", "emial")

    assert ran.code == 0 and ran.out
    assert "no worker has published the type emial; did you mean email?" in ran.err


def test_a_wait_that_takes_too_long_ends_with_124(cli: Cli) -> None:
    ran = cli("submit", "-t", "x", "--wait", "--wait-timeout", "20ms")

    assert (ran.code, ran.out) == (124, "")
    assert f"hint: gopher inspect {job(cli)['job_id']} --wait" in ran.err


def test_json_says_what_was_made(cli: Cli) -> None:
    said = json.loads(cli("submit", "-t", "x", "-o", "json").out)

    assert said == {"job_id": job(cli)["job_id"], "type": "x", "queue": "default"}


def test_trace_context_goes_along(cli: Cli) -> None:
    cli.env["TRACEPARENT"] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    cli("submit", "-t", "x")

    assert job(cli)["headers"] == {"traceparent": cli.env["TRACEPARENT"]}
