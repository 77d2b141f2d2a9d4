"""Commands that change: each does what it says, counts first where it destroys, and asks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cli.running import Cli
from cli.world import fail, start
from gopher_cli.cli.shell.console import Console
from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import TryLater


def counts(cli: Cli) -> dict[str, int]:
    found = json.loads(cli("stats", "-o", "json").out)
    return {name: found[name] for name in ("pending", "failed", "scheduled", "total")}


def test_retry_brings_dead_jobs_back(cli: Cli) -> None:
    ids = [fail(cli) for _ in range(3)]
    ran = cli("retry", ids[0], "-i", ids[1])

    assert ran.code == 0
    assert [line.split("\t")[0] for line in ran.lines[1:]] == ids[:2]
    assert counts(cli) == {"pending": 2, "failed": 1, "scheduled": 0, "total": 3}


def test_retry_of_a_running_job_is_a_conflict(cli: Cli) -> None:
    id = cli.id("-t", "x")
    start(cli)
    ran = cli("retry", id)

    assert ran.code == 5 and "it is running" in ran.out


def test_retry_needs_an_id(cli: Cli) -> None:
    ran = cli("retry")

    assert ran.code == 2 and "gopher retry-all" in ran.err


def test_retry_all_says_what_it_would_do_and_does_it(cli: Cli) -> None:
    for _ in range(2):
        fail(cli)
    dry = cli("retry-all", "--dry-run")
    assert dry.lines == ["QUEUE\tSTATE\tJOBS", "default\tfailed\t2"]
    assert dry.err == "2 jobs would be retried\n"
    assert counts(cli)["failed"] == 2

    assert cli("retry-all").out == "2 jobs retried\n"
    assert counts(cli)["pending"] == 2


def test_retry_all_is_for_what_failed(cli: Cli) -> None:
    assert cli("retry-all", "--state", "completed").code == 2


def test_requeue_dlq_chooses(cli: Cli) -> None:
    one = fail(cli, error="timeout")
    fail(cli, error="refused")

    assert json.loads(cli("requeue-dlq", "--error", "time", "-o", "json").out) == {"retried": 1, "left": {}}
    assert json.loads(cli("inspect", one, "-o", "json").out)["status"] == "enqueued"
    assert (
        cli("requeue-dlq", "--limit", "5", "--rate", "1000/s", "--to-queue", "slow").out == "1 job retried\n"
    )
    assert counts(cli)["failed"] == 0
    assert json.loads(cli("stats", "-Q", "slow", "--json").out)["pending"] == 1


def test_requeue_dlq_into_the_queue_where_they_are_deletes_nothing(cli: Cli) -> None:
    ids = [fail(cli), fail(cli)]

    assert cli("requeue-dlq", "--to-queue", "default", ids[0]).code == 0
    assert cli("requeue-dlq", "--to-queue", "default").out == "1 job retried\n"
    assert counts(cli) == {"pending": 2, "failed": 0, "scheduled": 0, "total": 2}


def test_a_job_that_cannot_arrive_now_stops_no_other_that_was_named(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids, move = [fail(cli) for _ in range(3)], Gopher.move

    async def moved(self: Gopher, queue: str, some: list[str], target: str) -> dict[str, str]:
        if some == ids[:1]:
            raise TryLater("1 job is on its way to slow")
        return await move(self, queue, some, target)

    monkeypatch.setattr(Gopher, "move", moved)
    ran = cli("requeue-dlq", *ids, "--to-queue", "slow", "-o", "json")

    assert ran.code == 75
    assert [one["ok"] for one in json.loads(ran.out)] == [False, True, True]
    assert json.loads(ran.out)[0]["outcome"] == "1 job is on its way to slow"
    assert json.loads(cli("stats", "-Q", "slow", "--json").out)["pending"] == 2


def test_requeue_dlq_says_what_it_had_to_leave(cli: Cli) -> None:
    fail(cli, "--unique", "k")
    cli.id("-t", "x", "-Q", "slow", "--unique", "k")
    ran = cli("requeue-dlq", "--to-queue", "slow")

    assert (ran.code, ran.out) == (0, "0 jobs retried\n")
    assert "1 job left: another job holds its unique key" in ran.err
    assert counts(cli)["failed"] == 1


@pytest.mark.parametrize(
    "filter",
    ["--type=x", "--queue=q,r", "--tag=t", "--error=e", "--group=g", "--older-than=1h", "--limit=1",
     "--rate=1/s"],
)  # fmt: skip
def test_requeue_dlq_takes_ids_or_filters(cli: Cli, filter: str) -> None:
    id = fail(cli)
    ran = cli("requeue-dlq", id, filter)

    assert ran.code == 2 and "ids and filters do not go together" in ran.err
    assert counts(cli)["failed"] == 1


def test_requeue_dlq_of_one_job_that_is_not_dead(cli: Cli) -> None:
    id = cli.id("-t", "x")
    ran = cli("requeue-dlq", id)

    assert ran.code == 5 and "it is enqueued" in ran.out


@pytest.mark.parametrize("rate", ["fast", "-1", "5/y"])
def test_a_rate_that_is_none(cli: Cli, rate: str) -> None:
    ran = cli("requeue-dlq", "--rate", rate)

    assert ran.code == 2 and f"--rate: {rate!r} is not a rate: write 100/s, 600/m or 1000/h" in ran.err


@pytest.mark.parametrize(
    ("rate", "said"),
    [("0", "0 a second would never end"), ("0.0/m", "0 a second would never end"),
     ("1000001", "'1000001' is too fast: 1000000/s is the most"),
     ("99999999999/s", "'99999999999/s' is too fast")],
)  # fmt: skip
def test_a_rate_beyond_its_bounds_is_told_them(cli: Cli, rate: str, said: str) -> None:
    ran = cli("requeue-dlq", "--rate", rate)

    assert ran.code == 2 and f"--rate: {said}" in ran.err


@pytest.mark.parametrize(
    "words", ["purge --state all --yes", "retry-all", "requeue-dlq", "requeue-dlq --dry-run"]
)
def test_a_limit_of_nothing_does_not_mean_all(cli: Cli, words: str) -> None:
    fail(cli)
    ran = cli(*words.split(), "--limit", "0")

    assert ran.code == 2 and "--limit takes a whole number from 1, not '0'" in ran.err
    assert counts(cli)["failed"] == 1


@pytest.mark.parametrize(
    "words", ["purge --state failed --yes", "retry-all", "requeue-dlq", "list-failed", "jobs ls"]
)
@pytest.mark.parametrize("wrong", [["--group", "nope"], ["--search", "group:nope"]])
def test_what_no_group_can_be_called_is_refused(cli: Cli, words: str, wrong: list[str]) -> None:
    ran = cli(*words.split(), *wrong)

    assert ran.code == 2 and "no group 'nope'" in ran.err
    assert "list them with: gopher list-failed --groups" in ran.err


def test_groups_are_not_for_cancel_and_it_says_so(cli: Cli) -> None:
    ran = cli("cancel", "--group", "9f1c2e7a04bd")

    assert ran.code == 2 and "groups are of dead jobs, and cancel is for jobs that wait or run" in ran.err


def test_a_dry_run_with_a_limit_says_how_many_of_how_many(cli: Cli) -> None:
    for _ in range(3):
        fail(cli)
    ran = cli("requeue-dlq", "--dry-run", "--limit", "2")
    asked = cli("purge", "--state", "failed", "--limit", "2")
    said = json.loads(cli("purge", "--state", "failed", "--dry-run", "-n", "2", "-o", "json").out)

    assert (ran.lines[1], ran.err) == ("default\tfailed\t3", "2 of 3 jobs would be retried\n")
    assert "2 of 3 jobs would be deleted; without a terminal" in asked.err
    assert (said["jobs"], said["of"], sum(part["jobs"] for part in said["by"])) == (2, 3, 3)
    assert cli("retry-all", "--dry-run", "-o", "csv").out == "queue,state,jobs\ndefault,failed,3\n"
    assert "QUEUE" in cli("retry-all", "--dry-run", tty=True).out.upper()


def test_cancel_stops_what_waits_and_asks_what_runs(cli: Cli) -> None:
    running = cli.id("-t", "x")
    start(cli)
    waiting = cli.id("-t", "x", "--in", "1h")
    ran = cli("cancel", running, waiting)

    assert ran.code == 0
    assert "its worker will stop it" in ran.lines[1]
    assert ran.lines[2].endswith("\tcancelled")
    assert cli("cancel", fail(cli)).code == 5


def test_purge_without_a_terminal_deletes_nothing_unless_told(cli: Cli) -> None:
    cli.id("-t", "x")
    ran = cli("purge", "--state", "all")

    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines() == [
        "gopher: 1 job would be deleted; without a terminal this needs --yes",
        "hint: add --yes, or --dry-run",
    ]
    assert counts(cli)["total"] == 1
    assert cli("purge", "--state", "all", "--yes").out == "1 job deleted\n"
    assert counts(cli)["total"] == 0


def test_purge_needs_a_state(cli: Cli) -> None:
    assert cli("purge", "--yes").code == 2
    assert "--state failed --group 9f1c2e7a04bd" in cli("purge", "--group", "9f1c2e7a04bd").err


def test_all_does_not_include_running_jobs_without_force(cli: Cli) -> None:
    cli.id("-t", "x")
    start(cli)

    assert cli("purge", "--state", "all", "--yes").out == "0 jobs deleted\n"
    assert cli("purge", "--state", "processing", "--yes").code == 2
    assert cli("purge", "--state", "all", "--force", "--yes").out == "1 job deleted\n"


def test_purge_deletes_what_was_chosen(cli: Cli) -> None:
    fail(cli, error="one")
    kept = fail(cli, error="two")

    assert cli("purge", "--state", "failed", "--error", "one", "-y").out == "1 job deleted\n"
    assert cli("jobs", "ls", "-q").lines == [kept]


def test_a_dry_run_of_purge_deletes_nothing(cli: Cli) -> None:
    fail(cli)
    said = json.loads(cli("purge", "--state", "failed", "--dry-run", "-o", "json").out)

    by = [{"queue": "default", "state": "failed", "jobs": 1}]
    assert said == {"dry_run": True, "jobs": 1, "of": 1, "by": by}
    assert counts(cli)["total"] == 1


def test_pause_and_resume(cli: Cli) -> None:
    cli.id("-t", "x", "-Q", "mail")

    assert cli("queue", "pause", "mail").out == "mail paused\n"
    assert cli("queue", "pause", "mail").out == "mail was paused already\n"
    (row,) = json.loads(cli("queue", "ls", "-o", "json").out)
    assert row["paused"] is True
    assert cli("queue", "resume", "mail").out == "mail resumed\n"
    assert cli("queue", "pause", "nope").code == 3


def test_a_yes_from_the_environment(cli: Cli) -> None:
    cli.id("-t", "x")
    cli.env["GOPHER_ASSUME_YES"] = "1"

    assert cli("purge", "--state", "enqueued").code == 0


def test_bulk_verbs_go_through_many_slices(cli: Cli) -> None:
    lines = "\n".join("{}" for _ in range(1700))
    cli("submit", "-t", "x", "--batch", "-", "-q", stdin=lines)

    said: Any = json.loads(cli("purge", "--state", "enqueued", "--limit", "1200", "--yes", "-o", "json").out)
    assert said == {"deleted": 1200, "left": {}}
    assert counts(cli)["pending"] == 500


def test_reschedule_gives_waiting_jobs_another_time(cli: Cli) -> None:
    ids = [cli.id("-t", "x", "--in", "1h") for _ in range(2)]
    ran = cli("reschedule", *ids, "--at", "2100-01-01T00:00:00Z")

    assert ran.code == 0 and ran.out.count("\trescheduled\t2100-01-01T00:00:00.000Z") == 2
    assert json.loads(cli("inspect", ids[1], "-o", "json").out)["execute_at"] == "2100-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("", 2, "--in or --at says when"), ("--in 1h --at 2100-01-01", 2, "not both"),
        ("--in soon", 2, "--in"), ("--in=", 2, "--in is empty"), ("--at= --in 1h", 2, "--at is empty"),
        ("--at then", 2, "--at"), ("--in 5m", 5, "it is running"), ("--in 5m", 5, "gopher inspect ID"),
    ],
)  # fmt: skip
def test_reschedule_says_what_it_lacks_and_what_forbids_it(
    cli: Cli, words: str, code: int, said: str
) -> None:
    id = cli.id("-t", "x")
    start(cli)
    ran = cli("reschedule", id, *words.split())

    assert ran.code == code and said.replace("ID", id) in ran.out + ran.err


def test_reschedule_tells_when_the_job_is_due_and_what_a_dead_one_needs(cli: Cli) -> None:
    dead, late = fail(cli), cli.id("-t", "x", "--in", "1h")
    seen = cli("reschedule", late, "--in", "2h", tty=True)
    (refused, moved) = json.loads((ran := cli("reschedule", dead, late, "--in", "2h", "-o", "json")).out)

    assert seen.code == 0 and "in 2h" in seen.out
    assert (refused["ok"], refused["due_at"]) == (False, None)
    assert moved["due_at"] == json.loads(cli("inspect", late, "-o", "json").out)["execute_at"]
    assert ran.code == 5 and f"hint: it is failed; run it again now: gopher retry {dead}" in ran.err


def test_retry_asks_before_it_runs_a_job_again_that_took_its_worker_down(cli: Cli) -> None:
    id, other = fail(cli, outcome="poison"), fail(cli)
    ran = cli("retry", other, id)

    assert ran.code == 2 and id in ran.err and "--yes" in ran.err and ran.out == ""
    assert counts(cli)["failed"] == 2
    assert cli("retry", other, id, "--yes").code == 0
    assert counts(cli)["failed"] == 0


@pytest.mark.parametrize("verb", ["retry-all", "requeue-dlq"])
def test_without_a_terminal_poison_jobs_are_left_and_said_so_unless_yes(cli: Cli, verb: str) -> None:
    ids = [fail(cli, outcome="poison"), fail(cli), fail(cli, error="the job is said to be poison")]
    tried = cli(verb, "--dry-run")
    ran = cli(verb)
    again = cli(verb, "-o", "json")

    assert "3 jobs would be retried (1 of them poison" in tried.err
    assert ran.code == 0 and ran.out == "2 jobs retried\n"
    assert "1 job left: poison" in ran.err and "--yes" in ran.err
    assert json.loads(again.out) == {"retried": 0, "left": {"poison": 1}}
    assert cli("jobs", "ls", "-q", "--search", "poison:yes").lines == ids[:1]
    assert cli(verb, "--yes").out == "1 job retried\n"


@pytest.mark.parametrize("verb", ["retry-all", "requeue-dlq"])
def test_at_a_terminal_poison_jobs_are_named_in_the_question(
    cli: Cli, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Console, "can_ask", True)
    for outcome in ("poison", "failed"):
        fail(cli, outcome=outcome)
    no = cli(verb, stdin="n\n")

    assert no.code != 0 and "Retry 2 jobs (1 of them poison: workers died of it)? [y/N]" in no.err
    assert counts(cli)["failed"] == 2
    assert cli(verb, stdin="y\n").out == "2 jobs retried\n"


def test_requeue_dlq_asks_before_a_poison_job_runs_again_by_its_id(cli: Cli) -> None:
    id = fail(cli, outcome="poison")
    ran = cli("requeue-dlq", id)

    assert ran.code == 2 and id in ran.err and "--yes" in ran.err and counts(cli)["failed"] == 1
    assert cli("requeue-dlq", id, "--yes").code == 0 and counts(cli)["failed"] == 0


def test_retry_of_a_cancelled_child_says_for_which_parents_it_does_not_wait(cli: Cli) -> None:
    for id in ("open-1", "over-1"):
        cli.id("-t", "x", "--id", id)
    child = cli.id("-t", "x", "--after", "open-1", "--after", "over-1")
    cli("purge", "--search", "id:over-1", "--state", "enqueued", "--yes")
    cli("cancel", child)
    ran = cli("retry", child)

    assert ran.code == 0 and "retried; it does not wait for open-1" in ran.out and "over-1" not in ran.out
