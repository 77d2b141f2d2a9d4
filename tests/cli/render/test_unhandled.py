"""What people are shown of jobs that no worker has a handler for."""

from __future__ import annotations

import json

from cli.running import Cli
from cli.world import beat, do, start
from gopher_cli.model.job.job import JobState
from gopher_cli.model.job.outcome import Transition
from gopher_cli.store.calls import Settlement


def put_apart(cli: Cli) -> str:
    """A worker without the handler has looked at it."""
    id = cli.id("-t", "greet")
    (lease,) = start(cli)
    to = Transition(JobState.ENQUEUED, 960.0, spent=False, unhandled=True)
    do(cli, lambda gopher: gopher.settle("w1.0", [Settlement(lease, to)]))
    beat(cli, queues=["default"], types=["great"], host="h", pid=1)
    return id


def test_a_job_tells_since_when_and_what_to_do(cli: Cli) -> None:
    id = put_apart(cli)

    said = cli("inspect", id).out

    assert "no worker has a handler for greet (since 16m)" in said
    assert "gopher worker --app" in said and "did you mean great?" in said
    beat(cli, queues=["default"], types=["greet"], host="h", pid=1)
    assert "takes it up" in cli("inspect", id).out


def test_stats_and_queues_name_the_types_and_count_them(cli: Cli) -> None:
    put_apart(cli)

    assert "no handler in default: greet 1" in cli("stats", "-o", "table").out
    (queue,) = json.loads(cli("queue", "ls", "-o", "json").out)
    assert queue["unhandled"] == {"greet": 1}
    assert queue["states"]["enqueued"] == 1
    assert "greet 1" in cli("queue", "ls", "-o", "table").out
    assert json.loads(cli("stats", "-o", "json").out)["queues"][0]["unhandled"] == {"greet": 1}


def test_the_doctor_names_them(cli: Cli) -> None:
    put_apart(cli)

    said = cli("doctor").out

    assert "no living worker knows these types" in said and "greet" in said
