"""A job is told in the same words at every door: over HTTP, and by commands near Redis and far from it."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from typing import Any

import builders
import pytest

from cli import world
from cli.running import Cli


def done(cli: Cli, outcome: Any, *options: str) -> str:
    """A job that ran once, and came to this."""
    id = cli.id("-t", "x", *options)
    (lease,) = world.start(cli)
    world.report(cli, lease, log="1767225600123 a line\n", progress={"fraction": 0.5})
    world.end(cli, lease, outcome, outcome="error", error="boom", attempt=1, traceback="Trace")
    return id


def cancelled(cli: Cli) -> str:
    id = cli.id("-t", "x")
    assert cli("cancel", id).code == 0
    return id


def processing(cli: Cli) -> str:
    id = cli.id("-t", "x")
    world.start(cli)
    return id


def scheduled_once(cli: Cli) -> str:
    assert cli("schedule", "set", "nightly", "-t", "x", "--every", "1h").code == 0
    return cli("schedule", "run", "nightly").out.strip()


JOBS: dict[str, Callable[[Cli], str]] = {
    "enqueued": lambda cli: cli.id("-t", "x", "-p", '{"n": 10.00}', "--tag", "blue", "--unique", "u"),
    "scheduled": lambda cli: cli.id("-t", "x", "--in", "1h", "--header", "k=v", "--backoff", "exp:5s"),
    "blocked": lambda cli: cli.id("-t", "x", "--after", cli.id("-t", "x", "--in", "1h")),
    "processing": processing,
    "retrying": lambda cli: done(cli, builders.failure(delay=3600.0)),
    "completed": lambda cli: done(cli, builders.success(b'{"n": 1e3}'), "--retention", "1h"),
    "failed": lambda cli: done(cli, builders.discard()),
    "cancelled": cancelled,
    "enqueued by a schedule": scheduled_once,
}


def fetched(served: Any, path: str) -> Any:
    with urllib.request.urlopen(served[0].url + path) as answer:
        return exact(answer.read())


def exact(text: str | bytes) -> Any:
    """Numbers as they are written."""
    return json.loads(text, parse_float=lambda digits: f"number {digits}")


@pytest.mark.parametrize("name", JOBS)
def test_a_job_is_told_field_by_field_as_the_api_tells_it(
    near: Cli, far: Cli, served: Any, name: str
) -> None:
    id = JOBS[name](near)

    by_command = [exact(cli("inspect", id, "-o", "json").out) for cli in (near, far)]
    over_http = fetched(served, f"/api/v1/jobs/{id}")

    assert over_http["status"] == name.split()[0]
    assert over_http.pop("links") == {"self": f"/api/v1/jobs/{id}"}
    for job in (*by_command, over_http):
        assert job.pop("at")  # when it was looked at
    assert by_command == [over_http, over_http]


def test_a_list_is_told_field_by_field_as_the_api_tells_it(near: Cli, far: Cli, served: Any) -> None:
    for make in JOBS.values():
        make(near)

    lines = [exact(cli("jobs", "ls", "-n", "0", "-o", "json").out)["items"] for cli in (near, far)]
    over_http = fetched(served, "/api/v1/jobs?limit=500")["items"]

    assert {line["status"] for line in over_http} == {name.split()[0] for name in JOBS}
    for line in over_http:
        assert line.pop("links") == {"self": f"/api/v1/jobs/{line['job_id']}"}
    assert lines == [over_http, over_http]


@pytest.mark.parametrize("format", ["plain", "csv"])
def test_the_columns_for_programs_are_called_as_the_fields(near: Cli, format: str) -> None:
    near.id("-t", "x")

    header, *_ = near("jobs", "ls", "-o", format).lines
    fields = exact(near("jobs", "ls", "-o", "json").out)["items"][0].keys()

    assert set(header.lower().replace("\t", ",").split(",")) == fields
