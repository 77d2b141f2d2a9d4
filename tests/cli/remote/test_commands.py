"""The command line through the API: the same words, the same exit codes, as beside Redis."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from redis import Redis

from cli.faraway import clear
from cli.running import Cli, Ran
from cli.world import beat, do, end, fail, report, start

PICTURE = re.compile(r"[\d.]+(ms|µs|s|m)?( ago)?|\bnow\b|[\s─━╌]+")
NUMBER = re.compile(r"\d+(\.\d+)?(e-\d+)?")
AGE = re.compile(r"\b\d+(\.\d+)?(ms|µs|s|m)( ago)?\b|\bnow\b|\d\d:\d\d:\d\d\.\d+")


def everything(cli: Cli) -> None:
    """A job of many states, with a history, a log, a result and hostile texts; a worker; types."""
    cli.id("-t", "x", "--id", "done-1", "-p", '{"n":1.0,"big":123456789012345678901234567890}')
    (lease,) = start(cli)
    report(cli, lease, log="first\nsecond \x1b[31m", progress={"fraction": 0.5, "message": "half"})
    end(cli, lease, _success(b'{"sum":[1,2.50,null,"\\u202e"]}'))
    fail(cli, "--id", "dead-1", "--tag", "red", error="no user 41: \x1b]0;x")
    fail(cli, "--id", "dead-2", error="no user 42", traceback="Traceback:\n  boom", exit_code=3)
    cli.id("-t", "y", "--id", "later-1", "--in", "1h", "-Q", "mail", "--header", "a=b")
    cli.id("-t", "y", "--id", "stopped-1", "-Q", "mail")
    assert cli("cancel", "stopped-1").code == 0
    cli.id("-t", "x", "--id", "runs-1", "--priority", "9")
    start(cli)
    cli.id("-t", "x", "--id", "waits-1", "--unique", "k", "--tag", "red", "--tag", "blue")
    cli.id("-t", "x", "--id", "after-1", "--after", "waits-1")
    a_worker_lives(cli)
    schema = b'{"type":"object","properties":{"n":{"type":"number"}}}'
    do(cli, lambda gopher: gopher.publish_types({"x": schema}))


def a_worker_lives(cli: Cli) -> None:
    about = {"host": "here", "pid": 7, "version": "1", "state": "running", "slots": 2, "busy": 1}
    beat(cli, queues=["default"], types=["x"], **about)


def _success(result: bytes) -> Any:
    import builders

    return builders.success(result)


def frozen(ran: Ran, freeze: re.Pattern[str] | None) -> Ran:
    return Ran(ran.code, freeze.sub("#", ran.out), freeze.sub("#", ran.err)) if freeze else ran


def same(near: Cli, far: Cli, words: str, freeze: re.Pattern[str] | None, **how: Any) -> None:
    """Both say the same at one moment: a rate falls, and a minute may end, between the two."""
    args = words.split()
    while True:
        one, other = frozen(near(*args, **how), freeze), frozen(far(*args, **how), freeze)
        if other == one:
            return
        assert frozen(near(*args, **how), freeze) != one, f"gopher {words}: {other} is not {one}"


LOOKS: list[tuple[str, re.Pattern[str] | None]] = [
    ("jobs ls", None), ("jobs ls -o json", None), ("jobs ls -o csv --oldest --limit 3", None),
    ("jobs ls --state failed,scheduled -q", None), ("jobs ls --type y --queue mail -o ndjson", None),
    ("jobs ls --tag red", None), ("jobs ls --error user", None), ("jobs ls --older-than 10h", None),
    ("jobs ls --state nonsense", None), ("jobs ls --queue nobody", None), ("jobs ls --limit 0 -q", None),
    ("list-failed", None), ("list-failed -o json", None), ("list-failed --groups -o json", None),
    ("list-failed --groups", None), ("types", None), ("types -o json", None), ("types x", None),
    ("types z", None),
    ("workers -o id", None), ("workers -o json", NUMBER), ("queue ls -o csv", NUMBER),
    ("queue ls -o id", None),
    ("stats -o json", NUMBER), ("stats -o plain", NUMBER), ("stats --queue mail -o id", None),
    ("stats --queue nobody", None), ("health", NUMBER), ("health -o json", NUMBER), ("health -q", None),
    ("inspect nobody", None), ("inspect -1", None), ("inspect dead", None),
    ("inspect done-1 dead-1 -q", None),
    ("retry-all --dry-run", None), ("retry-all --dry-run -o json --type x", None),
    ("requeue-dlq --dry-run --error user --limit 1", None), ("requeue-dlq dead-1 done-1 --dry-run", None),
    ("purge --state all --dry-run", None), ("purge --state completed --older-than 1ms --dry-run", None),
    ("purge --state completed", None), ("purge", None), ("keys ls", None), ("cancel nobody", None),
    ("inspect done-1 --wait", None), ("inspect dead-2 --wait", None), ("inspect dead-2 --wait -o json", None),
    ("inspect later-1 --wait --wait-timeout 50ms", None), ("queue pause nobody", None),
]  # fmt: skip
DETAILS = [f"inspect {id} -o {how}" for id in ("done-1", "dead-1", "dead-2", "later-1", "stopped-1", "runs-1",
           "waits-1", "after-1") for how in ("json", "plain")]  # fmt: skip


def test_commands_that_look_say_the_same_from_far_away(near: Cli, far: Cli) -> None:
    everything(near)

    for words, freeze in [*LOOKS, *((words, AGE) for words in DETAILS)]:
        same(near, far, words, freeze)


def test_a_terminal_shows_the_same_pictures(near: Cli, far: Cli) -> None:
    everything(near)

    for words in (
        "jobs ls",
        "list-failed",
        "inspect dead-2",
        "inspect runs-1",
        "workers",
        "queue ls",
        "stats",
    ):
        same(near, far, words, PICTURE, tty=True)


DEEDS = [
    "cancel later-1", "cancel runs-1", "cancel done-1", "cancel stopped-1 waits-1 -o json", "retry dead-1",
    "reschedule later-1 --at 2100-01-01", "reschedule later-1 runs-1 nobody --at 2100-01-01 -o json",
    "retry dead-1 dead-2 -q", "retry done-1", "retry runs-1", "retry later-1 -o json", "retry-all",
    "retry-all --type y", "retry-all --limit 1 -o json", "requeue-dlq", "requeue-dlq --limit 1",
    "requeue-dlq dead-2 done-1", "requeue-dlq --to-queue slow", "requeue-dlq dead-1 --to-queue slow",
    "requeue-dlq --rate 1000/s", "requeue-dlq --error user.41 -o ndjson", "purge --state failed --yes",
    "purge --state all --yes --limit 2", "purge --state processing --yes",
    "purge --state all --force --yes -o json",
    "queue pause mail", "queue resume mail", "queue pause mail default -o json",
    "submit -t x --id new-1 -p {}", "submit -t x --id waits-1", "submit -t x --id w-2 --unique k",
    "submit -t x --id w-2 --unique k --if-exists fail", "submit -t x -p {\"n\":\"word\"}",
    "submit -t Y --id n-5",
    "submit -t x --id n-2 -o json --in 5m --timeout 3s --retries 0 --backoff fixed:1s --priority low",
    "submit -t x --id n-3 --after nobody", "submit -t x --id n-4 --after waits-1", "submit -t x -p {",
]  # fmt: skip


@pytest.mark.parametrize("words", DEEDS)
def test_commands_that_change_something_do_the_same_from_far_away(
    near: Cli, far: Cli, redis: Redis, words: str
) -> None:
    everything(near)
    one, before = near(*words.split()), picture(near)
    clear(redis, near.env["GOPHER_NAMESPACE"])
    everything(near)
    other, after = far(*words.split()), picture(near)

    assert other == one
    if "--limit" in words:  # which ones go first is nobody's promise
        before, after = [str(len(before))], [str(len(after))]
    assert after == before


def picture(cli: Cli) -> list[str]:
    """Where every job stands, with what is known of it that is no time."""
    rows = [line.split("\t") for line in cli("jobs", "ls", "--limit", "0").lines[1:]]
    return sorted("\t".join([*row[:6], *row[7:9]]) for row in rows) + cli("queue", "ls", "-o", "id").lines


def test_a_batch_is_submitted_line_by_line_and_again_nothing_twice(near: Cli, far: Cli) -> None:
    lines = "\n".join(
        [*(f'{{"type":"x","payload":{{"n":{n}}}}}' for n in range(700)), "no json", '{"type":"y"}']
    )
    args = ("submit", "--batch", "-", "--batch-id", "night", "-o", "ndjson")

    first, again = far(*args, stdin=lines), far(*args, stdin=lines)
    beside = near(*args, stdin=lines)

    assert (first.code, first.out.count("submitted"), first.out.count("refused")) == (1, 701, 1)
    assert again == beside
    assert len(near("jobs", "ls", "-q", "--limit", "0").lines) == 701


def test_the_last_job_submitted_is_known_and_can_be_followed(near: Cli, far: Cli) -> None:
    id = far.id("-t", "x")

    waiting = threading.Thread(target=lambda: end(near, start(near)[0], _success(b"42")))
    waiting.start()
    ran = far("inspect", "@last", "--wait")
    waiting.join()

    assert (ran.code, ran.out) == (0, "42\n")
    assert far("inspect", "@last", "-q").lines == [id]


NOT_JSON = [
    '{"a":1,"a":2}',
    '{"b":{"a:":1,"a\\u003a":2}}',
    "[" * 65 + "]" * 65,
    '{"a":NaN}',
    "1e400",
    '"\\ud800"',
]


def test_what_counts_as_json_is_the_same_beside_redis_and_far_away(near: Cli, far: Cli) -> None:
    for payload in NOT_JSON:
        ran = near("submit", "-t", "cat", "-p", payload)
        assert ran.code == 65 and far("submit", "-t", "cat", "-p", payload) == ran

    lines = "\n".join(f'{{"type":"cat","payload":{payload}}}' for payload in NOT_JSON)
    batch = f'{lines}\n{{"type":"cat","type":"dog"}}\n{{"type":"cat","payload":1,"payload":2}}'
    ran = near("submit", "--batch", "-", "-o", "plain", stdin=batch)
    assert ran.code == 1 and ran.out.count("\trefused\t") == len(NOT_JSON) + 2
    assert far("submit", "--batch", "-", "-o", "plain", stdin=batch) == ran


def test_numbers_are_shown_in_their_own_digits_beside_redis_and_far_away(near: Cli, far: Cli) -> None:
    payload = '{"n":3.14159265358979323846,"m":[10.00,1E5,-0.0,2.50]}'
    near.id("-t", "x", "--id", "exact", "-p", payload)
    (lease,) = start(near)
    end(near, lease, _success(payload.encode()))

    for cli in (near, far):
        shown = cli("inspect", "exact", "-o", "ndjson").out
        assert f'"payload":{payload}' in shown and f'"result":{payload}' in shown
        assert f"payload\t{payload}" in cli("inspect", "exact", "-o", "plain").out
        assert cli("inspect", "exact", "--wait", "-o", "ndjson").out.count(payload) == 1
        table = cli("inspect", "exact", tty=True).out
        assert table.count("3.14159265358979323846") == 2 and table.count("10.00") == 2


def test_a_poison_job_is_asked_about_and_then_retried_from_far_away_as_beside_redis(
    near: Cli, far: Cli
) -> None:
    fail(near, "--id", "deadly", outcome="poison")

    for cli in (near, far):
        ran = cli("retry", "deadly")
        assert ran.code == 2 and "poison" in ran.err
    assert far("retry", "deadly", "--yes", "-o", "plain").code == 0
    assert '"status":"enqueued"' in near("inspect", "deadly", "-o", "ndjson").out
