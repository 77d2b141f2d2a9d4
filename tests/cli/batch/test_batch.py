"""gopher submit --batch: every line has its result, and a second run submits nothing twice."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from cli.running import Cli
from cli.world import do
from gopher_cli.cli.batch.batch import pieces
from gopher_cli.cli.batch.batch_lines import LONGEST


def results(ran: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ran.lines]


@pytest.mark.row("S7")
def test_each_line_has_a_result_with_its_number(cli: Cli) -> None:
    lines = ['{"payload":{"a":1}}', "", '{"type":"y","queue":"q2"}', "{oops", '{"prority":1}']
    ran = cli("submit", "-t", "x", "--batch", "-", "-o", "ndjson", stdin="\n".join(lines))

    said = results(ran)
    assert ran.code == 1
    assert [(one["line"], one["status"]) for one in said] == [
        (1, "submitted"), (3, "submitted"), (4, "refused"), (5, "refused"),
    ]  # fmt: skip
    assert "not valid JSON" in said[2]["error"]
    assert "there is no field `prority`" in said[3]["error"]
    assert json.loads(cli("stats", "-o", "json").out)["pending"] == 2


def test_a_line_may_say_all_that_the_command_can(cli: Cli) -> None:
    line = {
        "type": "x",
        "payload": [1],
        "queue": "q",
        "priority": "high",
        "retries": 1,
        "timeout": "10s",
        "in": "1h",
        "id": "mine",
        "unique": "k",
        "unique_for": "5m",
        "tags": ["t"],
        "headers": {"a": "b"},
        "backoff": "poly:2",
    }
    assert cli("submit", "--batch", "-", stdin=json.dumps(line)).code == 0

    found = json.loads(cli("inspect", "mine", "-o", "json").out)
    assert (found["payload"], found["queue"], found["priority"]) == ([1], "q", 8)
    assert (found["max_retries"], found["timeout"], found["status"]) == (1, 10.0, "scheduled")
    assert (found["unique_key"], found["tags"], found["headers"]) == ("k", ["t"], {"a": "b"})


def test_flags_fill_what_a_line_leaves_open(cli: Cli) -> None:
    cli(
        "submit",
        "-t",
        "x",
        "-Q",
        "mail",
        "-r",
        "0",
        "--batch",
        "-",
        stdin='{"id":"a"}\n{"id":"b","retries":4}',
    )

    shown = json.loads(cli("jobs", "ls", "--oldest", "-o", "json").out)["items"]
    assert [(row["queue"], row["max_retries"]) for row in shown] == [("mail", 0), ("mail", 4)]


def test_a_second_run_of_a_batch_submits_nothing(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "jobs"
    file.write_text("\n".join(f'{{"payload":{n}}}' for n in range(1200)))
    first = cli("submit", "-t", "x", "--batch", str(file), "--batch-id", "b", "-q")
    cli("purge", "--state", "all", "--yes")
    again = cli("submit", "-t", "x", "--batch", str(file), "--batch-id", "b", "-o", "ndjson")

    assert len(set(first.lines)) == 1200
    assert [one["job_id"] for one in results(again)] == first.lines
    assert {one["status"] for one in results(again)} == {"exists"}
    assert cli("jobs", "ls", "-q").out == ""


def test_a_batch_that_has_grown_goes_on_where_it_stopped(cli: Cli) -> None:
    cli("submit", "-t", "x", "--batch", "-", "--batch-id", "b", stdin="{}\n{}\n")
    ran = cli("submit", "-t", "x", "--batch", "-", "--batch-id", "b", stdin="{}\n{}\n{}\n")

    assert [line.split("\t")[:2] for line in ran.lines] == [
        ["1", "exists"],
        ["2", "exists"],
        ["3", "submitted"],
    ]


def statuses(ran: Any) -> list[str]:
    return [one["status"] for one in sorted(results(ran), key=lambda one: one["line"])]


def test_a_line_that_was_refused_and_put_right_is_taken_by_the_next_run(cli: Cli) -> None:
    args = ("submit", "-t", "x", "--batch", "-", "--batch-id", "b", "-o", "ndjson")
    first = cli(*args, stdin='{"payload":1}\n{"prority":2}\n{"payload":3}\n')
    second = cli(*args, stdin='{"payload":1}\n{"payload":2}\n{"payload":3}\n')

    assert (first.code, statuses(first)) == (1, ["submitted", "refused", "submitted"])
    assert (second.code, statuses(second)) == (0, ["exists", "submitted", "exists"])
    assert json.loads(cli("stats", "-o", "json").out)["total"] == 3


def test_a_refused_line_far_in_front_holds_the_mark_back(cli: Cli) -> None:
    args = ("submit", "-t", "x", "--batch", "-", "--batch-id", "b", "-o", "ndjson")
    lines = ["{}", "{oops", *["{}"] * 1200]
    cli(*args, stdin="\n".join(lines))
    lines[1] = "{}"
    second = statuses(cli(*args, stdin="\n".join(lines)))

    assert [n for n, status in enumerate(second, 1) if status != "exists"] == [2]
    cli("purge", "--state", "all", "--yes")
    assert set(statuses(cli(*args, stdin="\n".join(lines)))) == {"exists"}


def test_a_line_refused_for_another_job_is_taken_once_that_has_gone(cli: Cli) -> None:
    holder = cli.id("-t", "x", "--unique", "k")
    args = ("submit", "-t", "x", "--batch", "-", "--batch-id", "b", "--if-exists", "fail", "-o", "ndjson")
    lines = '{}\n{"unique":"k"}\n{}\n'
    assert statuses(cli(*args, stdin=lines)) == ["submitted", "refused", "submitted"]

    cli("cancel", holder)
    again = cli(*args, stdin=lines)

    assert (again.code, statuses(again)) == (0, ["exists", "submitted", "exists"])


def test_a_wrong_line_in_a_later_run_does_not_forget_the_earlier_one(cli: Cli) -> None:
    args = ("submit", "-t", "x", "--batch", "-", "--batch-id", "b", "-o", "ndjson")
    cli(*args, stdin="{}\n{}\n")
    cli("purge", "--state", "all", "--yes")

    assert cli(*args, stdin="{oops\n{}\n{}\n").code == 5, "it is another input"
    assert statuses(cli(*args, stdin="{}\n{}\n{}\n")) == ["exists", "exists", "submitted"]
    assert statuses(cli(*args, stdin="{}\n{}\n{}\n")) == ["exists", "exists", "exists"]


@pytest.mark.row("S7")
def test_a_batch_that_was_killed_is_finished_by_the_next_run(
    cli: Cli, program: Callable[..., Any], tmp_path: Path
) -> None:
    import subprocess

    file = tmp_path / "jobs"
    file.write_text('{"payload":1}\n' * 20_000)
    args = ("submit", "-t", "x", "--batch", str(file), "--batch-id", "b", "-q")
    victim = program(*args, stdout=subprocess.PIPE)
    victim.stdout.readline()  # it is in the middle of it
    victim.kill()
    victim.communicate()
    cli(*args)

    assert json.loads(cli("stats", "-o", "json").out)["total"] == 20_000


def test_an_array_where_json_is_asked_for(cli: Cli) -> None:
    ran = cli("submit", "-t", "x", "--batch", "-", "-o", "json", stdin="{}\n{}\n")

    assert [one["line"] for one in json.loads(ran.out)] == [1, 2]
    assert json.loads(cli("submit", "-t", "x", "--batch", "-", "-o", "json").out) == []


def test_a_terminal_hears_of_the_refused_lines_alone(cli: Cli) -> None:
    ran = cli("submit", "-t", "x", "--batch", "-", stdin="{}\n[]\n", tty=True)

    assert (ran.code, ran.out) == (1, "")
    assert "line 2: " in ran.err
    assert "1 job submitted, 1 line refused" in ran.err


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["--batch", "nowhere"], 3, "no file nowhere"),
        (["--batch", "-", "--wait"], 2, "do not go together"),
        (["--batch", "-", "-p", "{}"], 2, "do not go together"),
        (["--batch", "-", "--batch-id", "a\nb"], 2, "printable"),
    ],
)
def test_what_does_not_go_with_a_batch(cli: Cli, args: list[str], code: int, said: str) -> None:
    ran = cli("submit", "-t", "x", *args)

    assert ran.code == code and said in ran.err


def test_lines_are_cut_into_pieces_and_a_pause_ends_a_piece() -> None:
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb", buffering=0) as stream:
        os.write(writer, b"a\n" * 700)
        found = pieces(stream)

        assert [len(next(found)) for _ in range(2)] == [500, 200]
        os.write(writer, b"b")
        os.close(writer)
        assert list(found) == [[(701, b"b")]]


def test_a_line_without_end_does_not_eat_the_memory(tmp_path: Path) -> None:
    file = tmp_path / "long"
    file.write_bytes(b"x" * (LONGEST * 3) + b"\nok\n")
    with file.open("rb", buffering=0) as stream:
        lines = [line for piece in pieces(stream) for line in piece]

    assert [number for number, _ in lines] == [1, 2]
    assert len(lines[0][1]) == LONGEST + 1
    assert lines[1][1] == b"ok"


def test_every_line_is_checked_with_what_workers_have_published(cli: Cli) -> None:
    schema = {"type": "object", "required": ["to"], "properties": {"n": {"type": "integer"}}}
    do(cli, lambda gopher: gopher.publish_types({"x": json.dumps(schema).encode()}))
    payloads = [
        {"to": "a", "n": 1},
        {"to": "b", "n": 2},
        {"to": "b", "n": "3"},
        {"n": 1},
        {"to": "c", "n": 1.5},
    ]
    lines = "\n".join(json.dumps({"payload": payload}) for payload in payloads)
    ran = cli("submit", "-t", "x", "--batch", "-", "-o", "ndjson", stdin=lines)

    said = [(one["status"], (one["error"] or "").partition(": ")[2]) for one in results(ran)]
    assert said == [
        ("submitted", ""),
        ("submitted", ""),
        ("refused", "n is a string, not an integer"),
        ("refused", "to is missing"),
        ("refused", "n is a number, not an integer"),
    ]


def _users(*names: str) -> bytes:
    return b"".join(b'{"type":"x","payload":{"user":"%s"}}\n' % name.encode() for name in names)


@pytest.mark.parametrize("again", [("ann", "bob", "cid"), ("cid", "bob"), ("bob",), ("bob", "cid2", "dan")])
def test_another_input_under_the_id_of_a_batch_is_refused_and_nothing_of_it_is_stored(
    cli: Cli, again: tuple[str, ...]
) -> None:
    assert cli("submit", "--batch", "-", "--batch-id", "n", stdin=_users("bob", "cid")).code == 0
    before = cli("jobs", "ls", "-q").lines
    ran = cli("submit", "--batch", "-", "--batch-id", "n", stdin=_users(*again))

    assert ran.code == 5 and "another input" in ran.err and "--batch-id of its own" in ran.err
    assert cli("jobs", "ls", "-q").lines == before


def test_a_batch_that_has_grown_goes_on_where_it_was(cli: Cli) -> None:
    for names in (("bob", "cid"), ("bob", "cid", "dan"), ("bob", "cid", "dan")):
        assert cli("submit", "--batch", "-", "--batch-id", "n", stdin=_users(*names)).code == 0

    assert len(cli("jobs", "ls", "-q").lines) == 3


def test_another_input_is_refused_also_where_a_queue_was_less_far(cli: Cli) -> None:
    lines = b'{"type":"x","queue":"a"}\n{"type":"x","queue":"b"}\n{"type":"x","queue":"b","priority":%d}\n'
    many = b'{"type":"x","queue":"c"}\n' * 1200
    assert cli("submit", "--batch", "-", "--batch-id", "n", stdin=lines % 1 + many + lines % 1).code == 0
    before = len(cli("jobs", "ls", "-q", "--limit", "0").lines)

    assert cli("submit", "--batch", "-", "--batch-id", "n", stdin=lines % 2 + many + lines % 1).code == 5
    other = b'{"type":"x","queue":"d"}\n' + lines % 1 + many
    assert cli("submit", "--batch", "-", "--batch-id", "n", stdin=other).code == 5
    assert len(cli("jobs", "ls", "-q", "--limit", "0").lines) == before
    assert cli("submit", "--batch", "-", "--batch-id", "n", stdin=lines % 1 + many + lines % 1).code == 0
    assert len(cli("jobs", "ls", "-q", "--limit", "0").lines) == before


def test_a_mark_without_a_digest_is_honoured(cli: Cli, redis: Redis) -> None:
    assert cli("submit", "--batch", "-", "--batch-id", "n", stdin=_users("bob", "cid")).code == 0
    key = f"{cli.env['GOPHER_NAMESPACE']}:{{default}}:batches"
    redis.hset(key, "n", "2;1700000000000")

    assert cli("submit", "--batch", "-", "--batch-id", "n", stdin=_users("ann", "cid", "dan")).code == 0
    assert len(cli("jobs", "ls", "-q").lines) == 3


def test_the_order_of_lines_does_not_matter_to_those_that_wait_for_others(cli: Cli) -> None:
    lines = ['{"id":"load","after":["extract"]}', '{"id":"extract"}', '{"id":"lost","after":["typo"]}']
    ran = cli("submit", "-t", "x", "--batch", "-", "-o", "ndjson", stdin="\n".join(lines))

    said = results(ran)
    assert ran.code == 1
    assert [one["status"] for one in said] == ["submitted", "submitted", "refused"]
    assert said[2]["error"] == "it waits for typo, and queue default has no such job"
    assert json.loads(cli("inspect", "load", "-o", "json").out)["status"] == "blocked"


def test_a_line_that_waited_for_a_job_that_was_not_there_is_taken_by_the_next_run(cli: Cli) -> None:
    words = ("submit", "-t", "x", "--batch", "-", "--batch-id", "b", "-o", "ndjson")
    lines = '{"id":"late","after":["first"]}\n{"id":"other"}\n'
    assert [one["status"] for one in results(cli(*words, stdin=lines))] == ["refused", "submitted"]
    cli("submit", "-t", "x", "--id", "first")

    assert [one["status"] for one in results(cli(*words, stdin=lines))] == ["submitted", "exists"]
